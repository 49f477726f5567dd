//! Running the service on a socket until it is told to stop.
//!
//! hyper's own connection instead of `axum::serve`: one answer is then one write, and no request carries
//! what only other routes read. Before it, the express lane, see `lane.rs`.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::connection::Connection;
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

/// How often it is said that no place is free: whoever takes all places need not fill the log as well.
const SAY_AGAIN: Duration = Duration::from_secs(60);

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
    let mut places = Places::new(service.max_connections());
    let mut shutdown = pin!(shutdown);
    loop {
        let (place, (stream, peer)) = tokio::select! {
            next = async { (places.take().await, accept(&listener).await) } => next,
            () = &mut shutdown => break,
        };
        let ends = Ends { express: stopping.clone(), hyper: connections.watcher(), _place: place };
        tokio::spawn(attend(stream, peer, service.clone(), ends));
    }
    drop(listener);
    stop.send_replace(true);
    match tokio::time::timeout(drain_limit, connections.shutdown()).await {
        Ok(()) => Drained::Completely,
        Err(_) => Drained::CutOff,
    }
}

/// The connections that may be open at once. Whoever comes when there is no place waits with the system, which refuses
/// further clients once its own queue is full.
struct Places {
    free: Arc<Semaphore>,
    most: usize,
    said: Option<Instant>,
}

impl Places {
    fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(most)), most, said: None }
    }

    /// A place, as soon as there is one.
    async fn take(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(place);
        }
        if self.said.is_none_or(|said| said.elapsed() >= SAY_AGAIN) {
            self.said = Some(Instant::now());
            let most = self.most;
            tracing::warn!(most, "{most} connections are open, and more may not be; others wait");
        }
        // Nobody closes it.
        Arc::clone(&self.free).acquire_owned().await.ok()
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
    /// Freed when the connection has ended.
    _place: Option<OwnedSemaphorePermit>,
}

/// A connection from its first request to its last.
async fn attend(stream: TcpStream, peer: SocketAddr, service: KeyService, ends: Ends) {
    // Without this, an answer waits for the client's delayed acknowledgement: 40 ms, now and then.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let Ends { express, hyper, _place } = ends;
    // An answer may stand still for as long as a request may take.
    let mut connection = Connection::new(stream, service.time_limit(), express.clone());
    match lane::run(&mut connection, &service, express).await {
        Ok(Some(received)) => connection.give_back(received.freeze()),
        Ok(None) => return,
        Err(error) => return tracing::trace!(%error, "a connection ended badly"),
    }
    // Boxed: what hyper needs must not weigh on connections that it never sees.
    Box::pin(hand_over(connection, peer, service, hyper)).await;
}

/// The rest of a connection.
async fn hand_over(
    connection: Connection,
    peer: SocketAddr,
    service: KeyService,
    stopping: Watcher,
) {
    let head_timeout = service.head_timeout();
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer_peer(peer, request).await) }
    });
    let connection = http1::Builder::new()
        // Answers are small: copying the body behind its head costs less than a list of two buffers.
        .writev(false)
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(connection), answer);
    if let Err(error) = stopping.watch(connection).await {
        // A client that goes away, takes no answers, or does not speak HTTP: its own affair.
        tracing::trace!(%error, "a connection ended badly");
    }
}
