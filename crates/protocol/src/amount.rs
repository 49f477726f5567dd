//! Amounts of credit and usage: whole numbers of up to 38 decimal digits, written as text, because a JSON number
//! loses digits past 2^53 in every browser.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits in an amount.
pub const DIGITS: usize = 38;

/// A whole number from 0 to 10^38 − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(u128);

/// What every text that is not an amount is told.
pub const RULE: &str = "must be a whole number of at most 38 digits, such as \"100\"";

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The greatest.
    pub const MAX: Self = Self(10_u128.pow(DIGITS as u32) - 1);

    /// `None` if it has too many digits.
    pub fn new(number: u128) -> Option<Self> {
        (number <= Self::MAX.0).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u128 {
        self.0
    }

    /// The sum; `None` if it has too many digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        // Both have at most 38 digits, so the sum fits in 128 bits.
        Self::new(self.0 + other.0)
    }

    /// The sum, or the greatest amount if that is less.
    #[must_use]
    pub fn saturating_plus(self, other: Self) -> Self {
        self.plus(other).unwrap_or(Self::MAX)
    }
}

impl From<u64> for Amount {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that is not an [`Amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAmount;

impl FromStr for Amount {
    type Err = NotAnAmount;

    /// Reads decimal digits and nothing else: no sign, no blank, no exponent.
    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let significant = text.trim_start_matches('0');
        if !digits || significant.len() > DIGITS {
            return Err(NotAnAmount);
        }
        significant
            .bytes()
            .try_fold(0_u128, |number, digit| {
                number.checked_mul(10)?.checked_add(u128::from(digit - b'0'))
            })
            .map(Self)
            .ok_or(NotAnAmount)
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Amount {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,38}$"));
        digits.examples(["100"]).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Amount {}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    /// Reads a digit string or, as older clients send it, a JSON number that is whole.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a digit string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(|NotAnAmount| E::custom(RULE))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Amount, E> {
                Ok(number.into())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Amount, E> {
                u64::try_from(number).map(Amount::from).map_err(|_| E::custom(RULE))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Amount, E> {
                // Whole numbers up to 2^53 are exact; past that nobody knows which one was meant.
                let exact =
                    number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
                if exact { Ok(Amount(number as u128)) } else { Err(E::custom(RULE)) }
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Amount, E> {
                Err(E::invalid_type(Unexpected::Bool(flag), &self))
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Amount, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn digits_and_whole_numbers_are_amounts() {
        let most = "9".repeat(DIGITS);
        for (json, expected) in [
            (r#""0""#, Amount::ZERO),
            (r#""007""#, Amount(7)),
            ("12", Amount(12)),
            ("12.0", Amount(12)),
            ("9007199254740992", Amount(9_007_199_254_740_992)),
            ("18446744073709551615", Amount(u64::MAX.into())),
            (&format!("\"{most}\""), Amount::MAX),
            (&format!("\"000{most}\""), Amount::MAX),
        ] {
            assert_eq!(read(json), Ok(expected), "{json}");
        }
        assert_eq!(serde_json::to_string(&Amount::MAX).expect("serialises"), format!("\"{most}\""));
    }

    #[test]
    fn nothing_else_is() {
        let too_long = format!("\"1{}\"", "0".repeat(DIGITS));
        for json in [
            r#""""#, r#""-1""#, r#""+1""#, r#"" 1""#, r#""1.0""#, r#""1e3""#, r#""٣""#, "-1",
            "1.5", "1e300", &too_long,
        ] {
            assert!(read(json).expect_err(json).contains(RULE), "{json}");
        }
        for json in ["true", "[]", "{}"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn sums_stop_at_the_limit() {
        assert_eq!(Amount(1).plus(Amount(2)), Some(Amount(3)));
        assert_eq!(Amount::MAX.plus(Amount(1)), None);
        assert_eq!(Amount::MAX.saturating_plus(Amount::MAX), Amount::MAX);
    }
}
