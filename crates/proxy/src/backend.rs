//! Who answers the questions that the routes let through.

use std::sync::Arc;

use oneloop_engine::Engine;

use crate::client_address::TrustedProxies;
use crate::request_id::RequestIds;

/// The embedded engine.
pub(crate) type Backend = Engine;

/// What every handler can reach. Cloning it copies two pointers.
#[derive(Clone)]
pub(crate) struct App {
    /// Who answers.
    pub(crate) backend: Backend,
    /// What the proxy itself knows.
    pub(crate) settings: Arc<Settings>,
}

/// What the proxy itself knows, fixed at start.
pub(crate) struct Settings {
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Hands out request ids.
    pub(crate) request_ids: RequestIds,
}
