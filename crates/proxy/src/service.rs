//! The way of a request into the service: to the router, or for verify straight to its handler.
//!
//! Verify is asked thousands of times for each request of any other kind, and finding its route, boxing
//! every layer's future and carrying what only other routes read would cost more than its answer. So the one
//! path is compared first. What surrounds it is the code that surrounds every route: the envelope, the guard,
//! and what a handler's arguments are made with. Most verifications do not even come here, see `lane.rs`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tower::Service;

use crate::access_log::CallerSlot;
use crate::answer::Verified;
use crate::backend::App;
use crate::envelope::Envelope;
use crate::guard;
use crate::routes::verify;

/// A body: a verification's, which lies in one piece, or that of any other answer.
pub(crate) type Answer = Either<Full<Bytes>, Body>;

/// The whole service. Cheap to clone.
///
/// Call it as a [`tower::Service`], or run it on a socket with [`serve`](crate::serve()).
#[derive(Clone)]
pub struct KeyService(Arc<Parts>);

struct Parts {
    app: App,
    time_limit: Duration,
    head_timeout: Duration,
    max_connections: usize,
    router: Router,
}

/// How long things may take, and how many there may be.
pub(crate) struct Limits {
    /// A request, its body included.
    pub(crate) time_limit: Duration,
    /// The head of a request.
    pub(crate) head_timeout: Duration,
    /// Connections that are open at once.
    pub(crate) max_connections: usize,
}

impl KeyService {
    pub(crate) fn new(app: App, limits: Limits, router: Router) -> Self {
        let Limits { time_limit, head_timeout, max_connections } = limits;
        Self(Arc::new(Parts { app, time_limit, head_timeout, max_connections, router }))
    }

    /// How many connections may be open at once.
    pub(crate) fn max_connections(&self) -> usize {
        self.0.max_connections
    }

    /// How long a connection may go without a complete head.
    pub(crate) fn head_timeout(&self) -> Duration {
        self.0.head_timeout
    }

    /// How long a request may take, its body included.
    pub(crate) fn time_limit(&self) -> Duration {
        self.0.time_limit
    }

    /// What every handler can reach.
    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    /// Answers a request that came from `peer` over a socket.
    pub(crate) async fn answer_peer(
        &self,
        peer: SocketAddr,
        mut request: Request<Incoming>,
    ) -> Response<Answer> {
        if is_verify(&request) {
            return self.verify(request).await;
        }
        request.extensions_mut().insert(ConnectInfo(peer));
        // Boxed: what the router needs must not weigh on a verification.
        Box::pin(self.route(request.map(Body::new))).await.map(Answer::Right)
    }

    async fn answer(&self, request: Request) -> Response {
        if is_verify(&request) {
            return self.verify(request).await.map(Body::new);
        }
        self.route(request).await
    }

    async fn verify<B>(&self, request: Request<B>) -> Response<Answer>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let Parts { app, time_limit, .. } = &*self.0;
        let (head, body) = request.into_parts();
        let (envelope, caller) =
            (Envelope::open(app, &head, Some(verify::PATH)), CallerSlot::default());
        let answer = verify::answer(app, &head, body, &caller);
        match guard::around(*time_limit, answer).await.and_then(Verified::respond) {
            Ok(mut response) => {
                envelope.close(&caller, &mut response);
                response.map(Answer::Left)
            }
            Err(refusal) => {
                let mut response = refusal.into_response();
                envelope.close_refusal(&caller, &mut response);
                response.map(Answer::Right)
            }
        }
    }

    async fn route(&self, request: Request) -> Response {
        self.0.router.clone().call(request).await.unwrap_or_else(|never| match never {})
    }
}

fn is_verify<B>(request: &Request<B>) -> bool {
    *request.method() == Method::POST && request.uri().path() == verify::PATH
}

impl Service<Request<Body>> for KeyService {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}
