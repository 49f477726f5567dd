//! Answers that are kept for requests that are repeated.

use std::collections::BTreeMap;

use oneloop_protocol::UnixMillis;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, query};

use super::write::column;
use crate::store::columns::Columns;
use crate::store::from_columns::all;
use crate::store::{IdempotencyRow, StoreError};

/// How many kept answers one new one clears away: more than one, so that they cannot pile up, and few, so that nothing
/// is slow.
const PURGE: i64 = 16;

/// Keeps these answers, each unless one is kept under its tag already; answers with those that are. Waits for a
/// transaction that is just keeping one of them.
pub(super) async fn keep(
    connection: &mut PgConnection,
    rows: &[&IdempotencyRow],
) -> Result<Vec<IdempotencyRow>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // Of several under one tag, the first.
    let rows: BTreeMap<_, _> = rows.iter().rev().map(|row| (row.tag, *row)).collect();
    let rows: Vec<_> = rows.into_values().collect();
    let now = rows.iter().map(|row| row.kept_at()).max();
    let new = query(
        "INSERT INTO idempotent_answer (tag, fingerprint, answer, expires_at)
         SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[])
                       AS new (tag, fingerprint, answer, expires_at) ORDER BY tag
         ON CONFLICT (tag) DO UPDATE
         SET fingerprint = excluded.fingerprint, answer = excluded.answer,
             expires_at = excluded.expires_at
         WHERE idempotent_answer.expires_at <= $5
         RETURNING tag",
    )
    .bind(column(&rows, |row| row.tag.to_vec()))
    .bind(column(&rows, |row| row.fingerprint.to_vec()))
    .bind(column(&rows, |row| row.answer.clone()))
    .bind(column(&rows, |row| row.expires_at))
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    let new: Vec<[u8; 32]> =
        new.iter().map(|row| Columns(row).bytes("tag")).collect::<Result<_, _>>()?;
    let old: Vec<_> = rows.iter().filter(|row| !new.contains(&row.tag)).collect();
    let kept = query(
        "SELECT tag, fingerprint, answer, expires_at FROM idempotent_answer WHERE tag = ANY($1)",
    );
    all(kept.bind(column(&old, |row| row.tag.to_vec())).fetch_all(connection).await?)
}

/// Forgets a few answers that expired; those that another node is forgetting are left to it.
pub(super) async fn forget(writers: &PgPool, now: UnixMillis) -> Result<(), StoreError> {
    query(
        "DELETE FROM idempotent_answer WHERE tag IN
             (SELECT tag FROM idempotent_answer WHERE expires_at <= $1
              ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now)
    .bind(PURGE)
    .execute(writers)
    .await?;
    Ok(())
}

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
