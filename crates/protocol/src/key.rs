//! The format of a key: `{prefix}_{random}{checksum}`.
//!
//! - `random` is [`RANDOM_DIGITS`] base-62 digits: 256 bits, drawn from the operating system without bias.
//! - `checksum` is the CRC-32 of everything before it, as six base-62 digits. It covers the prefix too, so
//!   a leaked key can be recognised whatever prefix a workspace chose, and a typo is told apart from an
//!   unknown key without looking anything up.
//!
//! A key that this service did not mint (one brought along by migration) is opaque: no rule here applies
//! to it.

use sha2::{Digest, Sha256};

use crate::base62;
use crate::secret::Secret;

/// How many random digits a key has: 43 · log₂ 62 = 256.03 bits.
pub const RANDOM_DIGITS: usize = 43;

/// The prefix of keys whose workspace names none.
pub const DEFAULT_PREFIX: &str = "ol";

/// The prefix of SDK keys. Changing it breaks secret scanners that look for it, and nothing else.
pub const SDK_KEY_PREFIX: &str = "olsdk";

/// The prefix of link tokens. The access log recognises tokens by their place in the URL, not by this.
pub const LINK_TOKEN_PREFIX: &str = "ollt";

/// Mints a secret with `prefix`, drawing randomness from `fill`.
///
/// `fill` must overwrite the whole buffer with bytes from a cryptographically secure generator; it is an
/// argument because this crate does no I/O, and because a known sequence makes a known-answer test.
pub fn mint<E>(
    prefix: &str,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Secret, E> {
    let mut text = String::with_capacity(prefix.len() + 1 + RANDOM_DIGITS + base62::U32_DIGITS);
    text.push_str(prefix);
    text.push('_');

    let mut drawn = 0;
    let mut pool = zeroize::Zeroizing::new([0_u8; 64]);
    while drawn < RANDOM_DIGITS {
        fill(pool.as_mut_slice())?;
        for digit in pool.iter().filter_map(|byte| base62::digit(byte & 0x3f)) {
            if drawn == RANDOM_DIGITS {
                break;
            }
            text.push(char::from(digit));
            drawn += 1;
        }
    }

    let checksum = base62::encode_u32(crc32fast::hash(text.as_bytes()));
    text.extend(checksum.iter().copied().map(char::from));
    Ok(Secret::new(text))
}

/// Whether `text` has the shape and the checksum of a key that [`mint`] made.
///
/// A `false` says nothing about whether the key is valid: a migrated key has a shape of its own.
pub fn is_native(text: &str) -> bool {
    let Some((head, checksum)) =
        text.len().checked_sub(base62::U32_DIGITS).and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let Some((prefix, random)) = head.rsplit_once('_') else { return false };
    !prefix.is_empty()
        && random.len() == RANDOM_DIGITS
        && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && checksum.as_bytes() == base62::encode_u32(crc32fast::hash(head.as_bytes()))
}

/// What is left of a key once it has been read: SHA-256 of its bytes.
///
/// The stored form is made from this digest and a pepper (see the engine), which is why a legacy table of
/// SHA-256 digests can be brought along without anybody knowing the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Digests the bytes of a key, as they are: no trimming, no case folding, no normalisation.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// A digest that was computed elsewhere.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for KeyDigest {
    // For a short legacy key the digest is as good as the key: a few seconds of guessing apart.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn counting() -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
        let mut next = 0_u8;
        move |buffer| {
            for byte in buffer {
                *byte = next;
                next = next.wrapping_add(1);
            }
            Ok(())
        }
    }

    #[test]
    fn known_answer() {
        let key = mint("ol", counting()).expect("counting never fails");
        // zlib's crc32 of the first 46 characters is 0x1E22FA7C.
        assert_eq!(key.expose(), "ol_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg0YDTx6");
        assert!(is_native(key.expose()));
    }

    #[test]
    fn bytes_without_a_digit_are_drawn_again() {
        // 62 and 63 have no digit; were they reduced instead, "0" and "1" would come up more often.
        let mut first = true;
        let key = mint("ol", |buffer| {
            buffer.fill(if std::mem::take(&mut first) { 63 } else { 61 });
            Ok::<_, Infallible>(())
        })
        .expect("never fails");
        assert!(key.expose().starts_with(&format!("ol_{}", "z".repeat(RANDOM_DIGITS))));
    }

    #[test]
    fn a_failing_generator_makes_no_key() {
        assert!(mint("ol", |_| Err("no entropy")).is_err());
    }

    #[test]
    fn digest_is_plain_sha_256() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hex: String =
            KeyDigest::of("abc").as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, expected);
    }

    proptest! {
        #[test]
        fn minted_keys_are_native(prefix in "[A-Za-z0-9_]{1,16}", seed in any::<[u8; 64]>()) {
            let mut round = 0_u8;
            let key = mint(&prefix, |buffer| {
                for (byte, seed) in buffer.iter_mut().zip(seed) {
                    *byte = seed.wrapping_add(round);
                }
                round = round.wrapping_add(1);
                Ok::<_, Infallible>(())
            }).expect("never fails");
            prop_assert!(is_native(key.expose()));
            prop_assert_eq!(key.expose().len(), prefix.len() + 1 + RANDOM_DIGITS + 6);
        }

        #[test]
        fn a_changed_character_breaks_the_checksum(at in 0_usize..52, to in "[A-Za-z0-9]") {
            let key = mint("ol", counting()).expect("counting never fails");
            let mut changed = key.expose().to_owned();
            changed.replace_range(at..=at, &to);
            prop_assert_eq!(is_native(&changed), changed == key.expose());
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            let _ = is_native(&text);
        }
    }
}
