//! How a service turned a key into what it stored.
//!
//! ```text
//! stored = output-prefix ‖ encode( algorithm( salt ‖ decode(part of the key) ‖ salt ) )
//! ```
//!
//! Some hash twice: with a `prehash`, the bytes that another recipe makes of the key stand where the part of the key
//! would.
//!
//! A [`Recipe`] is a value: it is proved against real keys, written into the mapping file, and later tells
//! the server how to recognise a key that nobody could bring along in clear. It stands in a crate of its own
//! because both do that: the migration, and the server's verification.
//!
//! It builds for `wasm32-unknown-unknown`.

mod algorithm;
mod argon2;
mod bcrypt;
mod check;
mod django;
mod encoding;
mod form;
mod hash;
mod kdf;
mod locator;
mod mac;
mod part;
mod salt;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
mod toml_text;
mod whole;

#[cfg(test)]
extern crate self as oneloop_recipe;

use oneloop_protocol::key::KeyDigest;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use algorithm::Algorithm;
pub use bcrypt::{CUT as BCRYPT_CUT, Stored as BcryptStored};
pub use check::{PREHASH_DEPTH, RecipeError};
pub use django::Stored as DjangoStored;
pub use encoding::{Encoding, Output, TextEncoding};
pub use form::Form;
pub use hash::Hash;
pub use kdf::{ITERATIONS_MAX, LENGTH_MAX, MEMORY_MAX, ScryptCost};
pub use locator::{LocatorRule, LocatorRuleError};
pub use part::{Part, PartError};
pub use salt::{Position, Salt, SaltSource, SecretRef, SecretRefError};
pub use toml_text::quoted;

pub use argon2::{is_argon2, is_scrypt as is_scrypt_phc};

/// A recipe. Its text form is [`Form`]; `Display` and `FromStr` are that on one line.
///
/// ```
/// # use oneloop_recipe::{Inputs, Recipe};
/// let sanctum: Recipe = r#"algorithm = "sha256", part = "after-first:|""#.parse().unwrap();
/// let stored = b"1ec1c26b50d5d3c58d9583181af8076655fe00756bf7285940ba3670f99fcba0";
/// assert!(sanctum.matches("17|s3cret", stored, Inputs::default()));
/// assert!(!sanctum.matches("17|S3cret", stored, Inputs::default()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// What is made of the key first; then neither a part nor a text encoding is this recipe's own. See
    /// [`PREHASH_DEPTH`].
    pub prehash: Option<Box<Recipe>>,
    /// Which part of the key is hashed.
    pub part: Part,
    /// What the text of that part stands for.
    pub text: TextEncoding,
    /// What is done to it.
    pub algorithm: Algorithm,
    /// What is mixed in. PBKDF2 and scrypt take it as their salt; elsewhere it stands before or after.
    pub salt: Salt,
    /// How the result is written down. Self-describing algorithms have their own way.
    pub output: Output,
}

/// What a recipe needs besides the key.
#[derive(Clone, Copy, Default)]
pub struct Inputs<'i> {
    /// The row's salt, as it stands in its column.
    pub salt: Option<&'i [u8]>,
    /// The bytes behind the recipe's own [`SecretRef`].
    pub secret: Option<&'i [u8]>,
    /// The bytes behind those of its prehash, and of that one's, as [`Recipe::secret_refs`] lists them after the first.
    pub prehash: &'i [Option<&'i [u8]>],
}

impl<'i> Inputs<'i> {
    /// The secrets of a recipe, in the order of [`Recipe::secret_refs`].
    pub fn of_secrets(salt: Option<&'i [u8]>, secrets: &'i [Option<&'i [u8]>]) -> Self {
        match secrets {
            [] => Self { salt, secret: None, prehash: &[] },
            [own, prehash @ ..] => Self { salt, secret: *own, prehash },
        }
    }
}

/// What checking a key against a recipe costs, and so how such keys are brought along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speed {
    /// The stored value yields the native digest: the key is native from the first moment.
    Native,
    /// Microseconds: the presented key is hashed by the recipe and looked up.
    Fast,
    /// Milliseconds and more, on purpose: candidates are found by a locator first.
    Slow,
}

impl Recipe {
    /// A recipe that hashes the whole key, unsalted, and stores hex.
    pub fn of(algorithm: Algorithm) -> Self {
        let output = match algorithm {
            Algorithm::Plaintext => Output { encoding: Encoding::Raw, ..Output::default() },
            _ => Output::default(),
        };
        Self {
            prehash: None,
            part: Part::Full,
            text: TextEncoding::Utf8,
            algorithm,
            salt: Salt::default(),
            output,
        }
    }

    /// Whether `stored` is what this recipe makes of `key`. Compares in constant time; a key without the
    /// selected part, a missing salt or secret, and a cost above the ceilings do not match.
    pub fn matches(&self, key: &str, stored: &[u8], inputs: Inputs<'_>) -> bool {
        if !self.algorithm.is_self_describing() {
            let (Some(made), Some(stored)) = (self.digest(key, inputs), self.stored_digest(stored))
            else {
                return false;
            };
            return made.ct_eq(&stored).into();
        }
        let (Some(message), Ok(text)) = (self.message(key, inputs), std::str::from_utf8(stored))
        else {
            return false;
        };
        match self.algorithm {
            Algorithm::Bcrypt => bcrypt::Stored::parse(text).is_some_and(|it| it.matches(&message)),
            Algorithm::Argon2 => argon2::argon2_matches(text, &message),
            Algorithm::ScryptPhc => argon2::scrypt_matches(text, &message),
            _ => django::Stored::parse(text).is_some_and(|it| it.matches(&message)),
        }
    }

    /// What the recipe makes of `key`, before encoding: the server looks fast keys up by it. `None` for
    /// self-describing algorithms, and where [`Recipe::matches`] would be false without comparing.
    pub fn digest(&self, key: &str, inputs: Inputs<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let message = self.message(key, inputs)?;
        match &self.algorithm {
            Algorithm::Plaintext => Some(message),
            Algorithm::Digest(hash) => Some(hash.digest(&[&message])),
            Algorithm::Hmac { hash, .. } => mac::hmac(*hash, inputs.secret?, &[&message]),
            Algorithm::Pbkdf2 { hash, iterations, length } => {
                kdf::pbkdf2_hmac(*hash, &message, &self.salt_bytes(inputs)?, *iterations, *length)
            }
            Algorithm::Scrypt { cost, length } => {
                kdf::scrypt(&message, &self.salt_bytes(inputs)?, *cost, *length)
            }
            Algorithm::Bcrypt | Algorithm::Argon2 | Algorithm::ScryptPhc | Algorithm::Django => {
                None
            }
        }
    }

    /// The digest behind a stored value; the counterpart of [`Recipe::digest`]. `None` if it is not
    /// written as the recipe says, or has another length than the algorithm yields.
    pub fn stored_digest(&self, stored: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let length = match &self.algorithm {
            Algorithm::Plaintext => None,
            Algorithm::Digest(hash) | Algorithm::Hmac { hash, .. } => Some(hash.bytes()),
            Algorithm::Pbkdf2 { length, .. } | Algorithm::Scrypt { length, .. } => Some(*length),
            Algorithm::Bcrypt | Algorithm::Argon2 | Algorithm::ScryptPhc | Algorithm::Django => {
                return None;
            }
        };
        let digest = self.output.decode(stored)?;
        length.is_none_or(|length| length == digest.len()).then_some(digest)
    }

    /// What would be stored for `key`: `prove`'s counterpart, for tests and demonstrations.
    pub fn encode(&self, key: &str, inputs: Inputs<'_>) -> Option<Zeroizing<Vec<u8>>> {
        Some(self.output.encode(&self.digest(key, inputs)?))
    }

    /// Whether `stored` is written as this recipe writes, whatever key it belongs to.
    pub fn reads(&self, stored: &[u8]) -> bool {
        let text = || std::str::from_utf8(stored).ok();
        match self.algorithm {
            Algorithm::Bcrypt => text().and_then(bcrypt::Stored::parse).is_some(),
            Algorithm::Argon2 => text().is_some_and(is_argon2),
            Algorithm::ScryptPhc => text().is_some_and(is_scrypt_phc),
            Algorithm::Django => text().and_then(django::Stored::parse).is_some(),
            _ => self.stored_digest(stored).is_some(),
        }
    }

    /// What the recipe costs. Of Django's forms some are fast; [`Recipe::speed_of`] tells for one value.
    pub fn speed(&self) -> Speed {
        match self.algorithm {
            Algorithm::Plaintext | Algorithm::Digest(Hash::Sha256)
                if self.is_of_the_plain_key() =>
            {
                Speed::Native
            }
            Algorithm::Plaintext | Algorithm::Digest(_) | Algorithm::Hmac { .. } => Speed::Fast,
            Algorithm::Pbkdf2 { .. }
            | Algorithm::Scrypt { .. }
            | Algorithm::Bcrypt
            | Algorithm::Argon2
            | Algorithm::ScryptPhc
            | Algorithm::Django => Speed::Slow,
        }
    }

    /// What checking against this stored value costs.
    pub fn speed_of(&self, stored: &[u8]) -> Speed {
        let text = std::str::from_utf8(stored).unwrap_or_default();
        match django::Stored::parse(text) {
            Some(django) if self.algorithm == Algorithm::Django && django.is_fast() => Speed::Fast,
            _ => self.speed(),
        }
    }

    /// Whether a presented key leads to candidates only by way of a locator: hashing it tells nothing
    /// before the row, and with it the salt, is known.
    pub fn needs_locator(&self) -> bool {
        self.speed() == Speed::Slow || self.salt.source == SaltSource::Column
    }

    /// Whether the recipe is one that should not be used any more.
    pub fn is_weak(&self) -> bool {
        match self.algorithm {
            Algorithm::Plaintext => true,
            Algorithm::Digest(hash) => hash.is_weak(),
            _ => false,
        }
    }

    /// The native digest behind a stored value, without anybody knowing the key: where the recipe is
    /// SHA-256 of the whole key in any encoding, or no hash at all.
    pub fn to_native_digest(&self, stored: &[u8]) -> Option<KeyDigest> {
        if self.speed() != Speed::Native {
            return None;
        }
        let digest = self.stored_digest(stored)?;
        match self.algorithm {
            Algorithm::Plaintext => std::str::from_utf8(&digest).ok().map(KeyDigest::of),
            _ => <[u8; 32]>::try_from(digest.as_slice()).ok().map(KeyDigest::from_bytes),
        }
    }

    /// The key itself, where the table holds keys in clear.
    pub fn to_plaintext(&self, stored: &[u8]) -> Option<Zeroizing<String>> {
        if self.algorithm != Algorithm::Plaintext || !self.is_of_the_plain_key() {
            return None;
        }
        let key = self.stored_digest(stored)?;
        std::str::from_utf8(&key).ok().map(|key| Zeroizing::new(key.to_owned()))
    }

    /// Where the secrets that it needs are kept: its own, its prehash's, that one's. `None` where one needs none.
    pub fn secret_refs(&self) -> impl Iterator<Item = Option<&SecretRef>> {
        std::iter::successors(Some(self), |recipe| recipe.prehash.as_deref()).map(Self::secret_ref)
    }

    /// Where the secret that it needs itself is kept, if it needs one.
    pub fn secret_ref(&self) -> Option<&SecretRef> {
        match (&self.algorithm, &self.salt.source) {
            (Algorithm::Hmac { key, .. }, _) | (_, SaltSource::Secret(key)) => Some(key),
            _ => None,
        }
    }

    /// The whole key, as its own bytes, with nothing mixed in.
    fn is_of_the_plain_key(&self) -> bool {
        self.prehash.is_none()
            && self.part == Part::Full
            && self.text == TextEncoding::Utf8
            && self.salt.source == SaltSource::None
    }

    /// What goes into the algorithm.
    fn message(&self, key: &str, inputs: Inputs<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let part = match &self.prehash {
            None => self.text.decode(self.part.of(key)?.as_bytes())?,
            Some(prehash) => prehash.digest(key, Inputs::of_secrets(None, inputs.prehash))?,
        };
        let derives = matches!(self.algorithm, Algorithm::Pbkdf2 { .. } | Algorithm::Scrypt { .. });
        if derives || self.salt.source == SaltSource::None {
            return Some(part);
        }
        let salt = self.salt_bytes(inputs)?;
        let joined = match self.salt.position {
            Position::Before => [salt.as_slice(), &part].concat(),
            Position::After => [part.as_slice(), &salt].concat(),
        };
        Some(Zeroizing::new(joined))
    }

    /// The salt's bytes; empty when there is none, `None` when it is missing or of another encoding.
    fn salt_bytes(&self, inputs: Inputs<'_>) -> Option<Zeroizing<Vec<u8>>> {
        let text = match &self.salt.source {
            SaltSource::None => b"",
            SaltSource::Fixed(text) => text.as_bytes(),
            SaltSource::Secret(_) => inputs.secret?,
            SaltSource::Column => inputs.salt?,
        };
        self.salt.text.decode(text)
    }
}
