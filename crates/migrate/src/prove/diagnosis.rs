//! What can be said when nothing fits: the nearest miss, or what the stored value looks like.

use std::fmt;

use super::{Clues, Pair, describe, space};
use crate::recipe::{Algorithm, BcryptStored, Encoding, Recipe, is_argon2, is_scrypt_phc};

/// Why no recipe was found. Pairs are counted from 0 here, and from 1 in the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No pair was given.
    NoPair,
    /// A pair's key is empty.
    EmptyKey {
        /// Which pair.
        pair: usize,
    },
    /// A pair's stored value is empty.
    EmptyStored {
        /// Which pair.
        pair: usize,
    },
    /// Recipes fit the first pair, and none of them fits this one.
    PairsDisagree {
        /// Which pair.
        pair: usize,
    },
    /// A recipe fits a key that differs a little from the one given.
    Near {
        /// The difference.
        variation: Variation,
        /// The recipe that would fit.
        recipe: Box<Recipe>,
    },
    /// Nothing fits, near or far.
    Nothing(Looks),
}

/// A small difference between the key that was given and the key that was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variation {
    /// White space around the key.
    Trimmed,
    /// `echo` writes one, and pipes it into the hash.
    NewlineAppended,
    /// A lower-case copy was hashed.
    Lowercase,
    /// An upper-case copy was hashed.
    Uppercase,
    /// The word `Bearer ` belongs to the header, not to the key.
    WithoutBearer,
    /// The stored value ends early: the column was too short.
    StoredTruncated,
    /// White space around the stored value, as a fixed-width column pads it.
    StoredPadded,
}

/// What a stored value looks like, judging by its form alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looks {
    /// bcrypt of that cost.
    Bcrypt(u32),
    /// bcrypt made by the broken implementation that `$2x$` marks.
    BrokenBcrypt,
    /// An Argon2 PHC string.
    Argon2,
    /// A scrypt PHC string.
    Scrypt,
    /// One of Django's encoded forms.
    Django,
    /// So many bytes in that encoding.
    Bytes(Encoding, usize),
    /// None of these.
    Unknown,
}

const VARIATIONS: [Variation; 7] = [
    Variation::Trimmed,
    Variation::NewlineAppended,
    Variation::WithoutBearer,
    Variation::StoredPadded,
    Variation::Lowercase,
    Variation::Uppercase,
    Variation::StoredTruncated,
];

pub(super) fn diagnose(pair: &Pair, clues: &Clues) -> Miss {
    for variation in VARIATIONS {
        if let Some(recipe) = variation.fitting(pair, clues) {
            return Miss::Near { variation, recipe: Box::new(recipe) };
        }
    }
    Miss::Nothing(looks(&pair.stored))
}

impl Variation {
    /// The recipe that fits the pair once it is varied.
    fn fitting(self, pair: &Pair, clues: &Clues) -> Option<Recipe> {
        let key = pair.key.expose();
        let (key, stored) = match self {
            Self::Trimmed => (key.trim().to_owned(), None),
            Self::NewlineAppended => (format!("{key}\n"), None),
            Self::WithoutBearer => (key.strip_prefix("Bearer ")?.to_owned(), None),
            Self::Lowercase => (key.to_lowercase(), None),
            Self::Uppercase => (key.to_uppercase(), None),
            Self::StoredPadded => (key.to_owned(), Some(pair.stored.trim_ascii().to_vec())),
            Self::StoredTruncated => return truncated(pair),
        };
        let stored = stored.unwrap_or_else(|| pair.stored.to_vec());
        if key == pair.key.expose() && stored == *pair.stored {
            return None;
        }
        let slow = [Algorithm::Bcrypt, Algorithm::Argon2, Algorithm::ScryptPhc];
        if slow.iter().any(|it| Recipe::of(it.clone()).reads(&stored)) {
            // One try for each variation, of the whole key: a dozen slow ones would look like a hang.
            let varied = Pair { salt: pair.salt.clone(), ..Pair::new(key, stored) };
            let clues = Clues::default();
            return slow.into_iter().map(Recipe::of).find(|it| super::fits(it, &varied, &clues));
        }
        let varied = Pair { salt: pair.salt.clone(), ..Pair::new(key, stored) };
        space::search_fast(&varied, clues).into_iter().next()
    }
}

/// A digest of the whole key of which the stored text is the beginning. Eight bytes are proof enough.
fn truncated(pair: &Pair) -> Option<Recipe> {
    if pair.stored.len() < 16 {
        return None;
    }
    space::whole_key_digests().find(|recipe| {
        recipe
            .encode(pair.key.expose(), crate::recipe::Inputs::default())
            .is_some_and(|full| full.len() > pair.stored.len() && full.starts_with(&pair.stored))
    })
}

fn looks(stored: &[u8]) -> Looks {
    let text = std::str::from_utf8(stored).unwrap_or_default().trim();
    if let Some(bcrypt) = BcryptStored::parse(text) {
        return Looks::Bcrypt(bcrypt.cost);
    }
    if text.starts_with("$2x$") {
        return Looks::BrokenBcrypt;
    }
    if is_argon2(text) {
        return Looks::Argon2;
    }
    if is_scrypt_phc(text) {
        return Looks::Scrypt;
    }
    if Recipe::of(Algorithm::Django).reads(text.as_bytes()) {
        return Looks::Django;
    }
    let read = |encoding: &Encoding| Some((*encoding, encoding.decode(text.as_bytes())?.len()));
    let readable = Encoding::ALL.iter().filter(|it| **it != Encoding::Raw).find_map(read);
    match readable {
        Some((encoding, bytes)) if bytes > 0 => Looks::Bytes(encoding, bytes),
        _ if text.is_empty() => Looks::Bytes(Encoding::Raw, stored.len()),
        _ => Looks::Unknown,
    }
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trimmed => "the key has white space around it that was not hashed",
            Self::NewlineAppended => "the key was hashed together with a newline after it",
            Self::Lowercase => "the key was hashed in lower case",
            Self::Uppercase => "the key was hashed in upper case",
            Self::WithoutBearer => "`Bearer ` is part of the header and not of the key",
            Self::StoredTruncated => "the stored value is only the beginning of the digest",
            Self::StoredPadded => "the stored value has white space around it",
        })
    }
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bcrypt(cost) => write!(
                f,
                "it looks like bcrypt with cost {cost}, but of another key, or of more than the key"
            ),
            Self::BrokenBcrypt => f.write_str(
                "it is bcrypt marked `$2x$`: made by an implementation with a known bug, and not supported",
            ),
            Self::Argon2 => f.write_str("it looks like Argon2, but of another key"),
            Self::Scrypt => f.write_str("it looks like scrypt, but of another key"),
            Self::Django => f.write_str("it looks like Django's encoded form, but of another key"),
            Self::Bytes(encoding, bytes) => {
                write!(f, "{} of {bytes} bytes: {}", encoding.in_words(), family(*bytes))
            }
            Self::Unknown => f.write_str("its form is not one that any recipe here writes"),
        }
    }
}

/// What makes so many bytes.
fn family(bytes: usize) -> &'static str {
    match bytes {
        4 | 8 => "MurmurHash or CRC, which are no hashes for secrets and have no recipe here",
        16 => {
            "MD5, HMAC-MD5 with a key you have not given, a salt you have not given, or MurmurHash3 (Tyk's \
             default), which is no hash for secrets"
        }
        20 => "SHA-1, HMAC-SHA-1 with a key you have not given, or a salt you have not given",
        28 => "SHA-224, or HMAC-SHA-224 with a key you have not given",
        32 => {
            "SHA-256, SHA3-256, BLAKE2b-256, BLAKE3 or HMAC-SHA-256 with a key you have not given, or with a \
             salt you have not given"
        }
        48 => "SHA-384, or HMAC-SHA-384 with a key you have not given",
        64 => {
            "SHA-512, SHA3-512, BLAKE2b-512 or HMAC-SHA-512 with a key you have not given, or with a salt you \
             have not given"
        }
        _ => "no digest has this length; it may be encrypted, or be another column",
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPair => f.write_str("give at least one key together with its stored value"),
            Self::EmptyKey { pair } => write!(f, "the key of pair {} is empty", pair + 1),
            Self::EmptyStored { pair } => {
                write!(f, "the stored value of pair {} is empty", pair + 1)
            }
            Self::PairsDisagree { pair } => write!(
                f,
                "a recipe fits the first pair, but none fits pair {}: is its stored value of another row?",
                pair + 1
            ),
            Self::Near { variation, recipe } => {
                write!(f, "almost: {variation}. Then the stored value is {}", describe(recipe))
            }
            Self::Nothing(looks) => write!(f, "no recipe fits; {looks}"),
        }
    }
}

impl std::error::Error for Miss {}
