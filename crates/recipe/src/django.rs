//! Django's encoded password forms, which its API-key packages use for keys: `algorithm$…$salt$hash`.
//!
//! # Source
//!
//! Django 5.2, "Password management in Django" and `django/contrib/auth/hashers.py`;
//! djangorestframework-api-key 3.1, `crypto.py`, for `sha512$$` + hex.

use data_encoding::{BASE64, HEXLOWER};
use subtle::ConstantTimeEq;

use crate::argon2::{argon2_matches, is_argon2};
use crate::bcrypt::Stored as Bcrypt;
use crate::hash::Hash;
use crate::kdf::{ScryptCost, pbkdf2_hmac, scrypt};

/// An encoded value, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub enum Stored<'s> {
    /// `md5$salt$hex`, `sha1$salt$hex`, `sha256$salt$hex`, `sha512$salt$hex`: hash of salt ‖ key. The salt
    /// may be empty.
    Digest {
        /// Which hash.
        hash: Hash,
        /// The salt, as text.
        salt: &'s str,
        /// The digest.
        digest: Vec<u8>,
    },
    /// `pbkdf2_sha256$iterations$salt$base64`, and with sha1.
    Pbkdf2 {
        /// Which hash.
        hash: Hash,
        /// Rounds.
        iterations: u32,
        /// The salt, as text.
        salt: &'s str,
        /// The digest.
        digest: Vec<u8>,
    },
    /// `scrypt$N$salt$r$p$base64`.
    Scrypt {
        /// N, r and p.
        cost: ScryptCost,
        /// The salt, as text.
        salt: &'s str,
        /// The digest.
        digest: Vec<u8>,
    },
    /// `argon2$argon2id$v=19$…`: a PHC string with its first dollar sign become a word.
    Argon2(String),
    /// `bcrypt$$2b$…`, and `bcrypt_sha256$$2b$…`, where the hex of SHA-256 goes into bcrypt.
    Bcrypt {
        /// Whether SHA-256 comes first.
        prehashed: bool,
        /// The bcrypt value.
        stored: Bcrypt,
    },
}

impl<'s> Stored<'s> {
    /// Takes an encoded value apart; `None` if Django has no such form.
    pub fn parse(text: &'s str) -> Option<Self> {
        let (algorithm, rest) = text.split_once('$')?;
        match algorithm {
            "pbkdf2_sha256" => pbkdf2(Hash::Sha256, rest),
            "pbkdf2_sha1" => pbkdf2(Hash::Sha1, rest),
            "scrypt" => from_scrypt(rest),
            "argon2" => Some(format!("${rest}")).filter(|phc| is_argon2(phc)).map(Self::Argon2),
            "bcrypt" | "bcrypt_sha256" => {
                let prehashed = algorithm == "bcrypt_sha256";
                Some(Self::Bcrypt { prehashed, stored: Bcrypt::parse(rest)? })
            }
            "md5" | "sha1" | "sha256" | "sha512" => {
                let hash = Hash::from_name(algorithm)?;
                let (salt, hex) = rest.split_once('$')?;
                let digest = HEXLOWER.decode(hex.as_bytes()).ok()?;
                (digest.len() == hash.bytes()).then_some(Self::Digest { hash, salt, digest })
            }
            _ => None,
        }
    }

    /// Whether checking it is quick: one digest, no work factor.
    pub fn is_fast(&self) -> bool {
        matches!(self, Self::Digest { .. })
    }

    /// Whether it is the hash of `message`.
    pub fn matches(&self, message: &[u8]) -> bool {
        match self {
            Self::Digest { hash, salt, digest } => {
                hash.digest(&[salt.as_bytes(), message]).ct_eq(digest).into()
            }
            Self::Pbkdf2 { hash, iterations, salt, digest } => {
                pbkdf2_hmac(*hash, message, salt.as_bytes(), *iterations, digest.len())
                    .is_some_and(|made| made.ct_eq(digest).into())
            }
            Self::Scrypt { cost, salt, digest } => {
                scrypt(message, salt.as_bytes(), *cost, digest.len())
                    .is_some_and(|made| made.ct_eq(digest).into())
            }
            Self::Argon2(phc) => argon2_matches(phc, message),
            Self::Bcrypt { prehashed: false, stored } => stored.matches(message),
            Self::Bcrypt { prehashed: true, stored } => {
                let hex = HEXLOWER.encode(&Hash::Sha256.digest(&[message]));
                stored.matches(hex.as_bytes())
            }
        }
    }
}

fn pbkdf2(hash: Hash, rest: &str) -> Option<Stored<'_>> {
    let [iterations, salt, digest] = fields(rest)?;
    let digest = BASE64.decode(digest.as_bytes()).ok()?;
    Some(Stored::Pbkdf2 { hash, iterations: iterations.parse().ok()?, salt, digest })
}

fn from_scrypt(rest: &str) -> Option<Stored<'_>> {
    let [n, salt, r, p, digest] = fields(rest)?;
    let n: u64 = n.parse().ok()?;
    let log_n = u8::try_from(n.checked_ilog2().filter(|_| n.is_power_of_two())?).ok()?;
    let cost = ScryptCost { log_n, r: r.parse().ok()?, p: p.parse().ok()? };
    Some(Stored::Scrypt { cost, salt, digest: BASE64.decode(digest.as_bytes()).ok()? })
}

fn fields<const N: usize>(rest: &str) -> Option<[&str; N]> {
    rest.split('$').collect::<Vec<_>>().try_into().ok()
}
