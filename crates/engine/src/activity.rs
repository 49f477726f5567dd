//! What happened to a key, read back from the audit log.

use oneloop_protocol::activity::{Activity, ActivityActor, ActivityDetail, ActorKind};
use oneloop_protocol::{ApiKeyId, FieldError, Reason};

use crate::actor::Who;
use crate::api_key::own_key;
use crate::audit::AuditEntry;
use crate::caller::Reach;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::time::iso;

/// A stretch of what happened to a key.
#[derive(Clone, Debug)]
pub struct ActivityPage {
    /// Newest first.
    pub activity: Vec<Activity>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

impl Engine {
    /// What happened to a key within `reach`, newest first, at most `limit` lines.
    ///
    /// A reach of one customer is a browser's: it learns what was done and by which kind of credential, but no
    /// address, no request and no id of a credential, which are the integrator's own affair.
    pub async fn key_activity(
        &self,
        reach: &Reach,
        id: &ApiKeyId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<ActivityPage, EngineError> {
        let before = cursor.map(read_cursor).transpose()?;
        let mut store = self.snapshot().await?;
        own_key(store.as_mut(), reach, id).await?;
        let mut lines = store.audit_of(id.as_str(), before, limit.saturating_add(1)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = lines.len() > limit;
        lines.truncate(limit);
        let next_cursor = lines.last().filter(|_| more).map(|line| line.seq.to_string());
        let private = reach.customer_id.is_some();
        let activity = lines.into_iter().map(|line| on_wire(line, private)).collect();
        Ok(ActivityPage { activity, next_cursor })
    }
}

fn read_cursor(text: &str) -> Result<i64, FieldError> {
    text.parse().ok().filter(|seq| *seq > 0).ok_or_else(|| {
        let message = "cursor is not one that this list handed out";
        FieldError::new("cursor", Reason::InvalidCursor, message)
    })
}

fn on_wire(line: AuditEntry, private: bool) -> Activity {
    let kind = match &line.who {
        Who::SdkKey(_) => ActorKind::SdkKey,
        Who::LinkToken(_) => ActorKind::LinkToken,
        Who::Operator => ActorKind::Operator,
    };
    let id = match &line.who {
        Who::SdkKey(id) => Some(id.as_str().to_owned()),
        Who::LinkToken(id) => Some(id.as_str().to_owned()),
        Who::Operator => None,
    };
    Activity {
        at: iso(line.at),
        action: line.action,
        actor: ActivityActor { kind, id: id.filter(|_| !private) },
        address: line.address.filter(|_| !private).map(|address| address.to_string()),
        request_id: line.request_id.filter(|_| !private),
        // What a line says beyond these fields is not about the key itself.
        detail: serde_json::from_value::<ActivityDetail>(line.detail).unwrap_or_default(),
    }
}
