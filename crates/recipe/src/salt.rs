//! Salts and secrets that take part in a hash.

use std::fmt;
use std::str::FromStr;

use crate::encoding::{TextEncoding, words};

/// Where a secret is kept: the mapping file names the place and never holds the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// A file, whose bytes are taken as they are except for one newline at the end.
    File(String),
    /// A file, all of whose bytes are taken as they are: a secret that is no text may well end in the byte of a newline.
    BinaryFile(String),
}

/// A reference that cannot be read. Does not repeat the text: somebody may have put the secret itself there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret is named by `env:NAME` or `file:PATH` (`binary-file:PATH` for one that is no text), and never written \
     into the mapping itself"
)]
pub struct SecretRefError;

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::BinaryFile(path) => write!(f, "binary-file:{path}"),
        }
    }
}

impl FromStr for SecretRef {
    type Err = SecretRefError;

    fn from_str(text: &str) -> Result<Self, SecretRefError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() && name.bytes().all(plain) => {
                Ok(Self::Env(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("binary-file", path)) if !path.is_empty() => {
                Ok(Self::BinaryFile(path.to_owned()))
            }
            _ => Err(SecretRefError),
        }
    }
}

impl<'de> serde::Deserialize<'de> for SecretRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

words! {
    /// On which side of the key a salt stands. A key derivation has an input of its own for it.
    Position {
        /// Salt, then key.
        #[default]
        Before = "before",
        /// Key, then salt.
        After = "after",
    }
}

/// Where the salt comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum SaltSource {
    /// There is none.
    #[default]
    None,
    /// One for all keys, written into the mapping.
    Fixed(String),
    /// One for all keys, kept elsewhere (a "pepper"). The caller gives the bytes.
    Secret(SecretRef),
    /// One for each key, in a column.
    Column,
}

/// A salt: where it comes from, what its text stands for, and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Salt {
    /// Where it comes from.
    pub source: SaltSource,
    /// What its text stands for.
    pub text: TextEncoding,
    /// Where it goes.
    pub position: Position,
}

impl Position {
    /// Its preposition in "the key, … the salt".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Before => "after",
            Self::After => "followed by",
        }
    }
}
