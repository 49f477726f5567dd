//! What is done to the selected part of a key.

use crate::hash::Hash;
use crate::kdf::ScryptCost;
use crate::salt::SecretRef;

/// The operation of a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Nothing: the table holds the keys themselves.
    Plaintext,
    /// A plain digest.
    Digest(Hash),
    /// An HMAC.
    Hmac {
        /// Over which hash.
        hash: Hash,
        /// Where its key is kept.
        key: SecretRef,
    },
    /// PBKDF2 with HMAC.
    Pbkdf2 {
        /// Over which hash.
        hash: Hash,
        /// How many rounds.
        iterations: u32,
        /// How many bytes it yields.
        length: usize,
    },
    /// scrypt with its parameters in the recipe and its salt beside it.
    Scrypt {
        /// What it costs.
        cost: ScryptCost,
        /// How many bytes it yields.
        length: usize,
    },
    /// `$2b$…`: self-describing, Laravel's `Hash::make` and Rails' `has_secure_password` included.
    Bcrypt,
    /// `$argon2id$…`: self-describing.
    Argon2,
    /// `$scrypt$…`: self-describing.
    ScryptPhc,
    /// Any of Django's encoded forms: self-describing.
    Django,
}

impl Algorithm {
    /// Its name in a mapping file.
    pub fn name(&self) -> String {
        match self {
            Self::Plaintext => "plaintext".to_owned(),
            Self::Digest(hash) => hash.name().to_owned(),
            Self::Hmac { hash, .. } => format!("hmac-{}", hash.name()),
            Self::Pbkdf2 { hash, .. } => format!("pbkdf2-{}", hash.name()),
            Self::Scrypt { .. } => "scrypt".to_owned(),
            Self::Bcrypt => "bcrypt".to_owned(),
            Self::Argon2 => "argon2".to_owned(),
            Self::ScryptPhc => "scrypt-phc".to_owned(),
            Self::Django => "django".to_owned(),
        }
    }

    /// Its name in a sentence.
    pub fn in_words(&self) -> String {
        match self {
            Self::Plaintext => "the text itself".to_owned(),
            Self::Digest(hash) => spoken(*hash),
            Self::Hmac { hash, key } => format!("HMAC-{} with the key in {key}", spoken(*hash)),
            Self::Pbkdf2 { hash, iterations, .. } => {
                format!("PBKDF2-HMAC-{} with {iterations} iterations", spoken(*hash))
            }
            Self::Scrypt { cost, .. } => {
                format!("scrypt (N = 2^{}, r = {}, p = {})", cost.log_n, cost.r, cost.p)
            }
            Self::Bcrypt => "bcrypt".to_owned(),
            Self::Argon2 => "Argon2".to_owned(),
            Self::ScryptPhc => "scrypt".to_owned(),
            Self::Django => "Django's encoded form".to_owned(),
        }
    }

    /// Whether a stored value carries its own salt, parameters and encoding.
    pub fn is_self_describing(&self) -> bool {
        matches!(self, Self::Bcrypt | Self::Argon2 | Self::ScryptPhc | Self::Django)
    }
}

/// A hash as documents write it.
fn spoken(hash: Hash) -> String {
    match hash {
        Hash::Md5 => "MD5".to_owned(),
        Hash::Sha3_256 => "SHA3-256".to_owned(),
        Hash::Sha3_512 => "SHA3-512".to_owned(),
        Hash::Blake3 => "BLAKE3".to_owned(),
        Hash::Blake2b256 => "BLAKE2b-256".to_owned(),
        Hash::Blake2b512 => "BLAKE2b-512".to_owned(),
        sha => sha.name().replace("sha", "SHA-"),
    }
}
