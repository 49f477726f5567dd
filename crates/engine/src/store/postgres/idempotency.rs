//! Answers that are kept for requests that are repeated.

use oneloop_protocol::UnixMillis;
use sqlx::{PgConnection, query};

use crate::store::{IdempotencyRow, StoreError};

/// How many kept answers one new one clears away: more than one, so that they cannot pile up, and few, so that nothing
/// is slow.
const PURGE: i64 = 16;

pub(super) async fn put(
    connection: &mut PgConnection,
    row: &IdempotencyRow,
    now: UnixMillis,
) -> Result<(), StoreError> {
    query(
        "DELETE FROM idempotent_answer WHERE tag IN
             (SELECT tag FROM idempotent_answer WHERE expires_at <= $1
              ORDER BY expires_at LIMIT $2)",
    )
    .bind(now)
    .bind(PURGE)
    .execute(&mut *connection)
    .await?;
    query(
        "INSERT INTO idempotent_answer (tag, fingerprint, answer, expires_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (tag) DO UPDATE
         SET fingerprint = excluded.fingerprint, answer = excluded.answer,
             expires_at = excluded.expires_at",
    )
    .bind(row.tag.to_vec())
    .bind(row.fingerprint.to_vec())
    .bind(&row.answer)
    .bind(row.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}
