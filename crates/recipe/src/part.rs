//! Which part of a key goes into the hash.

use std::fmt;
use std::str::FromStr;

/// A rule that selects a part of a key's text. Positions are in bytes; a cut inside a character selects
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of it.
    Full,
    /// What follows the last occurrence of a separator.
    AfterLast(String),
    /// What follows the first occurrence of a separator.
    AfterFirst(String),
    /// What precedes the last occurrence of a separator.
    BeforeLast(String),
    /// What precedes the first occurrence of a separator.
    BeforeFirst(String),
    /// The key without a prefix that it must have.
    StripPrefix(String),
    /// One of the pieces between separators, counted from 0.
    Split {
        /// Which piece.
        at: usize,
        /// What stands between the pieces.
        by: String,
    },
    /// The first bytes: for locators.
    First(usize),
    /// The last bytes: for locators.
    Last(usize),
}

/// A rule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no part of a key: write full, after-last:X, after-first:X, before-last:X, before-first:X, \
     strip-prefix:X, split[n]:X, first:n or last:n"
)]
pub struct PartError(String);

impl Part {
    /// The part of `key` that the rule selects; `None` if the key does not have it.
    ///
    /// ```
    /// # use oneloop_recipe::Part;
    /// let part: Part = "after-first:|".parse().unwrap();
    /// assert_eq!(part.of("17|s3cret"), Some("s3cret"));
    /// assert_eq!(part.of("s3cret"), None);
    /// ```
    pub fn of<'k>(&self, key: &'k str) -> Option<&'k str> {
        match self {
            Self::Full => Some(key),
            Self::AfterLast(by) => key.rsplit_once(by.as_str()).map(|(_, after)| after),
            Self::AfterFirst(by) => key.split_once(by.as_str()).map(|(_, after)| after),
            Self::BeforeLast(by) => key.rsplit_once(by.as_str()).map(|(before, _)| before),
            Self::BeforeFirst(by) => key.split_once(by.as_str()).map(|(before, _)| before),
            Self::StripPrefix(prefix) => key.strip_prefix(prefix.as_str()),
            Self::Split { at, by } => key.split(by.as_str()).nth(*at),
            Self::First(bytes) => key.get(..*bytes),
            Self::Last(bytes) => key.get(key.len().checked_sub(*bytes)?..),
        }
    }

    /// The rule in words, to follow "of".
    pub fn in_words(&self) -> String {
        match self {
            Self::Full => "the whole key".to_owned(),
            Self::AfterLast(by) => format!("the part after the last `{by}`"),
            Self::AfterFirst(by) => format!("the part after the first `{by}`"),
            Self::BeforeLast(by) => format!("the part before the last `{by}`"),
            Self::BeforeFirst(by) => format!("the part before the first `{by}`"),
            Self::StripPrefix(prefix) => format!("the key without `{prefix}` in front"),
            Self::Split { at, by } => format!("piece {at} (counted from 0) between `{by}`"),
            Self::First(bytes) => format!("the first {bytes} bytes"),
            Self::Last(bytes) => format!("the last {bytes} bytes"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::AfterLast(by) => write!(f, "after-last:{by}"),
            Self::AfterFirst(by) => write!(f, "after-first:{by}"),
            Self::BeforeLast(by) => write!(f, "before-last:{by}"),
            Self::BeforeFirst(by) => write!(f, "before-first:{by}"),
            Self::StripPrefix(prefix) => write!(f, "strip-prefix:{prefix}"),
            Self::Split { at, by } => write!(f, "split[{at}]:{by}"),
            Self::First(bytes) => write!(f, "first:{bytes}"),
            Self::Last(bytes) => write!(f, "last:{bytes}"),
        }
    }
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        parse(text).ok_or_else(|| PartError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Part> {
    if text == "full" {
        return Some(Part::Full);
    }
    // An empty separator would select by accident, so it is refused with every other mistake.
    let (rule, argument) = text.split_once(':').filter(|(_, argument)| !argument.is_empty())?;
    let owned = || argument.to_owned();
    let count = || argument.parse().ok().filter(|count| (1..=512).contains(count));
    Some(match rule {
        "after-last" => Part::AfterLast(owned()),
        "after-first" => Part::AfterFirst(owned()),
        "before-last" => Part::BeforeLast(owned()),
        "before-first" => Part::BeforeFirst(owned()),
        "strip-prefix" => Part::StripPrefix(owned()),
        "first" => Part::First(count()?),
        "last" => Part::Last(count()?),
        _ => {
            let at = rule.strip_prefix("split[")?.strip_suffix(']')?;
            Part::Split { at: at.parse().ok().filter(|at| *at < 512)?, by: owned() }
        }
    })
}

impl<'de> serde::Deserialize<'de> for Part {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
