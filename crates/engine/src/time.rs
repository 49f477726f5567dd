//! Between the two ways a moment is written on the wire.

use jiff::Timestamp;
use oneloop_protocol::{FieldError, IsoTime, Reason, UnixMillis};

/// ISO 8601, UTC, milliseconds, `Z` (decisions, "times").
pub(crate) fn iso(millis: UnixMillis) -> IsoTime {
    // Every stored moment was range-checked on its way in; 1970 is a visible sign of one that was not.
    let moment = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH);
    IsoTime(format!("{moment:.3}"))
}

/// Reads an ISO 8601 moment with any offset and precision, from 1970 on.
pub(crate) fn millis(field: &str, text: &IsoTime) -> Result<UnixMillis, FieldError> {
    let read = text.0.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    read.filter(|millis| *millis >= 0).ok_or_else(|| {
        let message = format!("{field} must be a moment such as 2026-11-23T08:00:00.000Z");
        FieldError::new(field, Reason::InvalidDate, message)
    })
}

/// The UTC day of a moment: days since 1970-01-01.
pub(crate) fn day_of(millis: UnixMillis) -> i64 {
    millis.div_euclid(24 * 60 * 60 * 1_000)
}

/// A day as `YYYY-MM-DD`.
pub(crate) fn day_name(day: i64) -> String {
    let moment = iso(day.saturating_mul(24 * 60 * 60 * 1_000)).0;
    moment.split_once('T').map_or(moment.clone(), |(day, _)| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_exactly_three_decimals() {
        assert_eq!(iso(1_763_884_800_000).0, "2025-11-23T08:00:00.000Z");
        assert_eq!(iso(1_763_884_800_120).0, "2025-11-23T08:00:00.120Z");
    }

    #[test]
    fn days_are_utc() {
        for (millis, day) in [
            (1_763_884_800_000, "2025-11-23"),
            (1_763_855_999_999, "2025-11-22"),
            (1_763_856_000_000, "2025-11-23"),
        ] {
            assert_eq!(day_name(day_of(millis)), day);
        }
    }

    #[test]
    fn offsets_and_precisions_are_read() {
        let read = |text: &str| millis("createdAt", &IsoTime(text.to_owned()));
        assert_eq!(read("2025-11-23T08:00:00Z"), Ok(1_763_884_800_000));
        assert_eq!(read("2025-11-23T09:00:00.1234567+01:00"), Ok(1_763_884_800_123));
        for bad in ["", "yesterday", "2025-11-23", "2025-11-23T08:00:00", "1969-12-31T23:59:59Z"] {
            let error = read(bad).expect_err(bad);
            assert_eq!((error.field.as_ref(), error.reason), ("createdAt", Reason::InvalidDate));
        }
    }
}
