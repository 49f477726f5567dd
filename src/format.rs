//! Moments in words, by the browser's own `Intl`.

use js_sys::{Array, Date, Function, Intl, JsString, Object, Reflect};
use oneloop_protocol::{IsoTime, UnixMillis};
use wasm_bindgen::JsValue;

use crate::expiry::{read_date, read_time};
use crate::intl::once;
use crate::text::catalogue::{ENGLISH, language};

/// Now, in Unix milliseconds.
pub fn now() -> UnixMillis {
    Date::now() as UnixMillis
}

/// An ISO moment in Unix milliseconds; `None` if the browser cannot read it.
pub fn parse(moment: &IsoTime) -> Option<UnixMillis> {
    let millis = Date::parse(&moment.0);
    millis.is_finite().then_some(millis as UnixMillis)
}

/// `2026-11-23T08:00:00.000Z`, for `<time datetime>`.
pub fn iso(moment: UnixMillis) -> String {
    date(moment).to_iso_string().into()
}

/// `21 Feb 2027`, for a table cell.
pub fn short_date(moment: UnixMillis) -> String {
    localized(moment, "short", &[("day", "numeric"), ("month", "short"), ("year", "numeric")])
}

/// `12 Feb 2027` of a day in UTC (`YYYY-MM-DD`): the day itself, whatever the person's own zone.
pub fn day(day: &str) -> String {
    let noon = IsoTime([day, "T12:00"].concat());
    parse(&noon).map(short_date).unwrap_or_default()
}

/// `21 February 2027`, for a sentence.
pub fn long_date(moment: UnixMillis) -> String {
    localized(moment, "long", &[("day", "numeric"), ("month", "long"), ("year", "numeric")])
}

/// `21 February 2027 at 14:05 CET`: what is promised must name its zone.
pub fn full(moment: UnixMillis) -> String {
    localized(
        moment,
        "full",
        &[
            ("day", "numeric"),
            ("month", "long"),
            ("year", "numeric"),
            ("hour", "numeric"),
            ("minute", "2-digit"),
            ("timeZoneName", "short"),
        ],
    )
}

/// `2 minutes ago`, `in 3 days`: the largest unit that fits.
pub fn relative(moment: UnixMillis, now: UnixMillis) -> String {
    let (amount, unit) = largest_unit(moment - now);
    let format = once("relative", || {
        Intl::RelativeTimeFormat::new(&locale(), &options(&[("numeric", "auto")]))
    });
    format.format(amount as f64, unit).into()
}

/// The same of a moment that is over. Never a time to come: the clock here may be behind that of the server.
pub fn ago(moment: UnixMillis, now: UnixMillis) -> String {
    relative(moment.min(now), now)
}

/// Whether two names are the same to whoever types them: spaces are shown as one, and a letter with its accent is written
/// in two ways.
pub fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| String::from(JsString::from(name).normalize("NFC"));
    let (one, other) = (plain(one), plain(other));
    one.split_whitespace().eq(other.split_whitespace())
}

/// The moment of a date (`YYYY-MM-DD`) and a time (`HH:MM`) in the person's own zone. It is the end of that minute,
/// so that 23:59 is the end of the day.
pub fn end_of_minute(date: &str, time: &str) -> Option<UnixMillis> {
    let (year, month, day) = read_date(date)?;
    let minutes = read_time(time)?;
    let end = Date::new_with_year_month_day_hr_min_sec_milli(
        year,
        i32::try_from(month).ok()? - 1,
        i32::try_from(day).ok()?,
        i32::try_from(minutes / 60).ok()?,
        i32::try_from(minutes % 60).ok()?,
        59,
        999,
    );
    // The constructor above takes years below 100 for 19xx.
    let millis = if year >= 100 { end.get_time() } else { f64::NAN };
    millis.is_finite().then_some(millis as UnixMillis)
}

/// Today as `YYYY-MM-DD` in the person's own zone, for `min` of a date field.
pub fn today(now: UnixMillis) -> String {
    let date = date(now);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// `text` in lower case, for comparing: the browser's own tables, which need not be in the wasm as well.
pub fn fold(text: &str) -> String {
    JsString::from(text).to_lower_case().into()
}

/// Whether `text` in lower case has `query` in it, which is in lower case already. The browser searches where it has
/// folded: nothing comes back. It is not asked for ASCII, because asking takes longer than searching.
pub fn holds(text: &str, query: &str) -> bool {
    if text.is_ascii() && query.is_ascii() {
        let (text, query) = (text.as_bytes(), query.as_bytes());
        let Some((first, rest)) = query.split_first() else { return true };
        // The first letter by itself: of ten thousand names, most places are passed by at that.
        let begins = |at: &usize| text[*at].eq_ignore_ascii_case(first);
        let last = (text.len() + 1).saturating_sub(query.len());
        let mut places = (0..last).filter(begins);
        return places.any(|at| text[at + 1..][..rest.len()].eq_ignore_ascii_case(rest));
    }
    JsString::from(text).to_lower_case().includes(query, 0)
}

fn largest_unit(difference: i64) -> (i64, &'static str) {
    const UNITS: [(i64, &str); 6] = [
        (31_557_600_000, "year"),
        (2_629_800_000, "month"),
        (86_400_000, "day"),
        (3_600_000, "hour"),
        (60_000, "minute"),
        (1_000, "second"),
    ];
    let fitting = UNITS.iter().find(|(millis, _)| difference.abs() >= *millis);
    match fitting {
        // Seconds are noise in a list, and `now` is what "0 seconds" means.
        Some((_, "second")) | None => (0, "second"),
        Some((millis, unit)) => (difference / millis, unit),
    }
}

fn date(moment: UnixMillis) -> Date {
    Date::new(&JsValue::from_f64(moment as f64))
}

/// `parts` decide what is written, and go by the name `style`.
fn localized(moment: UnixMillis, style: &'static str, parts: &[(&str, &str)]) -> String {
    let format: Function =
        once(style, || Intl::DateTimeFormat::new(&locale(), &options(parts)).format());
    let text = format.call1(&JsValue::UNDEFINED, &JsValue::from_f64(moment as f64));
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn options(parts: &[(&str, &str)]) -> Object {
    let object = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), &(*value).into());
    }
    object
}

/// The person's own variant of the language the widget speaks, so that an English sentence never holds a
/// German date; for everybody else the language itself, in English the variant that writes the day before
/// the month.
fn locale() -> Array {
    let language = language();
    let is_variant = |tag: &String| {
        tag.strip_prefix(language).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let own = web_sys::window().and_then(|window| window.navigator().language());
    let usual = if language == ENGLISH { "en-GB" } else { language };
    Array::of1(&own.filter(is_variant).unwrap_or_else(|| usual.to_owned()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_is_searched_without_regard_to_case() {
        assert!(holds("CI-Deploy", "deploy") && holds("CI-Deploy", "ci-deploy") && holds("", ""));
        assert!(holds("x", "") && !holds("deplo", "deploy") && !holds("", "x"));
    }

    #[test]
    fn the_largest_unit_that_fits_is_used() {
        assert_eq!(largest_unit(-999), (0, "second"));
        assert_eq!(largest_unit(-59_999), (0, "second"));
        assert_eq!(largest_unit(-60_000), (-1, "minute"));
        assert_eq!(largest_unit(-7_199_000), (-1, "hour"));
        assert_eq!(largest_unit(3 * 86_400_000), (3, "day"));
        assert_eq!(largest_unit(-400 * 86_400_000), (-1, "year"));
    }
}
