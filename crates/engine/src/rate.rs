//! Rate limits: GCRA, the leaky bucket kept as one number.
//!
//! The number is the moment at which the bucket would be full again ("theoretical arrival time"). A limit
//! of n a second lets n through at once and then one every 1/n second. One compare-and-swap decides, so
//! the limit is exact however many threads ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use oneloop_protocol::UnixMillis;
use oneloop_protocol::verify::RateLimit;

use crate::clock::Clock;

const SECOND: i64 = 1_000_000_000;

/// A bucket that was swept away: whoever still holds it must look it up again.
const SWEPT: i64 = i64::MAX;

/// One bucket: nanoseconds on the clock's monotonic hand at which it is full again. A new bucket is full.
#[derive(Debug, Default)]
pub(crate) struct Bucket(AtomicI64);

/// What a bucket answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether one more may pass (or has passed, if it was taken).
    pub(crate) allowed: bool,
    /// How many more would pass right now.
    pub(crate) remaining: u32,
    /// Nanoseconds until the bucket is full again.
    pub(crate) full_in: i64,
}

impl Reading {
    /// As the wire shows it.
    pub(crate) fn on_wire(self, now: UnixMillis) -> RateLimit {
        let millis = self.full_in / 1_000_000 + i64::from(self.full_in % 1_000_000 > 0);
        RateLimit { remaining: self.remaining, reset_at: now.saturating_add(millis) }
    }
}

/// The arithmetic of one limit at one moment. In nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gcra {
    /// Until one more comes back.
    pub(crate) interval: i64,
    /// How far ahead of now a bucket may be.
    pub(crate) burst: i64,
    now: i64,
}

impl Gcra {
    /// `limit` in `period`, at the moment 0: for who counts from the moment of asking.
    pub(crate) fn of(limit: u32, period: Duration) -> Self {
        Self::per(limit, i64::try_from(period.as_nanos()).unwrap_or(i64::MAX), 0)
    }

    fn new(limit: u32, now: i64) -> Self {
        Self::per(limit, SECOND, now)
    }

    /// `limit` in `period` nanoseconds.
    fn per(limit: u32, period: i64, now: i64) -> Self {
        // Past a thousand million a second the interval would round to nothing.
        let interval = (period / i64::from(limit.max(1))).max(1);
        Self { interval, burst: interval.saturating_mul(i64::from(limit)), now }
    }

    /// The reading, and what the bucket holds after one was taken.
    fn take(&self, full_at: i64) -> (Reading, Option<i64>) {
        let full_at = full_at.max(self.now);
        let after = full_at.saturating_add(self.interval);
        let allowed = after - self.now <= self.burst;
        let full_at = if allowed { after } else { full_at };
        (self.reading(allowed, full_at), allowed.then_some(after))
    }

    pub(crate) fn reading(&self, allowed: bool, full_at: i64) -> Reading {
        let full_in = full_at.max(self.now) - self.now;
        let remaining = (self.burst - full_in).max(0) / self.interval;
        Reading { allowed, remaining: u32::try_from(remaining).unwrap_or(u32::MAX), full_in }
    }
}

impl Bucket {
    /// Takes one from the bucket if it has one. `None` if the bucket was swept away.
    fn try_take(&self, gcra: &Gcra) -> Option<Reading> {
        let mut held = self.0.load(Ordering::Relaxed);
        loop {
            if held == SWEPT {
                return None;
            }
            let (reading, after) = gcra.take(held);
            let Some(after) = after else { return Some(reading) };
            match self.0.compare_exchange_weak(held, after, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(reading),
                Err(current) => held = current,
            }
        }
    }

    /// Takes one from a bucket that is never swept.
    pub(crate) fn take(&self, limit: u32, now: i64) -> Reading {
        let gcra = Gcra::new(limit, now);
        self.try_take(&gcra).unwrap_or_else(|| gcra.reading(true, now))
    }

    /// Puts back what was taken for a request that did not pass after all.
    pub(crate) fn give_back(&self, limit: u32) {
        let interval = Gcra::new(limit, 0).interval;
        let back = |held| (held != SWEPT && held != i64::MIN).then(|| held - interval);
        // Ignored: a bucket that was swept away is full already.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, back);
    }

    /// Where the bucket stands, without taking anything.
    pub(crate) fn peek(&self, limit: u32, now: i64) -> Reading {
        let held = self.0.load(Ordering::Relaxed);
        let held = if held == SWEPT { now } else { held };
        let gcra = Gcra::new(limit, now);
        gcra.reading(gcra.take(held).0.allowed, held)
    }

    /// Retires the bucket if it is full: a full bucket and no bucket are the same.
    fn sweep(&self, now: i64) -> bool {
        let held = self.0.load(Ordering::Relaxed);
        let idle = held <= now;
        // Only if nobody took from it in between.
        idle && self.0.compare_exchange(held, SWEPT, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// What a named bucket counts. Buckets of different kinds are different ones, whatever their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// Verifications of keys, whose limits are for a second.
    Keys,
    /// Verifications of tokens, with limits for this long: a month at most.
    Tokens(Duration),
}

impl Counted {
    /// How long a limit is for.
    pub(crate) fn period(self) -> Duration {
        match self {
            Self::Keys => Duration::from_secs(1),
            Self::Tokens(period) => period,
        }
    }
}

/// Team, kind and name.
type BucketKey = (u128, Counted, Box<str>);

/// The buckets that callers name (`rateLimitConfig.id`).
///
/// A bucket is full again one period after its last use, for keys a second, and is then swept away; so there are
/// never more than the names used within that time.
#[derive(Debug, Default)]
pub(crate) struct NamedBuckets {
    buckets: papaya::HashMap<BucketKey, Arc<Bucket>>,
}

impl NamedBuckets {
    /// Takes one from the bucket `name` of `team`.
    pub(crate) fn take(
        &self,
        team: u128,
        counted: Counted,
        name: &str,
        limit: u32,
        clock: &dyn Clock,
    ) -> Reading {
        let period = i64::try_from(counted.period().as_nanos()).unwrap_or(i64::MAX);
        let key = (team, counted, Box::from(name));
        loop {
            let bucket = self.bucket(&key);
            let gcra = Gcra::per(limit, period, clock.monotonic_nanos());
            if let Some(reading) = bucket.try_take(&gcra) {
                return reading;
            }
            // Swept between look-up and use. Help the sweeper, so that this loop cannot spin on it.
            self.remove(&key, &bucket);
        }
    }

    /// Puts back what was taken for a key's request that did not pass after all.
    pub(crate) fn give_back(&self, team: u128, name: &str, limit: u32) {
        if let Some(bucket) = self.buckets.pin().get(&(team, Counted::Keys, Box::from(name))) {
            bucket.give_back(limit);
        }
    }

    /// Where the bucket of keys stands, without taking anything or making one.
    pub(crate) fn peek(&self, team: u128, name: &str, limit: u32, clock: &dyn Clock) -> Reading {
        let now = clock.monotonic_nanos();
        let full = Bucket(AtomicI64::new(now));
        match self.buckets.pin().get(&(team, Counted::Keys, Box::from(name))) {
            Some(bucket) => bucket.peek(limit, now),
            None => full.peek(limit, now),
        }
    }

    /// Forgets every bucket that is full.
    pub(crate) fn sweep(&self, clock: &dyn Clock) {
        let now = clock.monotonic_nanos();
        self.buckets.pin().retain(|_, bucket| !bucket.sweep(now));
    }

    fn bucket(&self, key: &BucketKey) -> Arc<Bucket> {
        let buckets = self.buckets.pin();
        if let Some(bucket) = buckets.get(key) {
            return Arc::clone(bucket);
        }
        let new = || Arc::new(Bucket(AtomicI64::new(i64::MIN)));
        Arc::clone(buckets.get_or_insert_with(key.clone(), new))
    }

    fn remove(&self, key: &BucketKey, swept: &Arc<Bucket>) {
        let same = |_: &_, bucket: &Arc<Bucket>| Arc::ptr_eq(bucket, swept);
        // Ignored: whether it was still there is of no interest, only that it is not any more.
        let _ = self.buckets.pin().remove_if(key, same);
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.buckets.pin().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_burst_of_the_limit_and_then_one_each_interval() {
        let (bucket, clock) = (Bucket::default(), ManualClock::at(1_000));
        let take = || bucket.take(5, clock.monotonic_nanos());
        for remaining in [4, 3, 2, 1, 0] {
            let reading = take();
            assert_eq!((reading.allowed, reading.remaining), (true, remaining));
        }
        assert_eq!(take(), Reading { allowed: false, remaining: 0, full_in: SECOND });

        clock.advance(Duration::from_millis(199));
        assert!(!take().allowed, "one millisecond early");
        clock.advance(Duration::from_millis(1));
        assert!(take().allowed && !take().allowed, "exactly one more");
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let (bucket, clock) = (Bucket::default(), ManualClock::at(1_000));
        let take = || bucket.take(2, clock.monotonic_nanos()).allowed;
        assert!(take() && take() && !take());
        bucket.give_back(2);
        assert!(take() && !take());
    }

    #[test]
    fn a_limit_may_be_for_longer_than_a_second() {
        let (buckets, clock) = (NamedBuckets::default(), ManualClock::at(1_000));
        let take = || {
            let minute = Counted::Tokens(Duration::from_secs(60));
            buckets.take(1, minute, "slow", 2, &clock)
        };
        assert!(take().allowed && take().allowed);
        let refused = take();
        assert_eq!((refused.allowed, refused.full_in), (false, 60 * SECOND));
        clock.advance(Duration::from_secs(29));
        buckets.sweep(&clock);
        assert!(!take().allowed);
        clock.advance(Duration::from_secs(1));
        assert!(take().allowed && !take().allowed);
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let (bucket, clock) = (Bucket::default(), ManualClock::at(1_000));
        assert!(bucket.take(1, clock.monotonic_nanos()).allowed);
        for _ in 0..100 {
            assert!(!bucket.take(1, clock.monotonic_nanos()).allowed);
        }
        clock.advance(Duration::from_secs(1));
        assert!(bucket.take(1, clock.monotonic_nanos()).allowed);
    }

    #[test]
    fn a_peek_takes_nothing() {
        let (bucket, clock) = (Bucket::default(), ManualClock::at(1_000));
        for _ in 0..3 {
            let reading = bucket.peek(2, clock.monotonic_nanos());
            assert_eq!((reading.allowed, reading.remaining, reading.full_in), (true, 2, 0));
        }
        bucket.take(2, clock.monotonic_nanos());
        assert_eq!(bucket.peek(2, clock.monotonic_nanos()).remaining, 1);
    }

    #[test]
    fn reset_is_when_the_bucket_is_full_in_whole_milliseconds_rounded_up() {
        let reading = |full_in| Reading { allowed: true, remaining: 0, full_in }.on_wire(10);
        assert_eq!(reading(0).reset_at, 10);
        assert_eq!(reading(1).reset_at, 11);
        assert_eq!(reading(1_000_000).reset_at, 11);
        assert_eq!(reading(1_000_001).reset_at, 12);
    }

    #[test]
    fn setting_the_wall_clock_back_blocks_nobody() {
        let (bucket, clock) = (Bucket::default(), ManualClock::at(1_000_000_000));
        assert!(bucket.take(1, clock.monotonic_nanos()).allowed);
        clock.set_wall(0);
        clock.advance(Duration::from_secs(1));
        assert!(bucket.take(1, clock.monotonic_nanos()).allowed);
    }

    #[test]
    fn the_largest_limit_does_not_overflow() {
        let bucket = Bucket::default();
        assert!(bucket.take(u32::MAX, i64::MAX / 2).allowed);
    }

    #[test]
    fn threads_together_get_exactly_the_limit() {
        let (buckets, clock) = (NamedBuckets::default(), ManualClock::at(1_000));
        let passed = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        // A sweep in the middle must neither add nor lose one.
                        buckets.sweep(&clock);
                        if buckets.take(1, Counted::Keys, "shared", 50, &clock).allowed {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.into_inner(), 50);
    }

    #[test]
    fn named_buckets_are_apart_by_name_kind_and_team_and_vanish_when_full() {
        let (buckets, clock) = (NamedBuckets::default(), ManualClock::at(1_000));
        let (second, half) = (Duration::from_secs(1), Duration::from_millis(500));
        for (team, counted, name) in [
            (1, Counted::Keys, "a"),
            (1, Counted::Keys, "b"),
            (2, Counted::Keys, "a"),
            (1, Counted::Tokens(second), "a"),
            (1, Counted::Tokens(half), "a"),
        ] {
            let take = || buckets.take(team, counted, name, 1, &clock).allowed;
            assert!(take(), "{team} {counted:?} {name}");
            assert!(!take(), "{team} {counted:?} {name}");
        }
        buckets.sweep(&clock);
        assert_eq!(buckets.len(), 5, "in use");
        clock.advance(Duration::from_secs(1));
        buckets.sweep(&clock);
        assert_eq!(buckets.len(), 0, "full again");
    }
}
