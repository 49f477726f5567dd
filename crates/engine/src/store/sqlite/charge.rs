//! Charging meters and counters: a batch in one transaction.
//!
//! The write lock is taken at once, so nothing that is read here can change before it is written. A batch that
//! charges nothing writes nothing, and waits for no disk.

use std::collections::BTreeSet;

use oneloop_protocol::Amount;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::idempotency::{KEEP, KEPT, PURGE, PURGE_SOME};
use crate::ledger::{Charge, Charged, Ledger};
use crate::store::columns::{blob, broken};
use crate::store::{BilledRow, IdempotencyRow, MeterRow, StoreError};

/// Makes the charges, one after the other.
pub(super) fn charge(
    transaction: &Transaction<'_>,
    charges: &[Charge],
) -> Result<Vec<Charged>, StoreError> {
    let names: BTreeSet<_> = charges
        .iter()
        .filter_map(|charge| Some((charge.workspace, charge.meter.external_id()?)))
        .collect();
    let counted: BTreeSet<_> = charges.iter().filter_map(|charge| charge.counter).collect();
    let named: Vec<_> = charges.iter().filter_map(|charge| charge.once.as_deref()).collect();
    let meters = meters(transaction, &names)?;
    let counters = counters(transaction, &counted)?;
    let mut ledger = Ledger::new(meters, counters, kept(transaction, &named)?);

    let charged: Vec<Charged> = charges.iter().map(|charge| ledger.apply(charge)).collect();
    for (charge, charged) in charges.iter().zip(&charged) {
        if let (Some(once), true, None) = (&charge.once, charged.passed, &charged.before) {
            keep(transaction, once)?;
        }
    }
    let mut update =
        transaction.prepare_cached("UPDATE meter SET used_credits = ?2 WHERE id = ?1")?;
    for meter in ledger.changed_meters() {
        update.execute(params![blob(meter.id), meter.used_credits.to_string()])?;
    }
    let mut update =
        transaction.prepare_cached("UPDATE api_key SET usage_left = ?2 WHERE id = ?1")?;
    for (key, left) in ledger.changed_counters() {
        update.execute(params![blob(key), i64::try_from(left).unwrap_or(i64::MAX)])?;
    }
    add_usage(transaction, ledger.usage())?;
    Ok(charged)
}

/// The meters of these names, those that there are.
fn meters(
    transaction: &Transaction<'_>,
    names: &BTreeSet<(u128, &str)>,
) -> Result<Vec<MeterRow>, StoreError> {
    let mut find = transaction.prepare_cached(
        "SELECT id, team, total_credits, used_credits, allow_overages, spend_cap, created_at, updated_at
         FROM meter WHERE workspace = ?1 AND external_id = ?2",
    )?;
    let mut meters = Vec::with_capacity(names.len());
    for (workspace, external_id) in names {
        let mut rows = find.query(params![blob(*workspace), external_id])?;
        if let Some(row) = rows.next()? {
            meters.push(MeterRow {
                id: id(row, 0)?,
                team: id(row, 1)?,
                workspace: *workspace,
                external_id: (*external_id).to_owned(),
                total_credits: amount(row, 2)?,
                used_credits: amount(row, 3)?,
                allow_overages: row.get(4)?,
                spend_cap: optional_amount(row, 5)?,
                created_at: row.get(6)?,
                updated_at: row.get(7)?,
            });
        }
    }
    Ok(meters)
}

/// What is left of these keys' counters; a key that is not counted is left out.
fn counters(
    transaction: &Transaction<'_>,
    keys: &BTreeSet<u128>,
) -> Result<Vec<(u128, u64)>, StoreError> {
    let mut find = transaction.prepare_cached(
        "SELECT usage_left FROM api_key WHERE id = ?1 AND usage_left IS NOT NULL",
    )?;
    let mut counters = Vec::with_capacity(keys.len());
    for key in keys {
        let left: Option<i64> = find.query_row([blob(*key)], |row| row.get(0)).optional()?;
        if let Some(left) = left {
            let left = u64::try_from(left).map_err(|error| broken("usage_left", error))?;
            counters.push((*key, left));
        }
    }
    Ok(counters)
}

/// What is kept under the names of charges.
fn kept(
    transaction: &Transaction<'_>,
    named: &[&IdempotencyRow],
) -> Result<Vec<IdempotencyRow>, StoreError> {
    let mut find = transaction.prepare_cached(KEPT)?;
    let mut kept = Vec::new();
    for once in named {
        let row = find.query_row([once.tag], |row| {
            Ok(IdempotencyRow {
                tag: row.get("tag")?,
                fingerprint: row.get("fingerprint")?,
                answer: row.get("answer")?,
                expires_at: row.get("expires_at")?,
            })
        });
        kept.extend(row.optional()?.filter(|row| once.kept_at() < row.expires_at));
    }
    Ok(kept)
}

fn keep(transaction: &Transaction<'_>, once: &IdempotencyRow) -> rusqlite::Result<()> {
    transaction.prepare_cached(PURGE_SOME)?.execute(params![once.kept_at(), PURGE])?;
    let IdempotencyRow { tag, fingerprint, answer, expires_at } = once;
    transaction.prepare_cached(KEEP)?.execute(params![tag, fingerprint, answer, expires_at])?;
    Ok(())
}

/// Adds to the usage of days. The sums are made here, because SQLite cannot add 38 digits; nobody else writes
/// meanwhile.
fn add_usage(
    transaction: &Transaction<'_>,
    usage: impl Iterator<Item = BilledRow>,
) -> Result<(), StoreError> {
    let mut find = transaction.prepare_cached(
        "SELECT amount FROM billed_usage WHERE team = ?1 AND billing_id = ?2 AND day = ?3 AND name = ?4",
    )?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO billed_usage (team, billing_id, day, name, amount) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (team, billing_id, day, name) DO UPDATE SET amount = excluded.amount",
    )?;
    for BilledRow { team, billing_id, day, name, amount: more } in usage {
        let team = blob(team);
        let mut rows = find.query(params![team, billing_id, day, name])?;
        let known = rows.next()?.map(|row| amount(row, 0)).transpose()?;
        drop(rows);
        let sum = known.unwrap_or_default().saturating_plus(more);
        put.execute(params![team, billing_id, day, name, sum.to_string()])?;
    }
    Ok(())
}

fn id(row: &Row<'_>, at: usize) -> rusqlite::Result<u128> {
    Ok(u128::from_be_bytes(row.get(at)?))
}

fn amount(row: &Row<'_>, at: usize) -> Result<Amount, StoreError> {
    Ok(optional_amount(row, at)?.ok_or_else(|| broken("amount", "is NULL"))?)
}

fn optional_amount(row: &Row<'_>, at: usize) -> Result<Option<Amount>, StoreError> {
    let digits: Option<String> = row.get(at)?;
    let parse = |digits: String| digits.parse().map_err(|_| broken("amount", "is not an amount"));
    Ok(digits.map(parse).transpose()?)
}
