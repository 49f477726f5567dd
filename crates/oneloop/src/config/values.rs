//! What option values look like as text. Each type reads itself and says what it expected.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;
use jiff::{Span, SpanRelativeTo};
use serde::{Deserialize, Deserializer, de};

/// A value that cannot be read, in a sentence that shows a right one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadValue(String);

/// An address and a port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress(pub(crate) SocketAddr);

impl FromStr for ListenAddress {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let wanted = "an address and a port, such as 127.0.0.1:8787, [::1]:8787 or 0.0.0.0:80";
        let localhost = || text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        text.parse().map(Self).map_err(|_| match localhost() {
            // A name may stand for several addresses; this option means exactly one.
            Some(meant) => BadValue(format!("expected {wanted}; for this machine only: {meant}")),
            None => BadValue(format!("expected {wanted}")),
        })
    }
}

/// An address or a CIDR block that requests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source(pub(crate) IpNet);

impl FromStr for Source {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self(address.into()));
        }
        let block: IpNet = text.parse().map_err(|_| {
            BadValue(
                "expected an address or a CIDR block, such as 203.0.113.7 or 2001:db8::/32".into(),
            )
        })?;
        if block.trunc() != block {
            // 10.1.2.3/8 names 16 million addresses where perhaps one was meant: ask instead of guessing.
            let (all, one) = (block.trunc(), block.addr());
            return Err(BadValue(format!(
                "has bits set behind the prefix: write {all} for the block or {one} for the address"
            )));
        }
        Ok(Self(block))
    }
}

/// A length of time of at least one second, such as `30m`, `2h` or `7d`. A day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

impl FromStr for Period {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let wanted = || BadValue("expected a length of time, such as 30m, 2h or 7d".into());
        let span: Span = text.parse().map_err(|_| wanted())?;
        // Fails for months and years, whose length depends on when they begin.
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wanted())?;
        match Duration::try_from(length) {
            Ok(length) if length >= Duration::from_secs(1) => Ok(Self(length)),
            _ => Err(BadValue("expected at least one second, such as 30m, 2h or 7d".into())),
        }
    }
}

/// What happens to requests when memory is too old to answer from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenStale {
    /// They wait until the database has said what changed.
    ReadThrough,
    /// They are refused.
    Refuse,
}

impl From<WhenStale> for oneloop_engine::WhenStale {
    fn from(when: WhenStale) -> Self {
        match when {
            WhenStale::ReadThrough => Self::ReadThrough,
            WhenStale::Refuse => Self::Refuse,
        }
    }
}

/// What happens to a request with a rate limit while Redis is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum WhenRedisAway {
    /// Each node counts for itself.
    OwnLimit,
    /// It is refused.
    Refuse,
}

impl From<WhenRedisAway> for oneloop_engine::WhenRedisAway {
    fn from(when: WhenRedisAway) -> Self {
        match when {
            WhenRedisAway::OwnLimit => Self::OwnLimit,
            WhenRedisAway::Refuse => Self::Refuse,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For machines: one object a line.
    Json,
}

/// Which log lines are wanted: a level, or a level for each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLevel(pub(crate) String);

impl FromStr for LogLevel {
    type Err = BadValue;

    /// The subscriber would take any word for the name of a part, and `inof` would silence everything;
    /// so words are checked here.
    fn from_str(text: &str) -> Result<Self, BadValue> {
        let known =
            |word: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&word.trim());
        let sound = text.split(',').all(|part| match part.split_once('=') {
            Some((name, level)) => !name.trim().is_empty() && known(level),
            None => known(part),
        });
        if sound {
            return Ok(Self(text.to_owned()));
        }
        Err(BadValue(
            "expected error, warn, info, debug or trace, or parts such as warn,oneloop_proxy=debug"
                .into(),
        ))
    }
}

/// Reads a text of the configuration file with its type's own rules.
pub(super) fn text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    read(&String::deserialize(deserializer)?).map(Some)
}

/// The same for a text that may hold a password: the refusal does not repeat it.
pub(super) fn unrepeated<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

/// Reads a list of texts likewise.
pub(super) fn texts<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Some)
}

/// The same for a list of texts that may be secrets by mistake.
pub(super) fn unrepeated_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = texts.iter().map(|text| text.parse().map_err(de::Error::custom));
    read.collect::<Result<_, _>>().map(Some)
}

fn read<T: FromStr<Err: fmt::Display>, E: de::Error>(text: &str) -> Result<T, E> {
    text.parse().map_err(|error| E::custom(format_args!("invalid value `{text}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: FromStr<Err = BadValue> + fmt::Debug>(text: &str) -> String {
        text.parse::<T>().expect_err("not a value").to_string()
    }

    #[test]
    fn periods_are_read_as_people_write_them() {
        let hours = |n: u64| Period(Duration::from_secs(n * 3_600));
        for (written, meant) in [
            ("1h", hours(1)),
            ("90m", Period(Duration::from_secs(5_400))),
            ("2 days", hours(48)),
            ("PT1H", hours(1)),
        ] {
            assert_eq!(written.parse::<Period>().expect(written), meant, "{written}");
        }
        for wrong in ["", "1", "soon", "1mo", "1y"] {
            assert!(refusal::<Period>(wrong).contains("such as 30m"), "{wrong}");
        }
        for short in ["0s", "-1h", "10ms"] {
            assert!(refusal::<Period>(short).contains("at least one second"), "{short}");
        }
    }

    #[test]
    fn a_block_with_bits_behind_its_prefix_is_not_guessed_at() {
        assert!(refusal::<Source>("10.1.2.3/8").contains("10.0.0.0/8"));
        assert_eq!(
            "203.0.113.7".parse::<Source>().expect("an address").0.to_string(),
            "203.0.113.7/32"
        );
        assert_eq!("2001:db8::/32".parse::<Source>().expect("a block").0.prefix_len(), 32);
        assert!(refusal::<Source>("example.com").contains("such as 203.0.113.7"));
    }

    #[test]
    fn near_misses_are_answered_with_what_was_meant() {
        assert!(refusal::<ListenAddress>("localhost:8787").contains("127.0.0.1:8787"));
        assert!(refusal::<ListenAddress>("8787").contains("such as 127.0.0.1:8787"));
    }

    #[test]
    fn a_misspelt_level_does_not_silence_the_log() {
        assert!("warn,oneloop_proxy=debug".parse::<LogLevel>().is_ok());
        for wrong in ["inof", "", "info,", "oneloop_proxy=loud", "=info"] {
            assert!(refusal::<LogLevel>(wrong).contains("error, warn, info"), "{wrong:?}");
        }
    }
}
