//! Where a request came from, for the audit row of what it does.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use oneloop_engine::{Actor, Who};
use oneloop_protocol::TeamId;

use crate::backend::App;
use crate::request_id::RequestId;

/// The client's address, if it can be known, and the request's id.
#[derive(Clone, Debug)]
pub(crate) struct Provenance {
    pub(crate) address: Option<IpAddr>,
    pub(crate) request_id: Option<String>,
}

impl Provenance {
    /// The audit's "who", "from where" and "in which request".
    pub(crate) fn actor(self, team: TeamId, who: Who) -> Actor {
        let (address, request_id) = (self.address, self.request_id);
        Actor { team: Some(team), who, address, request_id, ..Actor::operator() }
    }
}

impl FromRequestParts<App> for Provenance {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get::<RequestId>();
        Ok(Self {
            address: app.settings.trusted_proxies.client_address(parts),
            request_id: request_id.map(|id| id.as_str().to_owned()),
        })
    }
}
