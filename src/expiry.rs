//! When a new key ends: the presets, and a date of one's own.

use oneloop_protocol::UnixMillis;

use crate::key_status::DAY;

/// What a person picks for the end of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpiryChoice {
    /// So many days of 24 hours from now.
    Days(u16),
    /// The end of a day picked from a calendar, in the person's own time zone.
    OnDate,
    /// Not at all.
    Never,
}

impl ExpiryChoice {
    /// Every choice, in the order they are offered.
    pub const ALL: [Self; 6] =
        [Self::Days(7), Self::Days(30), Self::Days(90), Self::Days(365), Self::OnDate, Self::Never];

    /// What stands selected at first: long enough for a deployment, short enough to be noticed.
    pub const DEFAULT: Self = Self::Days(90);
}

/// The end of a key, or why there is none yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// The key ends at this moment.
    At(UnixMillis),
    /// The key never ends.
    Never,
    /// A date was asked for, and none is filled in that could be read.
    NoDate,
    /// The date lies in the past.
    Past,
}

impl Expiry {
    /// What `choice` means at `now`. `end_of_day` is the end of the picked date, when there is one.
    pub fn resolve(choice: ExpiryChoice, end_of_day: Option<UnixMillis>, now: UnixMillis) -> Self {
        match (choice, end_of_day) {
            (ExpiryChoice::Days(days), _) => Self::At(now + i64::from(days) * DAY),
            (ExpiryChoice::Never, _) => Self::Never,
            (ExpiryChoice::OnDate, None) => Self::NoDate,
            (ExpiryChoice::OnDate, Some(at)) if at <= now => Self::Past,
            (ExpiryChoice::OnDate, Some(at)) => Self::At(at),
        }
    }

    /// Whether a key can be created with it.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::At(_) | Self::Never)
    }

    /// The field of the request; `None` also when it is not usable.
    pub fn millis(self) -> Option<UnixMillis> {
        match self {
            Self::At(at) => Some(at),
            _ => None,
        }
    }
}

/// Reads what `<input type="date">` holds: `YYYY-MM-DD` as year, month from 1, and day.
///
/// The browser only ever puts a real date there, or nothing; anything else is refused, not repaired.
pub fn read_date(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.splitn(3, '-');
    let mut next = |digits: usize| {
        let part = parts.next()?;
        let plain = part.len() >= digits && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse().ok())?
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    ((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day))
        .then_some((year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = 1_800_000_000_000;

    #[test]
    fn presets_are_whole_days_from_now() {
        let resolve = |choice| Expiry::resolve(choice, None, NOW);
        assert_eq!(resolve(ExpiryChoice::Days(7)), Expiry::At(NOW + 604_800_000));
        assert_eq!(resolve(ExpiryChoice::Days(365)), Expiry::At(NOW + 31_536_000_000));
        assert_eq!(resolve(ExpiryChoice::Never), Expiry::Never);
        assert_eq!(resolve(ExpiryChoice::Never).millis(), None);
    }

    #[test]
    fn a_date_must_be_there_and_ahead() {
        let resolve = |date| Expiry::resolve(ExpiryChoice::OnDate, date, NOW);
        assert_eq!(resolve(None), Expiry::NoDate);
        assert_eq!(resolve(Some(NOW)), Expiry::Past);
        assert_eq!(resolve(Some(NOW + 1)), Expiry::At(NOW + 1));
        assert!(!resolve(None).is_usable() && !resolve(Some(NOW)).is_usable());
    }

    #[test]
    fn a_preset_ignores_a_date_left_in_the_field() {
        assert_eq!(Expiry::resolve(ExpiryChoice::Never, Some(NOW - 1), NOW), Expiry::Never);
    }

    #[test]
    fn dates_are_read_as_browsers_write_them() {
        assert_eq!(read_date("2027-02-21"), Some((2027, 2, 21)));
        assert_eq!(read_date("12027-02-21"), None);
        for bad in [
            "",
            "2027",
            "2027-02",
            "2027-13-01",
            "2027-00-01",
            "2027-02-32",
            "21.02.2027",
            "+227-02-21",
        ] {
            assert_eq!(read_date(bad), None, "{bad}");
        }
    }
}
