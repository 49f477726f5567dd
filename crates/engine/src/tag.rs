//! The stored form of a secret (decisions, "stored form").
//!
//! `tag = HMAC-SHA-256(pepper, domain ‖ scope ‖ SHA-256(secret))`. Someone who has the database but not
//! the pepper can neither guess a weak legacy key nor present a tag as a key: it would be digested again.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};

use oneloop_protocol::key::KeyDigest;

use crate::pepper::Pepper;

/// Which kind of secret; a tag of one kind is never that of another.
const KEY: &[u8] = b"olk1";
const SDK_KEY: &[u8] = b"ols1";
const LINK_TOKEN: &[u8] = b"oll1";
/// A key that is known by what another service's recipe made of it.
const RECIPE: &[u8] = b"olr1";
/// A part of a key, which leads to the row that it was in.
const LOCATOR: &[u8] = b"olc1";
/// A key that is known by the row that it was in: nothing that is presented ever has such a tag.
const ROW: &[u8] = b"oli1";

/// What stands in front of a key's digest in its tag.
pub(crate) fn key_domain(team: u128) -> Vec<u8> {
    [KEY, &team.to_be_bytes()].concat()
}

/// What stands in front of what a recipe, of this hash, made of a key in its tag.
pub(crate) fn recipe_domain(team: u128, recipe: &[u8; 32]) -> Vec<u8> {
    [RECIPE, &team.to_be_bytes(), recipe].concat()
}

/// What stands in front of a locator in what is stored of it.
pub(crate) fn locator_domain(team: u128, recipe: u32) -> Vec<u8> {
    [LOCATOR, &team.to_be_bytes(), &recipe.to_be_bytes()].concat()
}

/// The stored form of one secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag([u8; 32]);

impl Tag {
    /// The tag of a customer's key. The team is part of it, so one secret in two teams has two tags that
    /// nobody can connect, and looking a tag up is looking it up within its team.
    pub(crate) fn of_key(pepper: &Pepper, team: u128, digest: &KeyDigest) -> Self {
        Self(pepper.mac(&[KEY, &team.to_be_bytes(), digest.as_bytes()]))
    }

    /// The tag of a key that is known by what `recipe`, by its hash, makes of it. The recipe is part of it,
    /// so that what one recipe makes of a key is never taken for what another makes.
    pub(crate) fn of_recipe_digest(
        pepper: &Pepper,
        team: u128,
        recipe: &[u8; 32],
        digest: &[u8],
    ) -> Self {
        Self(pepper.mac(&[RECIPE, &team.to_be_bytes(), recipe, digest]))
    }

    /// The tag of a key that can only be recognised by trying: it holds the place of the native tag, and
    /// makes the same row the same key.
    pub(crate) fn of_legacy_row(pepper: &Pepper, team: u128, identity: &[u8; 32]) -> Self {
        Self(pepper.mac(&[ROW, &team.to_be_bytes(), identity]))
    }

    /// The tag of an SDK key. The team is what the look-up finds, so it cannot be part of it.
    pub(crate) fn of_sdk_key(pepper: &Pepper, digest: &KeyDigest) -> Self {
        Self(pepper.mac(&[SDK_KEY, digest.as_bytes()]))
    }

    /// The tag of a link token.
    pub(crate) fn of_link_token(pepper: &Pepper, digest: &KeyDigest) -> Self {
        Self(pepper.mac(&[LINK_TOKEN, digest.as_bytes()]))
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes as hexadecimal digits, for a statement that takes many.
    pub(crate) fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(…)")
    }
}

impl Hash for Tag {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
    }
}

/// Hashes a tag by taking eight of its bytes: they are uniform already, and without the pepper nobody can
/// choose two that collide.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TagHasher;

impl BuildHasher for TagHasher {
    type Hasher = FirstBytes;

    fn build_hasher(&self) -> FirstBytes {
        FirstBytes(0)
    }
}

/// The hasher behind [`TagHasher`].
#[derive(Debug)]
pub(crate) struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 ^= u64::from_ne_bytes(word);
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(tag: Tag) -> String {
        tag.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Computed with Python: `hmac.new(bytes(range(32)), domain + scope + sha256(b"abc"), "sha256")`.
    #[test]
    fn known_answers() {
        let pepper = Pepper::from_bytes(&std::array::from_fn(|at| at as u8));
        let digest = KeyDigest::of("abc");
        let team = 0x0190_163d_8694_739f_aea5_966c_26f8_ad91;
        assert_eq!(
            hex(Tag::of_key(&pepper, team, &digest)),
            "03c0758255a57320ccc9906c40e74776f5884938f003b46c0ab08dff8c14899b"
        );
        assert_eq!(
            hex(Tag::of_sdk_key(&pepper, &digest)),
            "558902cf883fb9cb2a85d51e7b724485f6d9e078276f4e7b554fc1d715ff0388"
        );
        assert_eq!(
            hex(Tag::of_link_token(&pepper, &digest)),
            "5c8346699c955a74ee6fe28b9f96584403213480fc5cf838b060f73306abf6f2"
        );
    }

    #[test]
    fn the_same_secret_in_two_teams_has_two_tags() {
        let pepper = Pepper::from_bytes(&[7; 32]);
        let digest = KeyDigest::of("shared-secret");
        assert_ne!(Tag::of_key(&pepper, 1, &digest), Tag::of_key(&pepper, 2, &digest));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Tag::from_bytes([1; 32])), "Tag(…)");
    }
}
