//! A transaction, and how rows become the engine's types. The questions are in `read.rs`, the changes in
//! `write.rs`.

use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::codec::Columns;
use crate::actor::Who;
use crate::address;
use crate::audit::AuditEntry;
use crate::bounds::Bounds;
use crate::index::Revision;
use crate::store::{
    ApiKeyRow, LinkTokenRow, MigrationWindowRow, ScopeRow, SdkKeyRow, StoreError, TeamRow,
    WorkspaceRow, Written,
};
use oneloop_protocol::{LinkTokenPermissions, Rights, TeamId};

/// One transaction. Dropped, it rolls back.
pub(super) struct SqliteTransaction {
    inner: Transaction<'static, Sqlite>,
    /// The lines of the change log it wrote.
    written: Written,
}

impl SqliteTransaction {
    pub(super) fn new(inner: Transaction<'static, Sqlite>) -> Self {
        Self { inner, written: None }
    }

    pub(super) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }

    /// Remembers that the lines `first..=last` of the change log are this transaction's.
    pub(super) fn logged(&mut self, first: Revision, last: Revision) {
        let first = self.written.as_ref().map_or(first, |written| *written.start());
        self.written = Some(first..=last);
    }

    pub(super) async fn finish(self) -> Result<Written, StoreError> {
        self.inner.commit().await?;
        Ok(self.written)
    }
}

/// A type that one row holds.
pub(super) trait FromColumns: Sized {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error>;
}

/// The rows as `T`.
pub(super) fn all<T: FromColumns>(rows: Vec<SqliteRow>) -> Result<Vec<T>, StoreError> {
    let read = |row: &SqliteRow| T::from_columns(&Columns(row));
    Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
}

/// The row as `T`, if there is one.
pub(super) fn one<T: FromColumns>(row: Option<SqliteRow>) -> Result<Option<T>, StoreError> {
    Ok(row.map(|row| T::from_columns(&Columns(&row))).transpose()?)
}

impl FromColumns for TeamRow {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            name: columns.text("name")?,
            created_at: columns.moment("created_at")?,
        })
    }
}

impl FromColumns for SdkKeyRow {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
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
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
        let limit: Option<i64> = columns.optional_moment("default_rate_limit")?;
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            name: columns.text("name")?,
            default_key_prefix: columns.optional_text("default_key_prefix")?,
            default_allowed_ips: columns.json("default_allowed_ips")?,
            default_rate_limit: limit.map(|_| columns.number("default_rate_limit")).transpose()?,
            default_expiration: columns.optional_moment("default_expiration")?,
            created_at: columns.moment("created_at")?,
            updated_at: columns.moment("updated_at")?,
            revision: columns.number("revision")?,
        })
    }
}

impl FromColumns for ScopeRow {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
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
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: columns.id("id")?,
            team: columns.id("team")?,
            workspace: columns.id("workspace")?,
            customer_id: columns.text("customer_id")?,
            name: columns.text("name")?,
            prefix: columns.optional_text("prefix")?,
            masked_key: columns.text("masked_key")?,
            tag: columns.tag("tag")?,
            previous_tag: columns.optional_tag("previous_tag")?,
            previous_until: columns.optional_moment("previous_until")?,
            grants: columns.grants("grants")?,
            metadata: columns.metadata("metadata")?,
            external_meter_id: columns.optional_text("external_meter_id")?,
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
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
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
            created_at: columns.moment("created_at")?,
            expires_at: columns.moment("expires_at")?,
            revoked_at: columns.optional_moment("revoked_at")?,
        })
    }
}

impl FromColumns for MigrationWindowRow {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            team: columns.id("team")?,
            sources: address::blocks(&columns.json::<Vec<String>>("sources")?),
            opens_at: columns.moment("opens_at")?,
            closes_at: columns.moment("closes_at")?,
        })
    }
}

impl FromColumns for AuditEntry {
    fn from_columns(columns: &Columns<'_>) -> Result<Self, sqlx::Error> {
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
