//! The HTTP face of the key service: it decides *who may ask what*, and hands the question on.
//!
//! Credentials, the rules for link tokens, the migration gate, CORS, one error shape, the access log and
//! the widget's files live here; keys, scopes and verdicts do not. [`router()`] builds the service,
//! [`serve()`] runs it on a socket until it is told to stop.
//!
//! A request passes, from the outside in:
//!
//! 1. the envelope: request id, access log, response headers, and the rendering of refusals as
//!    `application/problem+json` for those who ask for it;
//! 2. CORS, on the routes that browsers call;
//! 3. the guard: the time limit, and the net that turns a panic into a refusal of the usual shape;
//! 4. its handler, whose arguments are its preconditions: who is asking, and what.
//!
//! Verify passes all of them without passing through the router, see `service.rs`; a plain verification without
//! passing through hyper, see `lane.rs`.

mod access_log;
mod answer;
mod backend;
mod client_address;
mod connection;
mod cors;
mod envelope;
mod error;
mod extract;
mod gate;
mod guard;
mod lane;
mod link_rules;
mod openapi;
mod options;
mod problem;
mod request_id;
mod router;
mod routes;
mod serve;
mod service;
mod static_files;

pub use error::ApiError;
pub use openapi::document;
pub use options::{Origin, OriginError, ProxyOptions};
pub use router::{router, unknown_route};
pub use serve::{Drained, serve};
pub use service::KeyService;
