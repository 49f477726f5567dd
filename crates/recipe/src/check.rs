//! The rules that the pieces of a recipe must keep together.

use crate::Recipe;
use crate::algorithm::Algorithm;
use crate::encoding::{Output, TextEncoding};
use crate::kdf::{ITERATIONS_MAX, LENGTH_MAX};
use crate::part::Part;
use crate::salt::{Position, SaltSource};

/// How many recipes may stand one in the other: a key that an installation knew under a recipe, exported from there,
/// and from the next.
pub const PREHASH_DEPTH: usize = 4;

/// A recipe that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("recipe: {field}: {message}")]
pub struct RecipeError {
    /// Which key of the table.
    pub field: &'static str,
    /// One sentence.
    pub message: String,
}

/// A refusal of one key of the table.
pub(super) fn error(field: &'static str, message: impl Into<String>) -> RecipeError {
    RecipeError { field, message: message.into() }
}

impl Recipe {
    /// Checks that the pieces fit together and that costs are bearable.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] naming the key of the table at fault.
    pub fn check(&self) -> Result<(), RecipeError> {
        let salted = self.salt.source != SaltSource::None;
        let fits = |length: usize| (4..=LENGTH_MAX).contains(&length);
        match &self.algorithm {
            Algorithm::Plaintext if salted => {
                return Err(error("salt", "keys that are stored in clear have none"));
            }
            Algorithm::Hmac { .. } if matches!(self.salt.source, SaltSource::Secret(_)) => {
                return Err(error("salt", "a recipe has one secret, and this one has `hmac-key`"));
            }
            Algorithm::Pbkdf2 { iterations, .. } if !(1..=ITERATIONS_MAX).contains(iterations) => {
                return Err(error("iterations", format!("must be between 1 and {ITERATIONS_MAX}")));
            }
            Algorithm::Pbkdf2 { length, .. } | Algorithm::Scrypt { length, .. }
                if !fits(*length) =>
            {
                return Err(error("length", format!("must be between 4 and {LENGTH_MAX} bytes")));
            }
            Algorithm::Scrypt { cost, .. } if !cost.is_bearable() => {
                return Err(error(
                    "log-n",
                    "N, r and p ask for more memory or time than is allowed",
                ));
            }
            algorithm if algorithm.is_self_describing() && self.output != Output::default() => {
                let name = algorithm.name();
                return Err(error("output", format!("`{name}` values have a form of their own")));
            }
            _ => {}
        }
        self.check_prehash()?;
        let position = self.salt.position != Position::default();
        if !salted && (position || self.salt.text != TextEncoding::default()) {
            return Err(error("salt", "its text and position are given, but no salt is"));
        }
        Ok(())
    }

    fn check_prehash(&self) -> Result<(), RecipeError> {
        let Some(prehash) = &self.prehash else { return Ok(()) };
        let refuse = |message: &str| Err(error("prehash", message));
        if self.secret_refs().count() > PREHASH_DEPTH {
            return Err(error(
                "prehash",
                format!("at most {PREHASH_DEPTH} recipes stand one in the other"),
            ));
        }
        if self.part != Part::Full || self.text != TextEncoding::default() {
            return refuse("`part` and `text` belong into the prehash: it is what takes the key");
        }
        if prehash.needs_locator() {
            return refuse("must be a quick hash, without a salt of the row");
        }
        if prehash.output != Self::of(prehash.algorithm.clone()).output {
            return refuse("has no output of its own: its bytes are hashed again");
        }
        prehash.check().map_err(|inner| error("prehash", inner.to_string()))
    }
}
