//! When a new key ends: the presets, and a date of one's own.

use oneloop_protocol::UnixMillis;

use crate::key_status::{DAY, HOUR};
use crate::terms::Terms;

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
    /// The choices under some terms, in the order they are offered: what the page offers and the terms allow.
    pub fn offered(presets: &[u16], terms: &Terms) -> Vec<Self> {
        let days =
            presets.iter().filter(|days| terms.allow_days(**days)).map(|days| Self::Days(*days));
        let never = (!terms.expiry_required).then_some(Self::Never);
        days.chain([Self::OnDate]).chain(never).collect()
    }

    /// The place of what stands selected at first: the longest lifetime up to 90 days, long enough for a deployment
    /// and short enough to be noticed; else whatever comes first.
    pub fn default_place(offered: &[Self]) -> usize {
        let is_short = |choice: &Self| matches!(choice, Self::Days(..=90));
        offered.iter().rposition(is_short).unwrap_or_default()
    }
}

impl ExpiryChoice {
    /// Whether a key that was to live this long, in milliseconds, was made with this choice; `None` = without end.
    /// Within an hour: moments are rounded, and a day may have had a change of clocks.
    pub fn lasts(self, lifetime: Option<i64>) -> bool {
        match (self, lifetime) {
            (Self::Days(days), Some(lifetime)) => (lifetime - i64::from(days) * DAY).abs() <= HOUR,
            (Self::Never, None) => true,
            _ => false,
        }
    }
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
    /// The terms want a key to live longer: until this moment at least.
    TooSoon(UnixMillis),
    /// The terms want a key to end sooner: at this moment at the latest.
    TooLate(UnixMillis),
}

impl Expiry {
    /// What `choice` means at `now`. `picked` is the picked date and time, when there is one.
    pub fn resolve(
        choice: ExpiryChoice,
        picked: Option<UnixMillis>,
        now: UnixMillis,
        terms: &Terms,
    ) -> Self {
        let (least, most) =
            (now + terms.least_lifetime, terms.most_lifetime.map(|most| now + most));
        match (choice, picked) {
            (ExpiryChoice::Days(days), _) => Self::At(now + i64::from(days) * DAY),
            (ExpiryChoice::Never, _) => Self::Never,
            (ExpiryChoice::OnDate, None) => Self::NoDate,
            (ExpiryChoice::OnDate, Some(at)) if at <= now => Self::Past,
            (ExpiryChoice::OnDate, Some(at)) if at < least => Self::TooSoon(least),
            (ExpiryChoice::OnDate, Some(at)) => match most {
                Some(most) if at > most => Self::TooLate(most),
                _ => Self::At(at),
            },
        }
    }

    /// Whether a key can be created with it.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::At(_) | Self::Never)
    }

    /// The moment it is about: the end, or the bound that the picked end breaks.
    pub fn moment(self) -> Option<UnixMillis> {
        match self {
            Self::At(at) | Self::TooSoon(at) | Self::TooLate(at) => Some(at),
            _ => None,
        }
    }

    /// The field of the request; `None` also when it is not usable.
    pub fn millis(self) -> Option<UnixMillis> {
        match self {
            Self::At(at) => Some(at),
            _ => None,
        }
    }
}

/// Reads what `<input type="time">` holds: `HH:MM` as minutes since midnight. Seconds, which some browsers add, are
/// left out.
pub fn read_time(text: &str) -> Option<u32> {
    let (hours, rest) = text.split_once(':')?;
    let minutes = rest.split(':').next()?;
    let two_digits = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| part.parse::<u32>().ok())?
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
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
        let resolve = |choice| Expiry::resolve(choice, None, NOW, &Terms::default());
        assert_eq!(resolve(ExpiryChoice::Days(7)), Expiry::At(NOW + 604_800_000));
        assert_eq!(resolve(ExpiryChoice::Days(365)), Expiry::At(NOW + 31_536_000_000));
        assert_eq!(resolve(ExpiryChoice::Never), Expiry::Never);
        assert_eq!(resolve(ExpiryChoice::Never).millis(), None);
    }

    #[test]
    fn a_lifetime_is_known_by_its_choice() {
        use ExpiryChoice::{Days, Never, OnDate};
        assert!(Days(30).lasts(Some(30 * DAY)) && Days(30).lasts(Some(30 * DAY - 5_000)));
        assert!(!Days(30).lasts(Some(31 * DAY)) && !Days(30).lasts(None));
        assert!(Never.lasts(None) && !Never.lasts(Some(DAY)) && !OnDate.lasts(Some(DAY)));
    }

    #[test]
    fn a_date_must_be_there_and_ahead() {
        let resolve = |date| Expiry::resolve(ExpiryChoice::OnDate, date, NOW, &Terms::default());
        assert_eq!(resolve(None), Expiry::NoDate);
        assert_eq!(resolve(Some(NOW)), Expiry::Past);
        assert_eq!(resolve(Some(NOW + 1)), Expiry::At(NOW + 1));
        assert!(!resolve(None).is_usable() && !resolve(Some(NOW)).is_usable());
    }

    #[test]
    fn a_preset_ignores_a_date_left_in_the_field() {
        let terms = Terms::default();
        assert_eq!(Expiry::resolve(ExpiryChoice::Never, Some(NOW - 1), NOW, &terms), Expiry::Never);
    }

    #[test]
    fn the_terms_decide_what_is_offered_and_what_is_selected() {
        use ExpiryChoice::{Days, Never, OnDate};
        let offered = |terms: &Terms| ExpiryChoice::offered(&[7, 30, 90, 365], terms);
        let free = offered(&Terms::default());
        assert_eq!(free, [Days(7), Days(30), Days(90), Days(365), OnDate, Never]);
        assert_eq!(ExpiryChoice::default_place(&free), 2);
        let held =
            Terms { most_lifetime: Some(40 * DAY), expiry_required: true, ..Terms::default() };
        assert_eq!(offered(&held), [Days(7), Days(30), OnDate]);
        assert_eq!(ExpiryChoice::default_place(&offered(&held)), 1);
        assert_eq!(ExpiryChoice::default_place(&[Days(365), OnDate]), 0);
        assert_eq!(ExpiryChoice::default_place(&[OnDate, Never]), 0);
    }

    #[test]
    fn a_date_of_one_s_own_is_held_to_the_terms() {
        let terms = Terms { least_lifetime: DAY, most_lifetime: Some(9 * DAY), ..Terms::default() };
        let resolve = |at| Expiry::resolve(ExpiryChoice::OnDate, Some(NOW + at), NOW, &terms);
        assert_eq!(resolve(DAY - 1), Expiry::TooSoon(NOW + DAY));
        assert_eq!(resolve(DAY), Expiry::At(NOW + DAY));
        assert_eq!(resolve(9 * DAY + 1), Expiry::TooLate(NOW + 9 * DAY));
        assert!(!resolve(1).is_usable());
    }

    #[test]
    fn times_are_read_as_browsers_write_them() {
        assert_eq!(read_time("00:00"), Some(0));
        assert_eq!(read_time("23:59"), Some(1_439));
        assert_eq!(read_time("07:05:30"), Some(425));
        for bad in ["", "7:05", "24:00", "12:60", "12", "ab:cd"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
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
