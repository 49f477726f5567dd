//! Key derivation with a work factor: PBKDF2 (RFC 8018) and scrypt (RFC 7914).
//!
//! The stored value decides how long a check takes, and it comes from somebody's table: every cost has a
//! ceiling, above which a value is taken not to match.

use hmac::Hmac;
use pbkdf2::pbkdf2;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::hash::Hash;

/// Most rounds of PBKDF2: fifteen times what Django 5.2 asks for, some seconds on one core.
pub const ITERATIONS_MAX: u32 = 15_000_000;

/// Most memory a check may take, in bytes: scrypt's and Argon2's own high presets stay below.
pub const MEMORY_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// Most bytes that a derivation may yield. The longest stored form in the field is 64.
pub const LENGTH_MAX: usize = 128;

/// PBKDF2 with HMAC over `hash`; `None` for another hash or a cost outside its bounds.
pub(super) fn pbkdf2_hmac(
    hash: Hash,
    message: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    if !(1..=ITERATIONS_MAX).contains(&iterations) || !(1..=LENGTH_MAX).contains(&length) {
        return None;
    }
    let mut out = Zeroizing::new(vec![0; length]);
    match hash {
        Hash::Sha1 => pbkdf2::<Hmac<Sha1>>(message, salt, iterations, &mut out).ok()?,
        Hash::Sha256 => pbkdf2::<Hmac<Sha256>>(message, salt, iterations, &mut out).ok()?,
        Hash::Sha512 => pbkdf2::<Hmac<Sha512>>(message, salt, iterations, &mut out).ok()?,
        _ => return None,
    }
    Some(out)
}

/// scrypt with `N = 2^log_n`; `None` when a parameter is outside its bounds.
pub(super) fn scrypt(
    message: &[u8],
    salt: &[u8],
    cost: ScryptCost,
    length: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    if !cost.is_bearable() || !(1..=LENGTH_MAX).contains(&length) {
        return None;
    }
    let params = scrypt::Params::new(cost.log_n, cost.r, cost.p).ok()?;
    let mut out = Zeroizing::new(vec![0; length]);
    scrypt::scrypt(message, salt, &params, &mut out).ok()?;
    Some(out)
}

/// What one scrypt costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScryptCost {
    /// The base-2 logarithm of N.
    pub log_n: u8,
    /// The block size.
    pub r: u32,
    /// The parallelism: here, how many times over.
    pub p: u32,
}

impl ScryptCost {
    /// Whether it needs at most [`MEMORY_MAX`] and runs at most 64 times over.
    pub fn is_bearable(self) -> bool {
        let memory = 128_u64
            .checked_shl(u32::from(self.log_n))
            .filter(|_| self.log_n < 40)
            .and_then(|bytes| bytes.checked_mul(u64::from(self.r)));
        (1..=64).contains(&self.p) && memory.is_some_and(|bytes| (1..=MEMORY_MAX).contains(&bytes))
    }
}
