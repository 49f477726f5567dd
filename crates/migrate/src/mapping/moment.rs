//! How a source writes a moment, and what it becomes: Unix milliseconds.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use oneloop_protocol::UnixMillis;
use oneloop_protocol::limits::MOMENT_MAX;
use serde::Deserialize;

/// A way to write a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum MomentFormat {
    /// ISO 8601, RFC 3339, and what databases print: `2026-11-23 08:00:00.123+00`. Without an offset it is UTC;
    /// a date alone is its midnight.
    #[default]
    Iso8601,
    /// Seconds since 1970, with or without a fraction.
    UnixSeconds,
    /// Milliseconds since 1970.
    UnixMillis,
    /// Microseconds since 1970.
    UnixMicros,
    /// Seconds that are counted from the row's creation: Doorkeeper's `expires_in`, Kong's `ttl`.
    SecondsAfterCreated,
    /// A `strftime` pattern, such as `%d.%m.%Y %H:%M`; UTC unless it reads an offset.
    Strftime(String),
}

/// A cell that holds no such moment. Does not repeat the cell: a column that was mapped by mistake may hold
/// anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a moment of this format between 1970 and 9999")]
pub struct MomentError;

impl MomentFormat {
    /// The moment that `cell` stands for, in Unix milliseconds, rounded down. `created` is the row's
    /// creation, for formats that count from it.
    ///
    /// # Errors
    ///
    /// [`MomentError`] if it is written otherwise, is before 1970 or after 9999, or counts from a creation
    /// that is not known.
    pub fn read(&self, cell: &str, created: Option<UnixMillis>) -> Result<UnixMillis, MomentError> {
        let cell = cell.trim();
        let millis = match self {
            Self::Iso8601 => iso(cell),
            Self::UnixSeconds => seconds(cell),
            Self::UnixMillis => cell.parse().ok(),
            Self::UnixMicros => cell.parse::<i64>().ok().map(|micros| micros.div_euclid(1_000)),
            Self::SecondsAfterCreated => created
                .zip(seconds(cell).filter(|millis| *millis >= 0))
                .and_then(|(created, millis)| created.checked_add(millis)),
            Self::Strftime(pattern) => strftime(pattern, cell),
        };
        millis.filter(|millis| (1..=MOMENT_MAX).contains(millis)).ok_or(MomentError)
    }
}

fn iso(cell: &str) -> Option<i64> {
    if let Ok(moment) = cell.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    // PostgreSQL prints `+00`, others ` UTC` or a space before the offset.
    let cell = cell.strip_suffix(" UTC").unwrap_or(cell);
    if let Some((local, hours)) = short_offset(cell) {
        return format!("{local}{hours}:00")
            .parse::<Timestamp>()
            .ok()
            .map(Timestamp::as_millisecond);
    }
    let local = match cell.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => cell.parse::<Date>().ok()?.into(),
    };
    utc(local)
}

/// Splits `2026-11-23 08:00:00+00` before its two-digit offset.
fn short_offset(cell: &str) -> Option<(&str, &str)> {
    let (local, offset) = cell.split_at_checked(cell.len().checked_sub(3)?)?;
    let digits = offset.get(1..)?.bytes().all(|byte| byte.is_ascii_digit());
    (local.contains(':') && offset.starts_with(['+', '-']) && digits)
        .then_some((local.trim_end(), offset))
}

fn utc(local: DateTime) -> Option<i64> {
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

/// Seconds with an optional fraction, as milliseconds; exact, so not by way of a float.
fn seconds(cell: &str) -> Option<i64> {
    let (whole, fraction) = cell.split_once('.').unwrap_or((cell, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(padded.parse().ok()?)
}

fn strftime(pattern: &str, cell: &str) -> Option<i64> {
    let parsed = jiff::fmt::strtime::parse(pattern, cell).ok()?;
    if let Ok(moment) = parsed.to_timestamp() {
        return Some(moment.as_millisecond());
    }
    utc(parsed.to_datetime().or_else(|_| parsed.to_date().map(DateTime::from)).ok()?)
}

impl fmt::Display for MomentFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iso8601 => f.write_str("iso8601"),
            Self::UnixSeconds => f.write_str("unix-s"),
            Self::UnixMillis => f.write_str("unix-ms"),
            Self::UnixMicros => f.write_str("unix-us"),
            Self::SecondsAfterCreated => f.write_str("seconds-after-created"),
            Self::Strftime(pattern) => write!(f, "strftime:{pattern}"),
        }
    }
}

impl TryFrom<String> for MomentFormat {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.as_str() {
            "iso8601" => Self::Iso8601,
            "unix-s" => Self::UnixSeconds,
            "unix-ms" => Self::UnixMillis,
            "unix-us" => Self::UnixMicros,
            "seconds-after-created" => Self::SecondsAfterCreated,
            other => match other.strip_prefix("strftime:") {
                Some(pattern) if !pattern.is_empty() => Self::Strftime(pattern.to_owned()),
                _ => {
                    return Err(format!(
                        "`{text}` is no format: write iso8601, unix-s, unix-ms, unix-us, \
                         seconds-after-created or strftime:PATTERN"
                    ));
                }
            },
        })
    }
}
