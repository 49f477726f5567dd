//! Argon2 and scrypt in PHC string form.
//!
//! # Source
//!
//! RFC 9106 (Argon2); the PHC string format: `$id[$v=19][$m=…,t=…,p=…][$salt[$hash]]`, base 64 without
//! padding; passlib's `$scrypt$ln=16,r=8,p=1$salt$hash` for scrypt.

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::kdf::{LENGTH_MAX, MEMORY_MAX, ScryptCost, scrypt};

/// Most passes over the memory.
const PASSES_MAX: u32 = 64;

/// A PHC string, taken apart.
struct Phc<'s> {
    id: &'s str,
    version: Option<u32>,
    parameters: Vec<(&'s str, u32)>,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl<'s> Phc<'s> {
    fn parse(text: &'s str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$').peekable();
        let id = fields.next()?;
        let version = match fields.peek().and_then(|field| field.strip_prefix("v=")) {
            Some(version) => {
                fields.next();
                Some(version.parse().ok()?)
            }
            None => None,
        };
        let parameters = fields
            .next()?
            .split(',')
            .map(|pair| {
                let (name, value) = pair.split_once('=')?;
                Some((name, value.parse().ok()?))
            })
            .collect::<Option<Vec<_>>>()?;
        let salt = BASE64_NOPAD.decode(fields.next()?.as_bytes()).ok()?;
        let hash = BASE64_NOPAD.decode(fields.next()?.as_bytes()).ok()?;
        let done = fields.next().is_none() && (4..=LENGTH_MAX).contains(&hash.len());
        done.then_some(Self { id, version, parameters, salt, hash })
    }

    fn parameter(&self, name: &str) -> Option<u32> {
        self.parameters.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }
}

/// Whether `text` reads as an Argon2 PHC string.
pub fn is_argon2(text: &str) -> bool {
    Phc::parse(text).is_some_and(|phc| phc.id.starts_with("argon2"))
}

/// Whether `text` reads as a scrypt PHC string.
pub fn is_scrypt(text: &str) -> bool {
    Phc::parse(text).is_some_and(|phc| phc.id == "scrypt")
}

/// Whether an Argon2 PHC string is the hash of `message`. Strings with a secret or associated data
/// (`keyid`, `data`) name inputs that are not in the string, and never match.
pub(super) fn argon2_matches(text: &str, message: &[u8]) -> bool {
    argon2_hash(text, message).is_some_and(|(made, hash)| made.ct_eq(&hash).into())
}

type MadeAndStored = (Zeroizing<Vec<u8>>, Vec<u8>);

fn argon2_hash(text: &str, message: &[u8]) -> Option<MadeAndStored> {
    let phc = Phc::parse(text)?;
    let algorithm = Algorithm::new(phc.id).ok()?;
    // Without `v=` a string was made by version 1.0, which had no such field.
    let version = Version::try_from(phc.version.unwrap_or(0x10)).ok()?;
    let (memory, passes) = (phc.parameter("m")?, phc.parameter("t")?);
    if u64::from(memory) * 1024 > MEMORY_MAX || passes > PASSES_MAX || phc.parameters.len() != 3 {
        return None;
    }
    let params = Params::new(memory, passes, phc.parameter("p")?, Some(phc.hash.len())).ok()?;
    let mut out = Zeroizing::new(vec![0; phc.hash.len()]);
    let argon2 = Argon2::new(algorithm, version, params);
    argon2.hash_password_into(message, &phc.salt, &mut out).ok()?;
    Some((out, phc.hash))
}

/// Whether a scrypt PHC string is the hash of `message`.
pub(super) fn scrypt_matches(text: &str, message: &[u8]) -> bool {
    let Some(phc) = Phc::parse(text).filter(|phc| phc.id == "scrypt" && phc.version.is_none())
    else {
        return false;
    };
    let log_n = phc.parameter("ln").and_then(|log_n| u8::try_from(log_n).ok());
    let (Some(log_n), Some(r), Some(p)) = (log_n, phc.parameter("r"), phc.parameter("p")) else {
        return false;
    };
    scrypt(message, &phc.salt, ScryptCost { log_n, r, p }, phc.hash.len())
        .is_some_and(|made| made.ct_eq(&phc.hash).into())
}
