//! A digest of a set of rows, whatever their order.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::identity::PlannedKey;

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

impl PlannedKey {
    /// The bytes that stand for this key in a [`SetDigest`]: every field that will be written, each with its
    /// length before it. `last_used_at` is left out, as it is when keys are compared.
    pub fn canonical(&self) -> Vec<u8> {
        let attributes = &self.attributes;
        let mut out = Vec::with_capacity(256);
        let mut piece = |bytes: &[u8]| {
            out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        piece(self.identity.as_bytes());
        piece(attributes.name.as_bytes());
        piece(attributes.customer_id.as_bytes());
        piece(&[u8::from(attributes.enabled)]);
        for moment in [attributes.expires_at, attributes.created_at] {
            piece(&moment.map(i64::to_be_bytes).unwrap_or_default());
        }
        piece(&(attributes.grants.len() as u64).to_be_bytes());
        for grant in &attributes.grants {
            piece(grant.representation.as_bytes());
            piece(&[grant.access().bits()]);
        }
        for (key, value) in &attributes.metadata {
            piece(key.as_bytes());
            piece(value.as_bytes());
        }
        out
    }
}

impl fmt::Display for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// Text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a plan's digest is 64 hexadecimal digits")]
pub struct DigestError;

impl FromStr for SetDigest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| DigestError)?;
        bytes.try_into().map(Self).map_err(|_| DigestError)
    }
}
