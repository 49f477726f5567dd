//! How often keys are verified: counted in memory by verify, written in batches, read back for charts.
//!
//! At most half a second of counts is lost in a crash, and none at a proper end. Counts of several nodes add up.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use oneloop_protocol::usage::{DayUsage, KeyUsage, RouteUsage, Statuses};
use oneloop_protocol::{ApiKeyId, UnixMillis, Verdict};

use crate::api_key::own_key;
use crate::caller::Reach;
use crate::deadline::{LONG, within};
use crate::engine::Engine;
use crate::error::{EngineError, chain};
use crate::store::UsageRow;
use crate::tag::TagHasher;
use crate::time::{day_name, day_of};

/// Counting waits only for another count of the same shard.
const SHARDS: usize = 16;

/// Routes of one key between two writes. Patterns are few; whoever sends raw paths instead gets their count under
/// [`OTHER_ROUTES`].
const ROUTES: usize = 64;

/// Rows written at once: what a busy server counts in one interval, and no more memory than that.
const BATCH: usize = 50_000;

/// The route that stands for all those that are too many.
pub(crate) const OTHER_ROUTES: &str = "*";

/// Counts that are not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    shards: [Mutex<Shard>; SHARDS],
    /// What was counted with the keys themselves.
    rows: Mutex<Vec<UsageRow>>,
}

/// The counts of some keys. Key ids are UUIDs, whose last bytes are random: they need no further hashing.
type Shard = HashMap<u64, Vec<Counts>, TagHasher>;

/// The counts of one key, day and route.
#[derive(Debug)]
struct Counts {
    key: u128,
    day: i64,
    route: Box<str>,
    verdicts: [u32; Verdict::ALL.len()],
}

impl Usage {
    /// Counts one verification.
    ///
    /// That of a valid key for no named route, which is the rule, is counted with the key by
    /// [`Live::count`](crate::key_entry::Live::count): one more number beside the one that verify touches anyway.
    pub(crate) fn count(&self, key: u128, route: &str, verdict: Verdict, now: UnixMillis) {
        let day = day_of(now);
        self.add(key, day, route, verdict, 1);
    }

    /// Adds what was counted with the keys.
    pub(crate) fn add_rows(&self, counted: Vec<UsageRow>) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).extend(counted);
    }

    fn add(&self, key: u128, day: i64, route: &str, verdict: Verdict, times: u32) {
        let low = key as u64;
        let Some(shard) = self.shards.get(low as usize % SHARDS) else { return };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = shard.entry(low).or_default();
        let route = if counts.len() < ROUTES { route } else { OTHER_ROUTES };
        let same = |counts: &Counts| {
            counts.key == key && counts.day == day && counts.route.as_ref() == route
        };
        let at = counts.iter().position(same).unwrap_or_else(|| {
            let verdicts = Default::default();
            counts.push(Counts { key, day, route: route.into(), verdicts });
            counts.len() - 1
        });
        let counted =
            counts.get_mut(at).and_then(|counts| counts.verdicts.get_mut(verdict as usize));
        if let Some(counted) = counted {
            *counted = counted.saturating_add(times);
        }
    }

    /// Takes everything for writing.
    fn take(&self) -> Vec<UsageRow> {
        let mut rows =
            std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        for shard in &self.shards {
            let taken = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            for Counts { key, day, route, verdicts } in taken.into_values().flatten() {
                let counted = Verdict::ALL.iter().zip(verdicts).filter(|(_, count)| *count > 0);
                rows.extend(counted.map(|(verdict, count)| UsageRow {
                    key,
                    day,
                    route: route.to_string(),
                    verdict: *verdict,
                    count: u64::from(count),
                }));
            }
        }
        rows
    }
}

/// The row for `times` uses that were counted with a key and the last of which was at `at`; none for none. They
/// lie within half a second of each other, so those before midnight may count for the day after.
pub(crate) fn uses(key: u128, at: UnixMillis, times: u32) -> Option<UsageRow> {
    (times > 0).then(|| UsageRow {
        key,
        day: day_of(at),
        route: String::new(),
        verdict: Verdict::Valid,
        count: u64::from(times),
    })
}

impl Engine {
    /// Writes every count so far. What cannot be written waits for the next time.
    pub(crate) async fn flush_usage(&self) {
        let rows = self.usage().take();
        for batch in rows.chunks(BATCH) {
            if let Err(error) = within(LONG, self.store().note_usage(batch)).await {
                let error = chain(&error);
                tracing::warn!(error, "Cannot write how often keys were used; will retry");
                for UsageRow { key, day, route, verdict, count } in batch {
                    let times = u32::try_from(*count).unwrap_or(u32::MAX);
                    self.usage().add(*key, *day, route, *verdict, times);
                }
            }
        }
    }

    /// How a key within `reach` was used today and on the days before, `days` in all.
    pub async fn key_usage(
        &self,
        reach: &Reach,
        id: &ApiKeyId,
        days: u32,
    ) -> Result<KeyUsage, EngineError> {
        let today = day_of(self.now());
        let first = today - i64::from(days.max(1)) + 1;
        let mut store = self.snapshot().await?;
        let (_, key) = own_key(store.as_mut(), reach, id).await?;
        let rows = store.usage(key.id, first, today).await?;

        let mut by_day: BTreeMap<i64, Statuses> =
            (first..=today).map(|day| (day, Statuses::new())).collect();
        let mut by_route = BTreeMap::<String, Statuses>::new();
        for UsageRow { day, route, verdict, count, .. } in rows {
            *by_day.entry(day).or_default().entry(verdict).or_default() += count;
            *by_route.entry(route).or_default().entry(verdict).or_default() += count;
        }
        let total = |statuses: &Statuses| statuses.values().sum();
        let days = by_day.into_iter().map(|(day, statuses)| DayUsage {
            day: day_name(day),
            total: total(&statuses),
            statuses,
        });
        let routes = by_route.into_iter().map(|(route, statuses)| {
            let route = (!route.is_empty()).then_some(route);
            RouteUsage { route, total: total(&statuses), statuses }
        });
        let mut routes: Vec<_> = routes.collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.total));
        Ok(KeyUsage { api_key_id: id.clone(), days: days.collect(), routes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: UnixMillis = 24 * 60 * 60 * 1_000;

    #[test]
    fn counts_are_apart_by_key_day_route_and_verdict_and_taken_once() {
        let usage = Usage::default();
        // Two keys with the same low half: apart all the same.
        let (one, other) = (7, 7 | 1 << 100);
        for _ in 0..3 {
            usage.count(one, "/a", Verdict::Valid, 5 * DAY);
        }
        usage.count(one, "/a", Verdict::Expired, 5 * DAY);
        usage.count(one, "/b", Verdict::Valid, 5 * DAY);
        usage.count(one, "/a", Verdict::Valid, 6 * DAY);
        usage.count(other, "/a", Verdict::Valid, 5 * DAY);
        let mut rows = usage.take();
        rows.sort_by_key(|row| (row.key, row.day, row.route.clone(), row.verdict));
        let rows: Vec<_> = rows
            .iter()
            .map(|row| (row.key, row.day, row.route.as_str(), row.verdict, row.count))
            .collect();
        assert_eq!(
            rows,
            [
                (one, 5, "/a", Verdict::Expired, 1),
                (one, 5, "/a", Verdict::Valid, 3),
                (one, 5, "/b", Verdict::Valid, 1),
                (one, 6, "/a", Verdict::Valid, 1),
                (other, 5, "/a", Verdict::Valid, 1),
            ]
        );
        assert!(usage.take().is_empty());
    }

    #[test]
    fn routes_that_are_too_many_are_counted_together() {
        let usage = Usage::default();
        for route in 0..1_000 {
            usage.count(1, &format!("/{route}"), Verdict::Valid, 0);
        }
        let rows = usage.take();
        assert_eq!(rows.len(), ROUTES + 1);
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 1_000);
    }
}
