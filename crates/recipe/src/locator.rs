//! By what the row of a presented key is found, where hashing the key tells nothing before the row is known.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::part::Part;
use crate::salt::SecretRef;
use crate::{Inputs, Recipe};

/// A rule that makes of a key what stands beside its row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LocatorRule {
    /// A part of the key, in clear.
    Part(Part),
    /// What a quick recipe makes of it, written as the recipe says: another installation of this service keeps of a
    /// locator no more than an HMAC.
    Digest(Box<Recipe>),
}

/// A rule that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LocatorRuleError(String);

impl LocatorRule {
    /// What leads to the row of `key`; `None` if the key does not have it. `secrets` are those of
    /// [`LocatorRule::secret_refs`].
    pub fn of(&self, key: &str, secrets: &[Option<&[u8]>]) -> Option<Zeroizing<String>> {
        let found = match self {
            Self::Part(part) => part.of(key)?.to_owned(),
            Self::Digest(recipe) => {
                let made = recipe.encode(key, Inputs::of_secrets(None, secrets))?;
                String::from_utf8(made.to_vec()).ok()?
            }
        };
        (!found.is_empty()).then(|| Zeroizing::new(found))
    }

    /// Where the secrets are kept that it needs; see [`Recipe::secret_refs`].
    pub fn secret_refs(&self) -> impl Iterator<Item = Option<&SecretRef>> {
        let recipe = match self {
            Self::Part(_) => None,
            Self::Digest(recipe) => Some(recipe),
        };
        recipe.into_iter().flat_map(|recipe| recipe.secret_refs())
    }
}

impl From<Part> for LocatorRule {
    fn from(part: Part) -> Self {
        Self::Part(part)
    }
}

impl fmt::Display for LocatorRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Part(part) => part.fmt(f),
            Self::Digest(recipe) => recipe.fmt(f),
        }
    }
}

impl FromStr for LocatorRule {
    type Err = LocatorRuleError;

    fn from_str(text: &str) -> Result<Self, LocatorRuleError> {
        // No rule for a part begins so.
        if !text.starts_with("algorithm") {
            let part = text.parse().map(Self::Part);
            return part.map_err(|error: crate::PartError| LocatorRuleError(error.to_string()));
        }
        let recipe: Recipe = text.parse().map_err(|error| LocatorRuleError(format!("{error}")))?;
        if recipe.needs_locator() || !recipe.output.encoding.is_text() {
            let message =
                "what leads to a row must be a quick hash, without a salt of the row, as text";
            return Err(LocatorRuleError(message.to_owned()));
        }
        Ok(Self::Digest(Box::new(recipe)))
    }
}

impl<'de> serde::Deserialize<'de> for LocatorRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_or_what_a_quick_recipe_makes_of_it() {
        let rule = |text: &str| text.parse::<LocatorRule>();
        let part = rule("first:3").expect("a part");
        assert_eq!(part.of("abcd", &[]).as_deref().map(String::as_str), Some("abc"));
        assert_eq!(part.of("ab", &[]), None);
        assert_eq!(part.secret_refs().count(), 0);

        // Computed with Python: `hmac.new(b"k", b"\x01abc", "sha256").hexdigest()`.
        let text = r#"algorithm = "hmac-sha256", part = "first:3", salt = "fixed:01", salt-text = "hex", hmac-key = "env:K""#;
        let digest = rule(text).expect("a recipe");
        assert_eq!(
            digest.of("abcd", &[Some(b"k".as_slice())]).as_deref().map(String::as_str),
            Some("fc736f7f47f84f108abf42326ffa5e0bcf7f07a26c4837b42c6edc6a1007b376")
        );
        assert_eq!(
            (digest.of("ab", &[Some(b"k".as_slice())]), digest.of("abcd", &[])),
            (None, None)
        );
        assert_eq!((digest.to_string(), part.to_string()), (text.to_owned(), "first:3".to_owned()));
        let places: Vec<_> = digest.secret_refs().flatten().map(ToString::to_string).collect();
        assert_eq!(places, ["env:K"]);

        for wrong in [
            "first:0",
            "nothing",
            r#"algorithm = "bcrypt""#,
            r#"algorithm = "sha256", salt = "column""#,
            r#"algorithm = "sha256", output = "raw""#,
            r#"algorithm = "sha256", colour = "red""#,
        ] {
            assert!(rule(wrong).is_err(), "{wrong}");
        }
    }
}
