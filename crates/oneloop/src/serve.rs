//! `oneloop serve`: opens the database, binds the address, serves until told to stop, and flushes.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use oneloop_engine::Engine;
use oneloop_proxy::{Drained, ProxyOptions};
use tokio::net::TcpListener;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use crate::config::{LogFormat, Settings};
use crate::demo::{self, Demo};
use crate::failure::{Failure, Outcome};
use crate::ready_file::{self, Ready};
use crate::stop::Stop;
use crate::{engine, open_files, welcome};

/// How long requests under way may still take after the server was told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(settings: Settings) -> Outcome {
    if let Some(path) = &settings.ready_file {
        ready_file::clear(path)?;
    }
    let stop = Stop::listen()?;
    // Before the database is opened: a second server on one address must not touch anything.
    let (listener, address) = bind(settings.listen).await?;
    if settings.demo_dir.is_some() {
        demo::prepare(&settings.storage.database)?;
    }
    let mut options = settings.storage.options();
    options.link_token_ttl = settings.link_token_ttl;
    options.freshness = settings.freshness;
    options.recipe_secrets = Some(settings.recipe_secrets.clone());
    options.shared_limits.clone_from(&settings.shared_limits);
    let engine = engine::open(options).await?;

    let outcome = serve(&engine, &settings, listener, address, stop).await;
    // Also after a failure: what verifications left in memory (last used) must reach the disk.
    engine.close().await;
    outcome
}

async fn serve(
    engine: &Engine,
    settings: &Settings,
    listener: TcpListener,
    address: SocketAddr,
    stop: Stop,
) -> Outcome {
    let url = url(address);
    let demo = match &settings.demo_dir {
        // Without its log lines, one for each thing it adds: the first start should greet, not scroll.
        Some(dir) => {
            Some(Demo::start(engine, dir.clone()).with_subscriber(NoSubscriber::new()).await?)
        }
        None => None,
    };
    let options = ProxyOptions {
        allowed_origins: settings.allowed_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        widget_dir: settings.widget_dir.clone(),
        max_connections: open_files::connections(settings.max_connections),
        extra_routes: demo.as_ref().map(Demo::routes).unwrap_or_default(),
        ..ProxyOptions::default()
    };
    let router = oneloop_proxy::router(engine.clone(), options);

    let ready = Ready { url: &url, pid: std::process::id(), demo: demo.as_ref().map(Demo::facts) };
    let ready_file =
        settings.ready_file.as_deref().map(|path| ready_file::write(path, &ready)).transpose()?;
    match settings.log_format {
        LogFormat::Text => welcome::greet(settings, address, &url, has_team(engine).await?),
        // Nothing but objects on standard error, so that a collector can read every line.
        LogFormat::Json => tracing::info!(url, "Listening on {url}"),
    }

    let stopping = stop.first();
    let served = tokio::select! {
        served = oneloop_proxy::serve(listener, router, stopping, DRAIN_LIMIT) => served,
        () = stop.second() => Drained::CutOff,
    };
    // From here on nobody should be sent here.
    drop(ready_file);
    match served {
        Drained::Completely => tracing::info!("Stopped"),
        Drained::CutOff => {
            tracing::warn!("Stopped before every request under way was answered");
        }
    }
    Ok(())
}

async fn has_team(engine: &Engine) -> Outcome<bool> {
    Ok(!engine.list_teams().await.map_err(engine::refused)?.is_empty())
}

async fn bind(wanted: SocketAddr) -> Outcome<(TcpListener, SocketAddr)> {
    let bound = TcpListener::bind(wanted).await;
    let listening = bound.and_then(|listener| listener.local_addr().map(|at| (listener, at)));
    listening.map_err(|error| {
        let failure = Failure::user(format!("cannot listen on {wanted}"));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                let any = SocketAddr::new(wanted.ip(), 0);
                Failure::user(format!("cannot listen on {wanted}: another program does"))
                    .hint(format!("stop it, or take any free port with `--listen {any}`"))
            }
            io::ErrorKind::PermissionDenied => failure.because(&error).hint(
                "ports below 1024 belong to the system; take a higher one behind a reverse proxy",
            ),
            io::ErrorKind::AddrNotAvailable => failure
                .because(&error)
                .hint("this machine has no such address; 127.0.0.1 and 0.0.0.0 are always there"),
            _ => failure.because(&error),
        }
    })
}

/// Where a client on this machine finds the server: "every address" is none that it could connect to.
fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Whether `dir` holds a build with `entry` in it.
pub(crate) fn is_built(dir: &Path, entry: &str) -> bool {
    dir.join(entry).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_one_that_can_be_opened() {
        let of = |address: &str| url(address.parse().expect("an address"));
        assert_eq!(of("127.0.0.1:8787"), "http://127.0.0.1:8787");
        assert_eq!(of("0.0.0.0:80"), "http://127.0.0.1:80");
        assert_eq!(of("[::]:80"), "http://[::1]:80");
        assert_eq!(of("192.0.2.1:80"), "http://192.0.2.1:80");
    }
}
