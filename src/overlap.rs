//! How long a rotated key's old secret goes on working.

/// An hour in seconds: the unit in which a person writes an overlap of their own.
const HOUR: u64 = 3_600;

/// What a person picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// So many seconds; 0 is not at all.
    Seconds(u64),
    /// A number of hours of one's own.
    Custom,
}

impl Overlap {
    /// The choices when an overlap may last `most` seconds.
    pub fn offered(most: u64) -> Vec<Self> {
        let presets = [0, HOUR, 24 * HOUR, 7 * 24 * HOUR];
        let fitting = presets.into_iter().filter(|seconds| *seconds <= most).map(Self::Seconds);
        fitting.chain((most >= HOUR).then_some(Self::Custom)).collect()
    }

    /// The place of what is selected at first: a day, which is enough to roll a secret out and short enough to end
    /// by itself, or the longest there is below it.
    pub fn default_place(offered: &[Self]) -> usize {
        let is_short = |choice: &Self| matches!(choice, Self::Seconds(..=86_400));
        offered.iter().rposition(is_short).unwrap_or_default()
    }
}

/// The seconds behind a number of hours as it was typed; `None` unless it is whole, from 1, and within `most`
/// seconds.
pub fn custom_seconds(typed: &str, most: u64) -> Option<u64> {
    let hours: u64 = typed.trim().parse().ok()?;
    let seconds = hours.checked_mul(HOUR)?;
    (seconds > 0 && seconds <= most).then_some(seconds)
}

/// How many whole hours an overlap may last.
pub fn most_hours(most: u64) -> usize {
    usize::try_from(most / HOUR).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::limits::OVERLAP_SECONDS_MAX;

    use super::*;

    #[test]
    fn what_is_offered_is_allowed_and_one_is_selected() {
        use Overlap::{Custom, Seconds};
        let all = Overlap::offered(OVERLAP_SECONDS_MAX);
        assert_eq!(all, [Seconds(0), Seconds(3_600), Seconds(86_400), Seconds(604_800), Custom]);
        assert_eq!(Overlap::default_place(&all), 2);
        let few = Overlap::offered(7_200);
        assert_eq!(few, [Seconds(0), Seconds(3_600), Custom]);
        assert_eq!(Overlap::default_place(&few), 1);
        assert_eq!(Overlap::offered(0), [Seconds(0)]);
    }

    #[test]
    fn hours_of_one_s_own_are_whole_and_within_the_limit() {
        assert_eq!(custom_seconds(" 36 ", OVERLAP_SECONDS_MAX), Some(129_600));
        assert_eq!(custom_seconds("720", OVERLAP_SECONDS_MAX), Some(OVERLAP_SECONDS_MAX));
        for bad in ["", "0", "-1", "1.5", "721", "x", "99999999999999999999"] {
            assert_eq!(custom_seconds(bad, OVERLAP_SECONDS_MAX), None, "{bad}");
        }
    }
}
