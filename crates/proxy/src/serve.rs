//! Running the service on a socket until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request that had begun was answered.
    Completely,
    /// The drain limit passed first; what was still under way is dropped with the runtime.
    CutOff,
}

/// Serves until `shutdown` resolves, then accepts nothing new and waits for requests under way, for at most
/// `drain_limit`.
///
/// # Errors
///
/// Only what makes accepting impossible for good; a connection that fails is that connection's own affair.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain_limit: Duration,
) -> io::Result<Drained> {
    let (stopping, stopped) = oneshot::channel();
    let begin_shutdown = async move {
        shutdown.await;
        // Nobody listens any more only if the server has ended by itself.
        let _ = stopping.send(());
    };
    let past_the_limit = async move {
        match stopped.await {
            Ok(()) => tokio::time::sleep(drain_limit).await,
            Err(_) => std::future::pending().await,
        }
    };

    // Without this, an answer waits for the client's delayed acknowledgement: 40 ms, now and then.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(begin_shutdown);

    tokio::select! {
        ended = server.into_future() => ended.map(|()| Drained::Completely),
        () = past_the_limit => Ok(Drained::CutOff),
    }
}
