//! Keys as the index holds them: fewer columns, and a page at a time.

use std::sync::OnceLock;

use oneloop_protocol::UnixMillis;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};

use super::codec::{Columns, blob};
use crate::index::{KeyEntry, KeyExtra, TaggedKey};
use crate::store::StoreError;

/// Rows fetched at once while loading: bounds what is held twice.
const PAGE: i64 = 4_096;

/// What the index needs of a key.
const COLUMNS: &str = "id, workspace, customer_id, tag, previous_tag, previous_until, grants, \
     metadata, external_meter_id, enabled, deleted, expires_at, revision";

/// Hands every key to `sink`, in the order in which they were stored: one pass over the table.
pub(super) async fn keys(
    connection: &mut SqliteConnection,
    sink: &mut (dyn FnMut(TaggedKey) + Send),
) -> Result<(), StoreError> {
    let page = format!(
        "SELECT rowid, {COLUMNS} FROM api_key WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}"
    );
    let mut last: i64 = 0;
    loop {
        // Safe: made of the constants above.
        let rows =
            query(AssertSqlSafe(page.as_str())).bind(last).fetch_all(&mut *connection).await?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.try_get("rowid")?;
        for row in &rows {
            sink(tagged_key(row)?);
        }
    }
}

/// One key.
pub(super) async fn key(
    connection: &mut SqliteConnection,
    id: u128,
) -> Result<Option<TaggedKey>, StoreError> {
    let one = format!("SELECT {COLUMNS} FROM api_key WHERE id = ?1");
    // Safe: made of the constants above.
    let row = query(AssertSqlSafe(one)).bind(blob(id)).fetch_optional(connection).await?;
    Ok(row.as_ref().map(tagged_key).transpose()?)
}

fn tagged_key(row: &SqliteRow) -> Result<TaggedKey, sqlx::Error> {
    let columns = Columns(row);
    let metadata = columns.metadata("metadata")?;
    let external_meter_id = columns.optional_text("external_meter_id")?;
    let entry = KeyEntry {
        id: columns.id("id")?,
        workspace: columns.id("workspace")?,
        revision: columns.number("revision")?,
        expires_at: columns.optional_moment("expires_at")?.unwrap_or(UnixMillis::MAX),
        previous_until: columns.optional_moment("previous_until")?.unwrap_or(0),
        enabled: columns.flag("enabled")?,
        deleted: columns.flag("deleted")?,
        customer_id: columns.text("customer_id")?.into_boxed_str(),
        grants: columns.grants("grants")?,
        extra: KeyExtra { metadata, external_meter_id }.boxed(),
        live: OnceLock::new(),
    };
    Ok(TaggedKey {
        entry,
        tag: columns.tag("tag")?,
        previous: columns.optional_tag("previous_tag")?,
    })
}
