//! Running the service on a socket until it is told to stop.
//!
//! hyper's own connection instead of `axum::serve`: one answer is then one write, and no request carries
//! what only other routes read. Before it, the express lane, see `lane.rs`.

use std::convert::Infallible;
use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::lane;
use crate::service::KeyService;

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered.
    Completely,
    /// The drain limit passed first; what was still under way is dropped with the runtime.
    CutOff,
}

/// How long to wait when no connection can be accepted (no file descriptors, most likely).
const RETRY: Duration = Duration::from_secs(1);

/// Serves until `shutdown` resolves, then accepts nothing new and waits for requests under way, for at most
/// `drain_limit`.
pub async fn serve(
    listener: TcpListener,
    service: KeyService,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain_limit: Duration,
) -> Drained {
    let connections = GracefulShutdown::new();
    let (stop, stopping) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        let ends = Ends { express: stopping.clone(), hyper: connections.watcher() };
        tokio::spawn(attend(stream, peer, service.clone(), ends));
    }
    drop(listener);
    stop.send_replace(true);
    match tokio::time::timeout(drain_limit, connections.shutdown()).await {
        Ok(()) => Drained::Completely,
        Err(_) => Drained::CutOff,
    }
}

/// The next connection. The trouble of one that is gone already is not the listener's; anything else is
/// given a moment to pass.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionRefused | ConnectionAborted | ConnectionReset
                ) => {}
            Err(error) => {
                tracing::error!(%error, "Cannot accept connections; will retry");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// How a connection learns that the server stops, and the server that the connection has ended.
struct Ends {
    express: watch::Receiver<bool>,
    hyper: Watcher,
}

/// A connection from its first request to its last.
async fn attend(mut stream: TcpStream, peer: SocketAddr, service: KeyService, ends: Ends) {
    // Without this, an answer waits for the client's delayed acknowledgement: 40 ms, now and then.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let received = match lane::run(&mut stream, &service, ends.express).await {
        Ok(Some(received)) => received,
        Ok(None) => return,
        Err(error) => return tracing::trace!(%error, "a connection ended badly"),
    };
    // Boxed: what hyper needs must not weigh on connections that it never sees.
    Box::pin(hand_over(stream, received.freeze(), peer, service, ends.hyper)).await;
}

/// The rest of a connection: `received`, which is not answered yet, and what comes after it.
async fn hand_over(
    stream: TcpStream,
    received: Bytes,
    peer: SocketAddr,
    service: KeyService,
    stopping: Watcher,
) {
    let head_timeout = service.head_timeout();
    let (read, write) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(received).chain(read), write);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer_peer(peer, request).await) }
    });
    let connection = http1::Builder::new()
        // Answers are small: copying the body behind its head costs less than a list of two buffers.
        .writev(false)
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), answer);
    if let Err(error) = stopping.watch(connection).await {
        // A client that goes away, or does not speak HTTP: its own affair.
        tracing::trace!(%error, "a connection ended badly");
    }
}
