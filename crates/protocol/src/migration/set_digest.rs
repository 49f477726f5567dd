//! A digest of a set of rows, whatever their order.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::encoding::Hex32;

/// The sum, modulo 2²⁵⁶, of HMAC-SHA-256 over each member.
///
/// A sum and not an exclusive or: a member that stands there twice does not cancel itself. Both sides can
/// compute it row by row in any order, and a member can be taken out again. Sums of hashes can be forged by
/// somebody who chooses very many members (the generalised birthday problem), so it shows that two honest
/// sides agree, and that what was reviewed is what runs; it is no signature, and a report that leaves the
/// house is signed as a whole.
///
/// # Source
///
/// Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing: Incrementality at Reduced Cost"
/// (AdHash), EUROCRYPT 1997; Wagner, "A Generalized Birthday Problem", CRYPTO 2002, for its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SetDigest([u8; 32]);

impl SetDigest {
    /// Adds a member. `context` separates sets that mean different things: the workspace.
    pub fn add(&mut self, context: &str, member: &[u8]) {
        if let Some(term) = term(context, member) {
            self.0 = sum(self.0, term);
        }
    }

    /// Adds every member of another set.
    pub fn merge(&mut self, other: Self) {
        self.0 = sum(self.0, other.0);
    }

    /// Takes a member out.
    pub fn remove(&mut self, context: &str, member: &[u8]) {
        if let Some(term) = term(context, member) {
            // −x = ¬x + 1 (mod 2²⁵⁶)
            let mut one = [0; 32];
            one[31] = 1;
            self.0 = sum(self.0, sum(term.map(|byte| !byte), one));
        }
    }
}

fn term(context: &str, member: &[u8]) -> Option<[u8; 32]> {
    // HMAC takes keys of any length: this is never `None`.
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(context.as_bytes()).ok()?;
    mac.update(member);
    Some(mac.finalize().into_bytes().into())
}

/// Big-endian addition.
fn sum(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut carry = 0;
    for ((out, left), right) in out.iter_mut().zip(left).zip(right).rev() {
        let sum = u16::from(left) + u16::from(right) + carry;
        *out = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    out
}

impl fmt::Display for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetDigestError;

impl fmt::Display for SetDigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest is 64 hexadecimal digits")
    }
}

impl std::error::Error for SetDigestError {}

impl From<SetDigest> for Hex32 {
    fn from(digest: SetDigest) -> Self {
        Self(digest.0)
    }
}

impl From<Hex32> for SetDigest {
    fn from(bytes: Hex32) -> Self {
        Self(bytes.0)
    }
}

impl FromStr for SetDigest {
    type Err = SetDigestError;

    fn from_str(text: &str) -> Result<Self, SetDigestError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| SetDigestError)?;
        bytes.try_into().map(Self).map_err(|_| SetDigestError)
    }
}
