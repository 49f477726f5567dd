//! Counts of verifications.

use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, query};

use crate::store::columns::{blob, json};
use crate::store::from_columns::all;
use crate::store::{StoreError, USAGE_DAYS_KEPT, USAGE_ROUTES, UsageRow};
use crate::usage::OTHER_ROUTES;

/// Rows that one write clears away at most.
const PURGE: u32 = 1_000;

/// Adds counts, in one transaction however many there are.
pub(super) async fn note(writer: &SqlitePool, counts: &[UsageRow]) -> Result<(), StoreError> {
    let Some(newest) = counts.iter().map(|row| row.day).max() else { return Ok(()) };
    let rows: Vec<_> = counts
        .iter()
        .map(|row| (format!("{:032x}", row.key), row.day, &row.route, row.verdict as u8, row.count))
        .collect();
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    query(
        "INSERT INTO key_usage (api_key, day, route, verdict, count)
         SELECT api_key, day,
                CASE WHEN route = ''
                       OR EXISTS (SELECT 1 FROM key_usage AS known
                                  WHERE known.api_key = new.api_key AND known.day = new.day
                                    AND known.route = new.route)
                       OR (SELECT count(*) FROM key_usage AS known
                           WHERE known.api_key = new.api_key AND known.day = new.day) < ?2
                     THEN route ELSE ?3 END AS counted_route,
                verdict, sum(count)
         FROM (SELECT unhex(value ->> 0) AS api_key, value ->> 1 AS day, value ->> 2 AS route,
                      value ->> 3 AS verdict, value ->> 4 AS count
               FROM json_each(?1)) AS new
         WHERE true
         GROUP BY api_key, day, counted_route, verdict
         ON CONFLICT (api_key, day, route, verdict) DO UPDATE SET count = count + excluded.count",
    )
    .bind(json(&rows))
    .bind(USAGE_ROUTES)
    .bind(OTHER_ROUTES)
    .execute(&mut *transaction)
    .await?;
    query(
        "DELETE FROM key_usage WHERE (api_key, day, route, verdict) IN
             (SELECT api_key, day, route, verdict FROM key_usage WHERE day < ?1 LIMIT ?2)",
    )
    .bind(newest - USAGE_DAYS_KEPT)
    .bind(PURGE)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// The counts of one key, from one day to another.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    key: u128,
    first: i64,
    last: i64,
) -> Result<Vec<UsageRow>, StoreError> {
    let counts = query(
        "SELECT api_key, day, route, verdict, count FROM key_usage
         WHERE api_key = ?1 AND day BETWEEN ?2 AND ?3
         ORDER BY day, route, verdict",
    )
    .bind(blob(key))
    .bind(first)
    .bind(last);
    all(counts.fetch_all(connection).await?)
}
