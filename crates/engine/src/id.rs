//! New ids: UUIDv7, so that ids of one kind sort by age, within one millisecond too.

use std::sync::{Mutex, PoisonError};

use oneloop_protocol::UnixMillis;
use uuid::timestamp::context::ContextV7;
use uuid::{Builder, Timestamp, Uuid};

use crate::entropy;
use crate::error::EngineError;

/// Hands out ids in ascending order.
pub(crate) struct IdSource {
    context: Mutex<ContextV7>,
}

impl IdSource {
    pub(crate) fn new() -> Self {
        Self { context: Mutex::new(ContextV7::new()) }
    }

    /// An id for something created now.
    pub(crate) fn next(&self, now: UnixMillis) -> u128 {
        let millis = u64::try_from(now).unwrap_or(0);
        // Below 1,000 million, so it always fits.
        let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(Timestamp::from_unix(&*context, millis / 1_000, nanos)).as_u128()
    }
}

/// An id for something that was created elsewhere at `created_at`, so that it sorts by its real age.
pub(crate) fn of_age(created_at: UnixMillis) -> Result<u128, EngineError> {
    let mut random = [0_u8; 10];
    entropy::fill(&mut random).map_err(EngineError::internal)?;
    let millis = u64::try_from(created_at).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random).into_uuid().as_u128())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_ascend() {
        let source = IdSource::new();
        let ids: Vec<_> = (0..1_000).map(|_| source.next(1_763_884_800_123)).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert_eq!(ids[0] >> 80, 1_763_884_800_123, "the first 48 bits are the time");
    }

    #[test]
    fn an_older_thing_sorts_before_a_newer_one() {
        let source = IdSource::new();
        let new = source.next(1_763_884_800_000);
        assert!(of_age(1_600_000_000_000).expect("the OS has entropy") < new);
    }
}
