//! Meters, counters, and charging them.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, PgConnection, query};

use super::idempotency;
use super::write::column;
use crate::error::chain;
use crate::ledger::{Charge, Charged, Ledger};
use crate::store::columns::blob;
use crate::store::from_columns::{CounterRow, all, one};
use crate::store::{BilledRow, MeterRow, StoreError};

/// Amounts are handed over as their digits: no driver type holds 38 of them.
const METER: &str = "meter.id, meter.team, meter.workspace, meter.external_id, \
     meter.total_credits::text, meter.used_credits::text, meter.allow_overages, \
     meter.spend_cap::text, meter.created_at, meter.updated_at";

/// A statement for meters. Safe: made of constants alone.
macro_rules! select_meters {
    ($rest:literal) => {
        query(AssertSqlSafe(format!(concat!("SELECT {} ", $rest), METER)))
    };
}

/// A batch of charges in one transaction.
///
/// Rows are locked as they are read, names before meters before counters and each in the order of their ids, so nodes that charge
/// side by side wait for each other and never in a circle; the head of the change log is not touched, so they do
/// not wait for any other writer.
pub(super) async fn charge(
    writers: &PgPool,
    charges: &[Charge],
) -> Result<Vec<Charged>, StoreError> {
    let mut transaction = writers.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let once: Vec<_> = charges.iter().filter_map(|charge| charge.once.as_deref()).collect();
    let kept = idempotency::keep(&mut transaction, &once).await?;
    let named: Vec<_> = charges
        .iter()
        .filter_map(|charge| Some((charge.workspace, charge.meter.external_id()?)))
        .collect();
    let meters: Vec<MeterRow> = if named.is_empty() {
        Vec::new()
    } else {
        let locked = select_meters!(
            "FROM meter
             WHERE (workspace, external_id) IN (SELECT * FROM unnest($1::bytea[], $2::text[]))
             ORDER BY id FOR NO KEY UPDATE"
        );
        let locked = locked
            .bind(column(&named, |(workspace, _)| blob(*workspace)))
            .bind(column(&named, |(_, external_id)| (*external_id).to_owned()));
        all(locked.fetch_all(&mut *transaction).await?)?
    };
    let counted: Vec<_> = charges.iter().filter_map(|charge| charge.counter).map(blob).collect();
    let counters: Vec<CounterRow> = if counted.is_empty() {
        Vec::new()
    } else {
        let locked = query(
            "SELECT id, usage_left FROM api_key
             WHERE id = ANY($1) AND usage_left IS NOT NULL
             ORDER BY id FOR NO KEY UPDATE",
        );
        all(locked.bind(counted).fetch_all(&mut *transaction).await?)?
    };

    let counters = counters.into_iter().map(|counter| (counter.key, counter.left));
    let mut ledger = Ledger::new(meters, counters, kept);
    let charged = charges.iter().map(|charge| ledger.apply(charge)).collect();

    write(&mut transaction, &ledger).await?;
    transaction.commit().await?;
    // Apart from the charges, which are made, and stay so if this fails: what is too old may as well go the next time.
    if let Some(now) = once.iter().map(|row| row.kept_at()).max()
        && let Err(error) = idempotency::forget(writers, now).await
    {
        let error = chain(&error);
        tracing::warn!(error, "Cannot forget old idempotency keys; will retry");
    }
    Ok(charged)
}

/// Writes what changed.
async fn write(connection: &mut PgConnection, ledger: &Ledger) -> Result<(), StoreError> {
    let meters: Vec<_> = ledger.changed_meters().collect();
    if !meters.is_empty() {
        query(
            "UPDATE meter SET used_credits = new.used::numeric
             FROM unnest($1::bytea[], $2::text[]) AS new (id, used)
             WHERE meter.id = new.id",
        )
        .bind(column(&meters, |meter| blob(meter.id)))
        .bind(column(&meters, |meter| meter.used_credits.to_string()))
        .execute(&mut *connection)
        .await?;
    }
    let counters: Vec<_> = ledger.changed_counters().collect();
    if !counters.is_empty() {
        query(
            "UPDATE api_key SET usage_left = new.remaining
             FROM unnest($1::bytea[], $2::bigint[]) AS new (id, remaining)
             WHERE api_key.id = new.id",
        )
        .bind(column(&counters, |(key, _)| blob(*key)))
        .bind(column(&counters, |(_, left)| i64::try_from(*left).unwrap_or(i64::MAX)))
        .execute(&mut *connection)
        .await?;
    }
    // In the order of the primary key, as every node adds them.
    let usage: Vec<_> = ledger.usage().collect();
    if !usage.is_empty() {
        query(
            "INSERT INTO billed_usage (team, billing_id, day, name, amount)
             SELECT team, billing_id, day, name, amount::numeric
             FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::text[], $5::text[])
                  AS new (team, billing_id, day, name, amount)
             ORDER BY team, billing_id COLLATE \"C\", day, name COLLATE \"C\"
             ON CONFLICT (team, billing_id, day, name) DO UPDATE
             SET amount = least(billed_usage.amount + excluded.amount, 10::numeric ^ 38 - 1)",
        )
        .bind(column(&usage, |row| blob(row.team)))
        .bind(column(&usage, |row| row.billing_id.clone()))
        .bind(column(&usage, |row| row.day))
        .bind(column(&usage, |row| row.name.clone()))
        .bind(column(&usage, |row| row.amount.to_string()))
        .execute(connection)
        .await?;
    }
    Ok(())
}

pub(super) async fn meter_of(
    connection: &mut PgConnection,
    workspace: u128,
    external_id: &str,
) -> Result<Option<MeterRow>, StoreError> {
    let meter = select_meters!("FROM meter WHERE workspace = $1 AND external_id = $2");
    let meter = meter.bind(blob(workspace)).bind(external_id.to_owned());
    one(meter.fetch_optional(connection).await?)
}

pub(super) async fn meters_named(
    connection: &mut PgConnection,
    team: u128,
    external_id: &str,
) -> Result<Vec<MeterRow>, StoreError> {
    let meters = select_meters!("FROM meter WHERE team = $1 AND external_id = $2 ORDER BY id");
    all(meters.bind(blob(team)).bind(external_id.to_owned()).fetch_all(connection).await?)
}

pub(super) async fn insert(
    connection: &mut PgConnection,
    meter: &MeterRow,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO meter (id, team, workspace, external_id, total_credits, used_credits,
                            allow_overages, spend_cap, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5::text::numeric, $6::text::numeric, $7, $8::text::numeric,
                 $9, $10)",
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
    connection: &mut PgConnection,
    meter: &MeterRow,
) -> Result<(), StoreError> {
    query("UPDATE meter SET total_credits = $2::text::numeric, updated_at = $3 WHERE id = $1")
        .bind(blob(meter.id))
        .bind(meter.total_credits.to_string())
        .bind(meter.updated_at)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn billed_usage(
    connection: &mut PgConnection,
    team: u128,
    billing_ids: &[String],
    since: i64,
) -> Result<Vec<BilledRow>, StoreError> {
    let rows = query(
        "SELECT team, billing_id, day, name, amount::text FROM billed_usage
         WHERE team = $1 AND billing_id = ANY($2) AND day >= $3
         ORDER BY day, billing_id, name",
    )
    .bind(blob(team))
    .bind(billing_ids.to_vec())
    .bind(since);
    all(rows.fetch_all(connection).await?)
}
