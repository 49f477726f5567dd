//! Where the time comes from. Everything that depends on time takes it from here, so a test can stand
//! exactly on the edge of an expiry or a window.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use oneloop_protocol::UnixMillis;

/// A clock with two hands.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Wall-clock time: for expiries and records. May step back when the system's clock is set.
    fn now(&self) -> UnixMillis;

    /// Nanoseconds since some fixed moment; never steps back. For rate limits, which a clock set back by
    /// an hour must not block for an hour.
    fn monotonic_nanos(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The machine's clock, whose monotonic hand starts now.
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        // A clock before 1970 reads as 0: everything with an expiry is then still valid, nothing panics.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic_nanos(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }
}

/// A clock that moves only when told to, for tests.
#[derive(Debug)]
pub struct ManualClock {
    hands: Mutex<Hands>,
}

#[derive(Debug)]
struct Hands {
    wall: UnixMillis,
    monotonic_nanos: i64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: UnixMillis) -> Self {
        Self { hands: Mutex::new(Hands { wall: now, monotonic_nanos: 0 }) }
    }

    /// Moves both hands forward.
    pub fn advance(&self, by: Duration) {
        let mut hands = self.hands();
        hands.wall += i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        hands.monotonic_nanos += i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
    }

    /// Sets the wall clock, as an administrator would: the monotonic hand stays.
    pub fn set_wall(&self, now: UnixMillis) {
        self.hands().wall = now;
    }

    fn hands(&self) -> std::sync::MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMillis {
        self.hands().wall
    }

    fn monotonic_nanos(&self) -> i64 {
        self.hands().monotonic_nanos
    }
}
