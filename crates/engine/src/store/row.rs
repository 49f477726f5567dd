//! Rows, as a store keeps them. Ids are their 128 bits, moments are Unix milliseconds.

use std::fmt;
use std::sync::OnceLock;

use ipnet::IpNet;
use oneloop_protocol::api_key::Metadata;
use oneloop_protocol::{Amount, LinkTokenPermissions, Rights, UnixMillis, Verdict};

use super::columns::json;
use crate::address;
use crate::audit_chain::AuditLine;
use crate::bounds::Bounds;
use crate::grants::PackedGrants;
use crate::index::{KeyDefaults, Revision, SdkKeyEntry, WorkspaceEntry};
use crate::key_entry::{Holder, KeyEntry, KeyExtra, TaggedKey};
use crate::once::KEPT;
use crate::tag::Tag;

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TeamRow {
    pub(crate) id: u128,
    pub(crate) name: String,
    pub(crate) created_at: UnixMillis,
}

/// An SDK key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SdkKeyRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) name: String,
    pub(crate) tag: Tag,
    pub(crate) masked_key: String,
    pub(crate) rights: Rights,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
    pub(crate) revision: Revision,
}

/// A workspace, without its catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WorkspaceRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) name: String,
    pub(crate) default_key_prefix: Option<String>,
    /// As they were written; every one was checked.
    pub(crate) default_allowed_ips: Vec<String>,
    pub(crate) default_rate_limit: Option<u32>,
    /// Milliseconds.
    pub(crate) default_expiration: Option<i64>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
    pub(crate) revision: Revision,
}

/// An entry of a workspace's catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopeRow {
    pub(crate) id: u128,
    pub(crate) workspace: u128,
    /// What keys call it, see [`PackedGrants`]. Never given twice in one workspace.
    pub(crate) number: u16,
    pub(crate) name: String,
    pub(crate) representation: String,
    pub(crate) description: Option<String>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) workspace: u128,
    pub(crate) customer_id: String,
    pub(crate) name: String,
    pub(crate) prefix: Option<String>,
    pub(crate) masked_key: String,
    pub(crate) tag: Tag,
    /// The number of the recipe that the tag was made with, as long as the key is known by that; `None` = native.
    pub(crate) recipe: Option<u32>,
    /// The tag before the last rotation, if that was given an overlap.
    pub(crate) previous_tag: Option<Tag>,
    /// The first moment at which the previous secret no longer works.
    pub(crate) previous_until: Option<UnixMillis>,
    /// What may be shown of the previous secret, if it was kept; a rotation writes it.
    pub(crate) previous_masked_key: Option<String>,
    /// When the previous secret was last used since it was replaced; read only.
    pub(crate) previous_last_used_at: Option<UnixMillis>,
    pub(crate) grants: PackedGrants,
    pub(crate) metadata: Metadata,
    pub(crate) external_meter_id: Option<String>,
    /// The id of the meter of that name, if there is one; read only.
    pub(crate) meter: Option<u128>,
    /// What is left of its counter; `None` = not counted. Edits do not touch it.
    pub(crate) usage_left: Option<u64>,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    /// Brought along rather than minted here.
    pub(crate) migrated: bool,
    pub(crate) expires_at: Option<UnixMillis>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
    pub(crate) last_used_at: Option<UnixMillis>,
    pub(crate) revision: Revision,
}

/// Who holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TagHolder {
    /// This key answers to it.
    Current(Box<ApiKeyRow>),
    /// This key answered to it until it was rotated. Such a secret never comes back: rotation is what one
    /// does with a leaked key.
    Replaced(u128),
}

/// A link token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LinkTokenRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) workspace: u128,
    pub(crate) customer_id: String,
    pub(crate) tag: Tag,
    pub(crate) permissions: LinkTokenPermissions,
    pub(crate) origins: Vec<String>,
    pub(crate) external_billing_id: Option<String>,
    pub(crate) bounds: Bounds,
    /// The SDK key that minted it; `None` if none did, or before this was written down.
    pub(crate) minted_by: Option<u128>,
    pub(crate) created_at: UnixMillis,
    pub(crate) expires_at: UnixMillis,
    pub(crate) revoked_at: Option<UnixMillis>,
}

/// A link token that was found by its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownLinkToken {
    pub(crate) token: LinkTokenRow,
    /// Whether the SDK key that minted it still works; true if none did.
    pub(crate) minter_works: bool,
}

/// A team's migration window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MigrationWindowRow {
    pub(crate) team: u128,
    pub(crate) sources: Vec<IpNet>,
    pub(crate) opens_at: UnixMillis,
    pub(crate) closes_at: UnixMillis,
}

/// A key pair that signs a team's JWTs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SigningKeyRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) public_key: [u8; 32],
    /// The private half, sealed; erased once it is retired.
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) created_at: UnixMillis,
    /// From when on it signs nothing more.
    pub(crate) retired_at: Option<UnixMillis>,
}

impl fmt::Debug for SigningKeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyRow({:032x}, …)", self.id)
    }
}

/// A billing meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MeterRow {
    pub(crate) id: u128,
    pub(crate) team: u128,
    pub(crate) workspace: u128,
    /// What the integrator calls it; once in a workspace.
    pub(crate) external_id: String,
    pub(crate) total_credits: Amount,
    pub(crate) used_credits: Amount,
    pub(crate) allow_overages: bool,
    pub(crate) spend_cap: Option<Amount>,
    pub(crate) created_at: UnixMillis,
    pub(crate) updated_at: UnixMillis,
}

/// What was used under one billing id, on one day, under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BilledRow {
    pub(crate) team: u128,
    /// A meter's id, or the integrator's own word where there is no meter.
    pub(crate) billing_id: String,
    /// Days since 1970-01-01, UTC.
    pub(crate) day: i64,
    pub(crate) name: String,
    pub(crate) amount: Amount,
}

/// An answer that is kept for repetitions of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdempotencyRow {
    /// A MAC of the caller and the idempotency key.
    pub(crate) tag: [u8; 32],
    /// A MAC of the request.
    pub(crate) fingerprint: [u8; 32],
    /// Sealed.
    pub(crate) answer: Vec<u8>,
    pub(crate) expires_at: UnixMillis,
}

impl IdempotencyRow {
    /// When it was kept.
    pub(crate) fn kept_at(&self) -> UnixMillis {
        self.expires_at.saturating_sub(KEPT)
    }
}

/// How often a key was verified on one day, for one route, with one verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageRow {
    pub(crate) key: u128,
    /// Days since 1970-01-01, UTC.
    pub(crate) day: i64,
    /// Empty = none named.
    pub(crate) route: String,
    pub(crate) verdict: Verdict,
    pub(crate) count: u64,
}

/// A line for the audit log.
#[derive(Clone, Debug)]
pub(crate) struct NewAudit {
    pub(crate) at: UnixMillis,
    pub(crate) team: Option<u128>,
    pub(crate) who: String,
    pub(crate) action: &'static str,
    pub(crate) subject: String,
    pub(crate) address: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) detail: serde_json::Value,
}

impl NewAudit {
    /// As it is stored under this number, not yet tied.
    pub(crate) fn numbered(&self, seq: i64) -> AuditLine {
        AuditLine {
            seq,
            at: self.at,
            team: self.team,
            who: self.who.clone(),
            action: self.action.to_owned(),
            subject: self.subject.clone(),
            address: self.address.clone(),
            request_id: self.request_id.clone(),
            detail: json(&self.detail),
            link: None,
        }
    }
}

impl ApiKeyRow {
    /// As the index holds it.
    pub(crate) fn into_indexed(self) -> TaggedKey {
        let extra = KeyExtra {
            metadata: self.metadata,
            external_meter_id: self.external_meter_id,
            counted: self.usage_left.is_some(),
        }
        .boxed();
        let entry = KeyEntry {
            id: self.id,
            workspace: self.workspace,
            revision: self.revision,
            expires_at: self.expires_at.unwrap_or(UnixMillis::MAX),
            enabled: self.enabled,
            deleted: self.deleted,
            holder: Holder::new(&self.customer_id, &self.grants),
            extra,
            live: OnceLock::new(),
        };
        TaggedKey { entry, tag: self.tag, previous: self.previous_tag.zip(self.previous_until) }
    }
}

impl WorkspaceRow {
    /// What holds for keys yet to be created.
    pub(crate) fn key_defaults(&self) -> KeyDefaults {
        KeyDefaults {
            team: self.team,
            prefix: self.default_key_prefix.clone(),
            expiration: self.default_expiration,
        }
    }

    /// As the index holds it, with its own entries of `catalogue`.
    pub(crate) fn indexed(&self, catalogue: &[ScopeRow]) -> WorkspaceEntry {
        let own = catalogue.iter().filter(|scope| scope.workspace == self.id);
        WorkspaceEntry::new(
            self.id,
            self.revision,
            address::blocks(&self.default_allowed_ips),
            self.default_rate_limit,
            self.key_defaults(),
            own.map(|scope| (scope.number, scope.id, scope.representation.clone())),
        )
    }
}

impl SdkKeyRow {
    /// As the index holds it.
    pub(crate) fn indexed(&self) -> SdkKeyEntry {
        SdkKeyEntry {
            id: self.id,
            team: self.team,
            revision: self.revision,
            rights: self.rights,
            works: self.enabled && !self.deleted,
        }
    }
}
