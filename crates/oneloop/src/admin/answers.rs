//! What `--json` answers with. Names and shapes are those of the HTTP API, so that a program needs one
//! vocabulary.

use oneloop_engine::{AuditEntry, IssuedSdkKey, MigrationWindow, SdkKey, Team};
use oneloop_protocol::{Grant, IsoTime, SdkKeyId, Secret, TeamId, UnixMillis};
use serde::Serialize;

use crate::moment::iso;

/// A team.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TeamAnswer {
    pub(super) id: TeamId,
    pub(super) name: String,
    pub(super) created_at: IsoTime,
}

impl From<Team> for TeamAnswer {
    fn from(Team { id, name, created_at }: Team) -> Self {
        Self { id, name, created_at }
    }
}

/// An SDK key, without its secret.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SdkKeyAnswer {
    id: SdkKeyId,
    team_id: TeamId,
    name: String,
    masked_key: String,
    scopes: Vec<Grant>,
    enabled: bool,
    deleted: bool,
    created_at: IsoTime,
    updated_at: IsoTime,
}

impl From<SdkKey> for SdkKeyAnswer {
    fn from(key: SdkKey) -> Self {
        Self {
            id: key.id,
            team_id: key.team_id,
            name: key.name,
            masked_key: key.masked_key,
            scopes: key.rights.to_grants(),
            enabled: key.enabled,
            deleted: key.deleted,
            created_at: key.created_at,
            updated_at: key.updated_at,
        }
    }
}

/// An SDK key with its secret, which is shown this once.
#[derive(Debug, Serialize)]
pub(super) struct IssuedSdkKeyAnswer {
    #[serde(flatten)]
    sdk_key: SdkKeyAnswer,
    key: Secret,
}

impl From<IssuedSdkKey> for IssuedSdkKeyAnswer {
    fn from(issued: IssuedSdkKey) -> Self {
        Self { sdk_key: issued.sdk_key.into(), key: issued.key }
    }
}

/// A migration window, and whether it is open now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WindowAnswer {
    pub(super) state: WindowState,
    sources: Vec<String>,
    opens_at: String,
    closes_at: String,
}

/// Where a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WindowState {
    Upcoming,
    Open,
    Over,
}

impl WindowState {
    /// Where `window` stands at `now`; its end is the first moment it is closed again.
    pub(super) fn of(window: &MigrationWindow, now: UnixMillis) -> Self {
        if now < window.opens_at {
            Self::Upcoming
        } else if now < window.closes_at {
            Self::Open
        } else {
            Self::Over
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Open => "open",
            Self::Over => "over",
        }
    }
}

impl WindowAnswer {
    pub(super) fn of(window: &MigrationWindow, now: UnixMillis) -> Self {
        Self {
            state: WindowState::of(window, now),
            sources: window.sources.iter().map(ToString::to_string).collect(),
            opens_at: iso(window.opens_at),
            closes_at: iso(window.closes_at),
        }
    }
}

/// A line of the audit log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditAnswer {
    seq: i64,
    at: String,
    team_id: Option<TeamId>,
    who: String,
    action: String,
    subject: String,
    address: Option<String>,
    request_id: Option<String>,
    detail: serde_json::Value,
}

impl From<AuditEntry> for AuditAnswer {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: iso(entry.at),
            team_id: entry.team,
            who: entry.who.to_string(),
            action: entry.action,
            subject: entry.subject,
            address: entry.address.map(|address| address.to_string()),
            request_id: entry.request_id,
            detail: entry.detail,
        }
    }
}
