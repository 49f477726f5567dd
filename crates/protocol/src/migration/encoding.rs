//! How bytes and access words stand in a row: as text.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::grant::Access;

/// 32 bytes, as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hex32(pub [u8; 32]);

/// Bytes, as lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct HexBytes(pub Vec<u8>);

/// Bytes, in standard base 64 with padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64Bytes(pub Vec<u8>);

/// Access words on the wire: `create+read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub Access);

/// A text that is not what its field holds. Does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodingError(&'static str);

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for EncodingError {}

impl Hex32 {
    /// SHA-256 of `bytes`: how a chunk's body is recognised.
    pub fn sha256(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl FromStr for Hex32 {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, EncodingError> {
        let mut bytes = [0; 32];
        let refuse = || EncodingError("64 lower-case hexadecimal digits are expected");
        if text.len() != 64 {
            return Err(refuse());
        }
        HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).map_err(|_| refuse())?;
        Ok(Self(bytes))
    }
}

impl FromStr for HexBytes {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, EncodingError> {
        let refuse = |_| EncodingError("lower-case hexadecimal digits are expected");
        HEXLOWER.decode(text.as_bytes()).map(Self).map_err(refuse)
    }
}

impl FromStr for Base64Bytes {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, EncodingError> {
        let refuse = |_| EncodingError("base 64 with padding is expected");
        BASE64.decode(text.as_bytes()).map(Self).map_err(refuse)
    }
}

impl FromStr for Words {
    type Err = EncodingError;

    fn from_str(text: &str) -> Result<Self, EncodingError> {
        if text == "nothing" {
            return Ok(Self(Access::NONE));
        }
        let bit = |word| match word {
            "create" => Ok(Access::CREATE),
            "read" => Ok(Access::READ),
            "update" => Ok(Access::UPDATE),
            "delete" => Ok(Access::DELETE),
            _ => Err(EncodingError("create, read, update, delete, joined by +, are expected")),
        };
        let union = |held: Access, word| Ok(held.union(bit(word)?));
        text.split('+').try_fold(Access::NONE, union).map(Self)
    }
}

impl fmt::Display for Hex32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Display for Base64Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! as_text {
    ($($name:ident: $expecting:literal,)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    )+};
}

as_text! {
    Hex32: "a string",
    HexBytes: "a string",
    Base64Bytes: "a string",
    Words: "a string",
}

macro_rules! shows_nothing {
    ($($name:ident),+) => {$(
        // For a short key its digest is as good as the key: a few seconds of guessing apart.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

shows_nothing!(Hex32, HexBytes, Base64Bytes);
