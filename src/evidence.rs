//! What is known of a key's use: how often, and what happened to it.

use oneloop_protocol::IsoTime;
use serde::Deserialize;

/// One day (UTC) of a key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub day: String,
    /// How often the key was asked about.
    pub total: usize,
}

/// One thing that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: IsoTime,
    /// What: `api_key.rotated`.
    pub action: String,
    /// Who: `sdk_key`, `link_token` or `operator`.
    pub actor: String,
    /// Whether it was switched on or off.
    pub enabled: Option<bool>,
}

/// The days since a key exists: before that there was nothing to count. `created` is an ISO time.
pub fn since<'a>(days: &'a [Day], created: &str) -> &'a [Day] {
    // Both begin with the day in UTC, written so that they compare as texts.
    let born = created.get(..10).unwrap_or_default();
    let first = days.iter().position(|day| day.day.as_str() >= born);
    first.map_or(&[], |first| &days[first..])
}

/// Bars as the path of a picture with a unit of 8 for a day and a height of 40, the most used day at full height. `skip`
/// is how many days are left out in front. A day with any use has a bar that can be seen; one without has none.
pub fn bars(days: &[Day], skip: usize) -> String {
    let most = days.iter().map(|day| day.total).max().unwrap_or_default();
    let mut path = String::new();
    for (at, day) in days.iter().enumerate().filter(|(_, day)| day.total > 0) {
        // In 64 bits: the product may be more than wasm's own words hold.
        let height =
            usize::try_from(day.total as u64 * 40 / most as u64).unwrap_or_default().max(2);
        let left = (skip + at) * 8 + 4;
        path.push_str(&["M", &left.to_string(), " 40v-", &height.to_string()].concat());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(totals: &[usize]) -> Vec<Day> {
        let day = |(at, total): (usize, &usize)| Day {
            day: format!("2027-02-{:02}", at + 1),
            total: *total,
        };
        totals.iter().enumerate().map(day).collect()
    }

    #[test]
    fn days_before_the_key_are_no_days_without_use() {
        let days = days(&[0, 0, 3]);
        assert_eq!(since(&days, "2027-02-02T23:00:00.000Z"), &days[1..]);
        assert_eq!(since(&days, "2026-11-01T00:00:00.000Z"), &days[..]);
        assert_eq!(since(&days, "2027-02-04T00:00:00.000Z"), &[]);
        // Of a key whose beginning is not known, nothing is left out.
        assert_eq!(since(&days, ""), &days[..]);
    }

    #[test]
    fn the_busiest_day_is_as_high_as_the_picture_and_any_use_is_seen() {
        assert_eq!(bars(&days(&[1_000, 0, 1, 500]), 2), "M20 40v-40M36 40v-2M44 40v-20");
        assert_eq!(bars(&days(&[0, 0]), 0), "");
        assert_eq!(bars(&[], 0), "");
    }
}
