//! Moments as an operator writes and reads them.

use std::str::FromStr;

use jiff::Timestamp;
use oneloop_protocol::{IsoTime, UnixMillis};

/// A moment on the command line: RFC 3339, with an offset, so that nobody's time zone is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) UnixMillis);

/// A moment that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected a moment with its offset, such as 2026-11-24T18:00:00Z or 2026-11-24T19:00:00+01:00"
)]
pub(crate) struct BadMoment;

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        text.parse::<Timestamp>().map(|at| Self(at.as_millisecond())).map_err(|_| BadMoment)
    }
}

/// The moment to the second, in UTC. One that no calendar holds is shown as its number.
pub(crate) fn describe(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at).map_or_else(
        |_| at.to_string(),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// The same for a moment as the engine writes it.
pub(crate) fn describe_iso(at: &IsoTime) -> String {
    at.0.parse::<Timestamp>().map_or_else(|_| at.0.clone(), |at| describe(at.as_millisecond()))
}

/// The moment as JSON answers write it: ISO 8601, UTC, milliseconds, `Z`.
pub(crate) fn iso(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at).map_or_else(
        |_| at.to_string(),
        |moment| moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_needs_its_offset() {
        let at = |text: &str| text.parse::<Moment>().map(|moment| moment.0);
        assert_eq!(at("2026-11-24T18:00:00Z").expect("UTC"), 1_795_543_200_000);
        assert_eq!(at("2026-11-24T19:00:00+01:00").expect("CET"), 1_795_543_200_000);
        for vague in ["2026-11-24T18:00:00", "2026-11-24", "tomorrow"] {
            assert!(at(vague).is_err(), "{vague}");
        }
    }

    #[test]
    fn moments_are_shown_in_utc() {
        let iso_time = IsoTime("2026-11-24T18:00:00.007Z".to_owned());
        assert_eq!(describe_iso(&iso_time), "2026-11-24 18:00:00 UTC");
        assert_eq!(describe(1_795_543_200_000), "2026-11-24 18:00:00 UTC");
        assert_eq!(iso(1_795_543_200_007), "2026-11-24T18:00:00.007Z");
    }
}
