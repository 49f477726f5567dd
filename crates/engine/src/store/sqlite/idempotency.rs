//! Answers that are kept for repetitions.

use oneloop_protocol::UnixMillis;
use sqlx::{SqliteConnection, query};

use crate::store::from_columns::one;
use crate::store::{IdempotencyRow, StoreError};

/// Rows that one write clears away: more than it adds, so that they cannot pile up.
pub(super) const PURGE: u32 = 16;

pub(super) const KEPT: &str = "SELECT * FROM idempotent_answer WHERE tag = ?1";

pub(super) const PURGE_SOME: &str = "
    DELETE FROM idempotent_answer WHERE tag IN
        (SELECT tag FROM idempotent_answer WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(super) const KEEP: &str = "
    INSERT INTO idempotent_answer (tag, fingerprint, answer, expires_at) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (tag) DO UPDATE
    SET fingerprint = excluded.fingerprint, answer = excluded.answer,
        expires_at = excluded.expires_at";

pub(super) async fn read(
    connection: &mut SqliteConnection,
    tag: &[u8; 32],
) -> Result<Option<IdempotencyRow>, StoreError> {
    let answer = query(KEPT).bind(tag.to_vec());
    one(answer.fetch_optional(connection).await?)
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    row: &IdempotencyRow,
    now: UnixMillis,
) -> Result<(), StoreError> {
    query(PURGE_SOME).bind(now).bind(PURGE).execute(&mut *connection).await?;
    query(KEEP)
        .bind(row.tag.to_vec())
        .bind(row.fingerprint.to_vec())
        .bind(&row.answer)
        .bind(row.expires_at)
        .execute(connection)
        .await?;
    Ok(())
}
