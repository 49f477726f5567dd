//! How rows become the engine's types, whatever database they come from.

use oneloop_protocol::{LinkTokenPermissions, Rights, TeamId, Verdict};

use super::columns::{Columns, StoredRow};
use super::indexed::Indexed;
use super::{
    ApiKeyRow, BilledRow, Change, IdempotencyRow, KnownLinkToken, LinkTokenRow, MeterRow,
    MigrationWindowRow, ScopeRow, SdkKeyRow, SigningKeyRow, StoreError, Subject, TeamRow, UsageRow,
    WorkspaceRow,
};
use crate::actor::Who;
use crate::address;
use crate::audit::AuditEntry;
use crate::audit_chain::{AuditLine, Link};
use crate::bounds::Bounds;
use crate::key_entry::TaggedKey;

/// A type that one row holds.
pub(super) trait FromColumns: Sized {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error>;
}

/// The rows as `T`.
pub(super) fn all<T: FromColumns, R: StoredRow>(rows: Vec<R>) -> Result<Vec<T>, StoreError> {
    let read = |row: &R| T::from_columns(&Columns(row));
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// The row as `T`, if there is one.
pub(super) fn one<T: FromColumns, R: StoredRow>(row: Option<R>) -> Result<Option<T>, StoreError> {
    Ok(row.map(|row| T::from_columns(&Columns(&row))).transpose()?)
}

impl FromColumns for TeamRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            name: columns.text("name")?,
            created_at: columns.moment("created_at")?,
        })
    }
}

impl FromColumns for SdkKeyRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            name: columns.text("name")?,
            tag: columns.tag("tag")?,
            masked_key: columns.text("masked_key")?,
            rights: Rights::from_bits(columns.number("rights")?),
            enabled: columns.flag("enabled")?,
            deleted: columns.flag("deleted")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
            revision: columns.number("revision")?,
        })
    }
}

impl FromColumns for WorkspaceRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            name: columns.text("name")?,
            default_key_prefix: columns.optional_text("default_key_prefix")?,
            default_allowed_ips: columns.json("default_allowed_ips")?,
            default_rate_limit: columns.optional_number("default_rate_limit")?,
            default_expiration: columns.optional_moment("default_expiration")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
            revision: columns.number("revision")?,
        })
    }
}

impl FromColumns for ScopeRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            workspace: columns.id("workspace")?,
            number: columns.number("number")?,
            name: columns.text("name")?,
            representation: columns.text("representation")?,
            description: columns.optional_text("description")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
        })
    }
}

impl FromColumns for ApiKeyRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            workspace: columns.id("workspace")?,
            customer_id: columns.text("customer_id")?,
            name: columns.text("name")?,
            prefix: columns.optional_text("prefix")?,
            masked_key: columns.text("masked_key")?,
            tag: columns.tag("tag")?,
            recipe: columns.optional_number("recipe")?,
            previous_tag: columns.optional_tag("previous_tag")?,
            previous_until: columns.optional_moment("previous_until")?,
            previous_masked_key: columns.optional_text("previous_masked_key")?,
            previous_last_used_at: columns.optional_moment("previous_last_used_at")?,
            grants: columns.grants("grants")?,
            metadata: columns.metadata("metadata")?,
            external_meter_id: columns.optional_text("external_meter_id")?,
            meter: columns.optional_id("meter")?,
            usage_left: columns.optional_number("usage_left")?,
            enabled: columns.flag("enabled")?,
            deleted: columns.flag("deleted")?,
            migrated: columns.flag("migrated")?,
            expires_at: columns.optional_moment("expires_at")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
            last_used_at: columns.optional_moment("last_used_at")?,
            revision: columns.number("revision")?,
        })
    }
}

impl FromColumns for LinkTokenRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            workspace: columns.id("workspace")?,
            customer_id: columns.text("customer_id")?,
            tag: columns.tag("tag")?,
            permissions: LinkTokenPermissions::from_bits(columns.number("permissions")?),
            origins: columns.json("origins")?,
            external_billing_id: columns.optional_text("external_billing_id")?,
            bounds: Bounds {
                grantable_scopes: columns.optional_json("grantable_scopes")?,
                key_policy: columns.optional_json("key_policy")?.unwrap_or_default(),
            },
            minted_by: columns.optional_id("minted_by")?,
            created_at: columns.moment("created_at")?,
            expires_at: columns.moment("expires_at")?,
            revoked_at: columns.optional_moment("revoked_at")?,
        })
    }
}

impl FromColumns for KnownLinkToken {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        let token = LinkTokenRow::from_columns(columns)?;
        Ok(Self { token, minter_works: columns.flag("minter_works")? })
    }
}

impl FromColumns for MigrationWindowRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: columns.id("team")?,
            sources: address::blocks(&columns.json::<Vec<String>>("sources")?),
            opens_at: columns.moment("opens_at")?,
            closes_at: columns.moment("closes_at")?,
        })
    }
}

impl FromColumns for AuditEntry {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        let address = columns.optional_text("address")?;
        Ok(Self {
            seq: columns.number("seq")?,
            at: columns.moment("at")?,
            team: columns.optional_id("team")?.map(TeamId::from_bits),
            who: Who::from(columns.text("who")?.as_str()),
            action: columns.text("action")?,
            subject: columns.text("subject")?,
            address: address.and_then(|text| text.parse().ok()),
            request_id: columns.optional_text("request_id")?,
            detail: columns.json("detail")?,
        })
    }
}

impl FromColumns for AuditLine {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: columns.number("seq")?,
            at: columns.moment("at")?,
            team: columns.optional_id("team")?,
            who: columns.text("who")?,
            action: columns.text("action")?,
            subject: columns.text("subject")?,
            address: columns.optional_text("address")?,
            request_id: columns.optional_text("request_id")?,
            detail: columns.text("detail")?,
            link: columns.optional_bytes("link")?.map(Link::from_bytes),
        })
    }
}

impl FromColumns for TaggedKey {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Indexed {
            id: columns.borrowed("id")?,
            workspace: columns.borrowed("workspace")?,
            customer_id: columns.borrowed_text("customer_id")?,
            tag: columns.borrowed("tag")?,
            previous_tag: columns.0.bytes("previous_tag")?,
            previous_until: columns.optional_moment("previous_until")?,
            grants: columns.borrowed("grants")?,
            metadata: columns.0.text("metadata")?,
            external_meter_id: columns.0.text("external_meter_id")?,
            counted: columns.flag("counted")?,
            enabled: columns.flag("enabled")?,
            deleted: columns.flag("deleted")?,
            expires_at: columns.optional_moment("expires_at")?,
            revision: columns.number("revision")?,
        }
        .into_key()
    }
}

impl FromColumns for IdempotencyRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tag: columns.bytes("tag")?,
            fingerprint: columns.bytes("fingerprint")?,
            answer: columns.blob("answer")?,
            expires_at: columns.moment("expires_at")?,
        })
    }
}

impl FromColumns for UsageRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        let verdict = Verdict::ALL.get(columns.number::<usize>("verdict")?);
        Ok(Self {
            key: columns.id("api_key")?,
            day: columns.number("day")?,
            route: columns.text("route")?,
            verdict: *verdict.ok_or_else(|| unknown("verdict"))?,
            count: columns.number("count")?,
        })
    }
}

impl FromColumns for SigningKeyRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            public_key: columns.bytes("public_key")?,
            sealed: columns.optional_blob("sealed")?,
            created_at: columns.moment("created_at")?,
            retired_at: columns.optional_moment("retired_at")?,
        })
    }
}

impl FromColumns for MeterRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            workspace: columns.id("workspace")?,
            external_id: columns.text("external_id")?,
            total_credits: columns.amount("total_credits")?,
            used_credits: columns.amount("used_credits")?,
            allow_overages: columns.flag("allow_overages")?,
            spend_cap: columns.optional_amount("spend_cap")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
        })
    }
}

impl FromColumns for BilledRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: columns.id("team")?,
            billing_id: columns.text("billing_id")?,
            day: columns.number("day")?,
            name: columns.text("name")?,
            amount: columns.amount("amount")?,
        })
    }
}

/// What is left of a key's counter.
pub(super) struct CounterRow {
    pub(super) key: u128,
    pub(super) left: u64,
}

impl FromColumns for CounterRow {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        Ok(Self { key: columns.id("id")?, left: columns.number("usage_left")? })
    }
}

impl FromColumns for Change {
    fn from_columns<R: StoredRow>(columns: &Columns<'_, R>) -> Result<Self, sqlx::Error> {
        let subject = Subject::from_parts(columns.number("kind")?, columns.id("subject")?);
        Ok(Self {
            revision: columns.number("seq")?,
            subject: subject.ok_or_else(|| unknown("kind"))?,
            retired: columns.optional_tag("retired")?,
        })
    }
}

fn unknown(column: &str) -> sqlx::Error {
    let source = "has a value that this version does not know".into();
    sqlx::Error::ColumnDecode { index: column.to_owned(), source }
}
