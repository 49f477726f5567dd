//! bcrypt in its modular-crypt form: `$2b$10$` + 22 characters of salt + 31 of hash.
//!
//! # Source
//!
//! Provos and Mazières, "A Future-Adaptable Password Scheme", USENIX 1999; OpenBSD's `crypt(3)` for the
//! letters. `2a`, `2b` and `2y` differ only in bugs long repaired, and hash alike here. `2x` marks hashes
//! made *with* the sign-extension bug (CVE-2011-2483) and is refused.

use data_encoding::{Encoding, Specification};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// How many bytes of a key bcrypt looks at. Two keys that agree in these are one key to it.
pub const CUT: usize = 72;

/// Highest cost that is computed: 2¹⁸ rounds, some fifteen seconds.
pub(super) const COST_MAX: u32 = 18;

const HASH_BYTES: usize = 23;

/// A stored bcrypt value, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The base-2 logarithm of the rounds.
    pub cost: u32,
    salt: [u8; 16],
    hash: [u8; HASH_BYTES],
}

impl Stored {
    /// Reads `$2a$`, `$2b$` or `$2y$`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|mark| text.strip_prefix(mark))?;
        let (cost, encoded) = rest.split_once('$')?;
        let two_digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|_| two_digits)?;
        let (salt, hash) = encoded.split_at_checked(22)?;
        let (salt, hash) = (decode(salt)?, decode(hash)?);
        Some(Self { cost, salt: salt.try_into().ok()?, hash: hash.try_into().ok()? })
    }

    /// Whether it is the hash of `message`.
    pub fn matches(&self, message: &[u8]) -> bool {
        if !(4..=COST_MAX).contains(&self.cost) {
            return false;
        }
        let out = Zeroizing::new(bcrypt::bcrypt(self.cost, self.salt, &seen(message)));
        out.iter().take(HASH_BYTES).copied().collect::<Vec<_>>().ct_eq(&self.hash[..]).into()
    }
}

/// What bcrypt sees of a key: up to the first NUL, a NUL after it, and of that the first 72 bytes. The C
/// string it was written for explains both.
fn seen(message: &[u8]) -> Zeroizing<Vec<u8>> {
    let text = message.split(|byte| *byte == 0).next().unwrap_or_default();
    let mut seen = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    seen.extend_from_slice(text);
    seen.push(0);
    seen.truncate(CUT);
    seen
}

/// bcrypt's own base 64. Trailing bits are not checked: implementations differ in them.
fn decode(text: &str) -> Option<Vec<u8>> {
    alphabet()?.decode(text.as_bytes()).ok()
}

fn alphabet() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
}
