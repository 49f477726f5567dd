//! What verifications leave behind: when keys were last used, and how often. Nodes write these side by side, so
//! each statement takes its rows in one order: two nodes then cannot wait for each other.

use oneloop_protocol::UnixMillis;
use sqlx::postgres::PgPool;
use sqlx::query;

use super::write::column;
use crate::error::chain;
use crate::store::columns::{blob, tag_blob};
use crate::store::{StoreError, USAGE_DAYS_KEPT, USAGE_ROUTES, UsageRow};
use crate::tag::Tag;
use crate::usage::OTHER_ROUTES;

/// Rows that one write clears away at most.
const PURGE: i64 = 1_000;

/// Moves `last_used_at` of a table forward, in one statement however many rows there are: `$1` is what they are known by,
/// `$2` the moments.
macro_rules! move_forward {
    ($table:literal, $by:literal) => {
        concat!(
            "WITH used AS (SELECT * FROM unnest($1::bytea[], $2::bigint[]) AS used (known, at)),
                  mine AS (SELECT used.known, used.at FROM ",
            $table,
            " AS found JOIN used ON found.",
            $by,
            " = used.known
                           WHERE found.last_used_at IS NULL OR found.last_used_at < used.at
                           ORDER BY found.",
            $by,
            " FOR NO KEY UPDATE OF found)
             UPDATE ",
            $table,
            " AS found SET last_used_at = mine.at FROM mine
             WHERE found.",
            $by,
            " = mine.known
               AND (found.last_used_at IS NULL OR found.last_used_at < mine.at)",
        )
    };
}

/// Notes when keys were last used.
pub(super) async fn note_last(
    writers: &PgPool,
    uses: &[(u128, UnixMillis)],
) -> Result<(), StoreError> {
    query(move_forward!("api_key", "id"))
        .bind(column(uses, |(id, _)| blob(*id)))
        .bind(column(uses, |(_, at)| *at))
        .execute(writers)
        .await?;
    Ok(())
}

/// Notes when replaced secrets were last used.
pub(super) async fn note_last_of_replaced(
    writers: &PgPool,
    uses: &[(Tag, UnixMillis)],
) -> Result<(), StoreError> {
    query(move_forward!("replaced_tag", "tag"))
        .bind(column(uses, |(tag, _)| tag_blob(tag)))
        .bind(column(uses, |(_, at)| *at))
        .execute(writers)
        .await?;
    Ok(())
}

/// Adds counts, in one statement however many there are.
pub(super) async fn note_counts(writers: &PgPool, counts: &[UsageRow]) -> Result<(), StoreError> {
    let Some(newest) = counts.iter().map(|row| row.day).max() else { return Ok(()) };
    query(
        "INSERT INTO key_usage (api_key, day, route, verdict, count)
         SELECT api_key, day,
                CASE WHEN route = ''
                       OR EXISTS (SELECT 1 FROM key_usage AS known
                                  WHERE known.api_key = new.api_key AND known.day = new.day
                                    AND known.route = new.route)
                       OR (SELECT count(*) FROM key_usage AS known
                           WHERE known.api_key = new.api_key AND known.day = new.day) < $6
                     THEN route ELSE $7 END AS counted_route,
                verdict, sum(count)::bigint
         FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[])
              AS new (api_key, day, route, verdict, count)
         GROUP BY api_key, day, counted_route, verdict
         ORDER BY api_key, day, counted_route, verdict
         ON CONFLICT (api_key, day, route, verdict) DO UPDATE
         SET count = key_usage.count + excluded.count",
    )
    .bind(column(counts, |row| blob(row.key)))
    .bind(column(counts, |row| row.day))
    .bind(column(counts, |row| row.route.clone()))
    .bind(column(counts, |row| row.verdict as i64))
    .bind(column(counts, |row| i64::try_from(row.count).unwrap_or(i64::MAX)))
    .bind(i64::from(USAGE_ROUTES))
    .bind(OTHER_ROUTES)
    .execute(writers)
    .await?;
    // Not in one transaction with the counts: what is too old may as well go the next time, and rows that
    // another node is removing are left to it.
    query(
        "DELETE FROM key_usage WHERE (api_key, day, route, verdict) IN
             (SELECT api_key, day, route, verdict FROM key_usage WHERE day < $1
              LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(newest - USAGE_DAYS_KEPT)
    .bind(PURGE)
    .execute(writers)
    .await
    .map_or_else(
        |error| {
            // The counts are added: told of a failure, the caller would add them once more.
            let error = chain(&error);
            tracing::warn!(error, "Cannot forget old counts; will retry");
        },
        drop,
    );
    Ok(())
}
