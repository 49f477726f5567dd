//! The audit log: who did what, when, to what. Append-only.

use std::net::IpAddr;

use oneloop_protocol::{TeamId, UnixMillis};

use crate::actor::Who;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::teams::known_team;

/// One line of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Its place in the log; later entries have greater numbers.
    pub seq: i64,
    /// When.
    pub at: UnixMillis,
    /// Which team it concerns.
    pub team: Option<TeamId>,
    /// Who.
    pub who: Who,
    /// What: a stable word such as `api_key.rotated`.
    pub action: String,
    /// To what: an id.
    pub subject: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// In which request.
    pub request_id: Option<String>,
    /// What else there is to say. Never a secret.
    pub detail: serde_json::Value,
}

/// Lines that one question may ask for.
const MOST: u32 = 10_000;

impl Engine {
    /// The last `limit` lines of the audit log, of one team or of all, newest first; at most 10,000.
    pub async fn list_audit(
        &self,
        team: Option<&TeamId>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, EngineError> {
        let mut store = self.snapshot().await?;
        let team = match team {
            Some(team) => Some(known_team(store.as_mut(), team).await?.id),
            None => None,
        };
        Ok(store.audit(team, limit.min(MOST)).await?)
    }
}
