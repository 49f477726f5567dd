//! Meters, and what was used of them. Charging them is in `charge.rs`.

use sqlx::{SqliteConnection, query};

use crate::store::columns::{blob, json};
use crate::store::from_columns::{all, one};
use crate::store::{BilledRow, MeterRow, StoreError};

pub(super) async fn meter_of(
    connection: &mut SqliteConnection,
    workspace: u128,
    external_id: &str,
) -> Result<Option<MeterRow>, StoreError> {
    let row = query("SELECT * FROM meter WHERE workspace = ?1 AND external_id = ?2")
        .bind(blob(workspace))
        .bind(external_id.to_owned())
        .fetch_optional(connection)
        .await?;
    one(row)
}

pub(super) async fn meters_named(
    connection: &mut SqliteConnection,
    team: u128,
    external_id: &str,
) -> Result<Vec<MeterRow>, StoreError> {
    let rows = query("SELECT * FROM meter WHERE team = ?1 AND external_id = ?2 ORDER BY id")
        .bind(blob(team))
        .bind(external_id.to_owned())
        .fetch_all(connection)
        .await?;
    all(rows)
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    meter: &MeterRow,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO meter (id, team, workspace, external_id, total_credits, used_credits,
                            allow_overages, spend_cap, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(blob(meter.id))
    .bind(blob(meter.team))
    .bind(blob(meter.workspace))
    .bind(&meter.external_id)
    .bind(meter.total_credits.to_string())
    .bind(meter.used_credits.to_string())
    .bind(meter.allow_overages)
    .bind(meter.spend_cap.map(|cap| cap.to_string()))
    .bind(meter.created_at)
    .bind(meter.updated_at)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    meter: &MeterRow,
) -> Result<(), StoreError> {
    query("UPDATE meter SET total_credits = ?2, updated_at = ?3 WHERE id = ?1")
        .bind(blob(meter.id))
        .bind(meter.total_credits.to_string())
        .bind(meter.updated_at)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn billed_usage(
    connection: &mut SqliteConnection,
    team: u128,
    billing_ids: &[String],
    since: i64,
) -> Result<Vec<BilledRow>, StoreError> {
    let rows = query(
        "SELECT * FROM billed_usage
         WHERE team = ?1 AND billing_id IN (SELECT value FROM json_each(?2)) AND day >= ?3
         ORDER BY day, billing_id, name",
    )
    .bind(blob(team))
    .bind(json(&billing_ids))
    .bind(since)
    .fetch_all(connection)
    .await?;
    all(rows)
}
