//! What happened to a key: its lines of the audit log, as a page may show them. Our addition.

use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::time::{IsoTime, UnixMillis};

/// Lines on one page, at most.
pub const LIMIT_MAX: u32 = 200;
/// Lines on a page when the query names no limit.
pub const DEFAULT_LIMIT: u32 = 50;

/// One thing that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// When.
    pub at: IsoTime,
    /// What: a stable word such as `api_key.rotated`.
    pub action: String,
    /// Who.
    pub actor: ActivityActor,
    /// From where. For servers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// In which request. For servers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What of the key was set.
    #[serde(default)]
    pub detail: ActivityDetail,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActivityActor {
    /// By what kind of credential.
    pub kind: ActorKind,
    /// Its id. For servers only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// The integrator's server.
    SdkKey,
    /// Somebody of the customer, in a page.
    LinkToken,
    /// Whoever runs the service.
    Operator,
}

/// What of a key was set; what was left alone is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ActivityDetail {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When it stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// What it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Grant>>,
    /// For how long the replaced secret goes on working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<u64>,
}

/// `{"activity": […], "nextCursor": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ActivityAnswer {
    /// The lines, newest first.
    pub activity: Vec<Activity>,
    /// Where the next page begins; `null` on the last one.
    pub next_cursor: Option<String>,
}
