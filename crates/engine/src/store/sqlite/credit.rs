//! Meters, counters, and charging them.

use oneloop_protocol::Amount;
use sqlx::sqlite::SqlitePool;
use sqlx::{SqliteConnection, query};

use super::idempotency;
use crate::ledger::{Charge, Charged, Ledger};
use crate::store::columns::{Columns, blob, json};
use crate::store::from_columns::{CounterRow, all, one};
use crate::store::{BilledRow, MeterRow, StoreError};

/// A batch of charges in one transaction: four statements that read, three that write, however many charges it has.
///
/// The write lock is taken at once, so nothing that is read here can change before it is written. A batch that
/// charges nothing writes nothing, and waits for no disk.
pub(super) async fn charge(
    writer: &SqlitePool,
    charges: &[Charge],
) -> Result<Vec<Charged>, StoreError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let names: Vec<_> = charges
        .iter()
        .filter_map(|charge| Some((hex(charge.workspace), charge.meter.external_id()?)))
        .collect();
    let meters =
        if names.is_empty() { Vec::new() } else { meters(&mut transaction, &names).await? };
    let counted: Vec<_> = charges.iter().filter_map(|charge| charge.counter).collect();
    let counters =
        if counted.is_empty() { Vec::new() } else { counters(&mut transaction, &counted).await? };

    let mut kept = Vec::new();
    for once in charges.iter().filter_map(|charge| charge.once.as_ref()) {
        let row = idempotency::read(&mut transaction, &once.tag).await?;
        kept.extend(row.filter(|row| once.kept_at() < row.expires_at));
    }

    let mut ledger = Ledger::new(meters, counters, kept);
    let charged: Vec<Charged> = charges.iter().map(|charge| ledger.apply(charge)).collect();
    for (charge, charged) in charges.iter().zip(&charged) {
        if let (Some(once), true, None) = (&charge.once, charged.passed, &charged.before) {
            idempotency::put(&mut transaction, once, once.kept_at()).await?;
        }
    }

    let changed: Vec<_> =
        ledger.changed_meters().map(|meter| (hex(meter.id), meter.used_credits)).collect();
    if !changed.is_empty() {
        query(
            "UPDATE meter SET used_credits = new.used
             FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS used FROM json_each(?1)) AS new
             WHERE meter.id = new.id",
        )
        .bind(json(&changed))
        .execute(&mut *transaction)
        .await?;
    }
    let changed: Vec<_> = ledger.changed_counters().map(|(key, left)| (hex(key), left)).collect();
    if !changed.is_empty() {
        query(
            "UPDATE api_key SET usage_left = new.remaining
             FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS remaining
                   FROM json_each(?1)) AS new
             WHERE api_key.id = new.id",
        )
        .bind(json(&changed))
        .execute(&mut *transaction)
        .await?;
    }
    add_usage(&mut transaction, &ledger.usage().collect::<Vec<_>>()).await?;
    transaction.commit().await?;
    Ok(charged)
}

/// The meters of these names, each once.
async fn meters(
    connection: &mut SqliteConnection,
    names: &[(String, &str)],
) -> Result<Vec<MeterRow>, StoreError> {
    let rows = query(
        "SELECT DISTINCT meter.* FROM json_each(?1) AS named
         JOIN meter ON meter.workspace = unhex(named.value ->> 0)
                   AND meter.external_id = named.value ->> 1",
    )
    .bind(json(&names))
    .fetch_all(connection)
    .await?;
    all(rows)
}

/// What is left of these keys' counters; a key that is not counted is left out.
async fn counters(
    connection: &mut SqliteConnection,
    keys: &[u128],
) -> Result<Vec<(u128, u64)>, StoreError> {
    let keys: Vec<_> = keys.iter().map(|key| hex(*key)).collect();
    let rows = query(
        "SELECT DISTINCT api_key.id, api_key.usage_left FROM json_each(?1) AS counted
         JOIN api_key ON api_key.id = unhex(counted.value)
         WHERE api_key.usage_left IS NOT NULL",
    )
    .bind(json(&keys))
    .fetch_all(connection)
    .await?;
    let counters = all::<CounterRow, _>(rows)?;
    Ok(counters.into_iter().map(|counter| (counter.key, counter.left)).collect())
}

/// Adds to the usage of days. The sums are made here, because SQLite cannot add 38 digits; nobody else writes
/// meanwhile.
async fn add_usage(
    connection: &mut SqliteConnection,
    usage: &[BilledRow],
) -> Result<(), StoreError> {
    if usage.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = usage
        .iter()
        .enumerate()
        .map(|(at, row)| (at, hex(row.team), &row.billing_id, row.day, &row.name))
        .collect();
    let known = query(
        "SELECT place.value ->> 0 AS place, known.amount FROM json_each(?1) AS place
         JOIN billed_usage AS known
           ON known.team = unhex(place.value ->> 1) AND known.billing_id = place.value ->> 2
          AND known.day = place.value ->> 3 AND known.name = place.value ->> 4",
    )
    .bind(json(&places))
    .fetch_all(&mut *connection)
    .await?;
    let mut sums: Vec<Amount> = usage.iter().map(|row| row.amount).collect();
    for row in &known {
        let columns = Columns(row);
        let place: usize = columns.number("place")?;
        if let Some(sum) = sums.get_mut(place) {
            *sum = sum.saturating_plus(columns.amount("amount")?);
        }
    }
    let rows: Vec<_> = usage
        .iter()
        .zip(sums)
        .map(|(row, sum)| (hex(row.team), &row.billing_id, row.day, &row.name, sum))
        .collect();
    query(
        "INSERT INTO billed_usage (team, billing_id, day, name, amount)
         SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4
         FROM json_each(?1)
         WHERE true
         ON CONFLICT (team, billing_id, day, name) DO UPDATE SET amount = excluded.amount",
    )
    .bind(json(&rows))
    .execute(connection)
    .await?;
    Ok(())
}

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

/// An id inside JSON.
fn hex(id: u128) -> String {
    format!("{id:032x}")
}
