//! Keys as the index holds them: fewer columns, and a page at a time.

use sqlx::{AssertSqlSafe, Row, SqliteConnection, query};

use crate::index::TaggedKey;
use crate::store::StoreError;
use crate::store::columns::{Columns, json};
use crate::store::from_columns::{FromColumns, INDEXED, all};

/// Rows fetched at once while loading: bounds what is held twice.
const PAGE: i64 = 4_096;

/// Hands every key to `sink`, in the order in which they were stored: one pass over the table.
pub(super) async fn keys(
    connection: &mut SqliteConnection,
    sink: &mut (dyn FnMut(TaggedKey) + Send),
) -> Result<(), StoreError> {
    let page = format!(
        "SELECT rowid, {INDEXED} FROM api_key WHERE rowid > ?1 ORDER BY rowid LIMIT {PAGE}"
    );
    let mut last: i64 = 0;
    loop {
        // Safe: made of the constants above.
        let rows =
            query(AssertSqlSafe(page.as_str())).bind(last).fetch_all(&mut *connection).await?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = end.try_get("rowid")?;
        for row in &rows {
            sink(TaggedKey::from_columns(&Columns(row))?);
        }
    }
}

/// These keys, those that there are, in any order.
pub(super) async fn some(
    connection: &mut SqliteConnection,
    ids: &[u128],
) -> Result<Vec<TaggedKey>, StoreError> {
    let some = format!(
        "SELECT {INDEXED} FROM api_key WHERE id IN (SELECT unhex(value) FROM json_each(?1))"
    );
    let ids: Vec<_> = ids.iter().map(|id| format!("{id:032x}")).collect();
    // Safe: made of the constants above.
    all(query(AssertSqlSafe(some)).bind(json(&ids)).fetch_all(connection).await?)
}
