//! The plain digests, by name.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Blake2b512};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_512};
use zeroize::Zeroizing;

macro_rules! hashes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $bytes:literal;)+) => {
        /// A hash function, without key and without work factor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Hash { $($(#[$doc])* $variant,)+ }

        impl Hash {
            /// Every hash, the likeliest in a table of API keys first: the order in which `prove` tries them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its name in a mapping file.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How many bytes it yields.
            pub fn bytes(self) -> usize {
                match self { $(Self::$variant => $bytes,)+ }
            }
        }
    };
}

hashes! {
    /// FIPS 180-4.
    Sha256 = "sha256", 32;
    /// FIPS 180-4.
    Sha512 = "sha512", 64;
    /// FIPS 180-4. Collisions are practical, second preimages are not.
    Sha1 = "sha1", 20;
    /// RFC 1321. Broken: flagged wherever it is met.
    Md5 = "md5", 16;
    /// FIPS 180-4.
    Sha384 = "sha384", 48;
    /// FIPS 180-4.
    Sha224 = "sha224", 28;
    /// FIPS 202.
    Sha3_256 = "sha3-256", 32;
    /// FIPS 202.
    Sha3_512 = "sha3-512", 64;
    /// The BLAKE3 paper, default 32-byte output.
    Blake3 = "blake3", 32;
    /// RFC 7693 with a 32-byte output (not a truncated BLAKE2b-512).
    Blake2b256 = "blake2b-256", 32;
    /// RFC 7693.
    Blake2b512 = "blake2b-512", 64;
}

impl Hash {
    /// The hash of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|hash| hash.name() == name)
    }

    /// Whether it is too weak to go on being used: a report says so, and nothing is refused for it.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    /// Whether HMAC over it is a recipe: the SHA families and MD5. BLAKE2 and BLAKE3 have keyed modes of
    /// their own, and nobody puts HMAC around them.
    pub fn has_hmac(self) -> bool {
        !matches!(self, Self::Blake3 | Self::Blake2b256 | Self::Blake2b512)
    }

    /// Whether PBKDF2 over it is a recipe.
    pub fn has_pbkdf2(self) -> bool {
        matches!(self, Self::Sha1 | Self::Sha256 | Self::Sha512)
    }

    /// The digest of the pieces, one after another.
    pub fn digest(self, pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Md5 => run::<Md5>(pieces),
            Self::Sha1 => run::<Sha1>(pieces),
            Self::Sha224 => run::<Sha224>(pieces),
            Self::Sha256 => run::<Sha256>(pieces),
            Self::Sha384 => run::<Sha384>(pieces),
            Self::Sha512 => run::<Sha512>(pieces),
            Self::Sha3_256 => run::<Sha3_256>(pieces),
            Self::Sha3_512 => run::<Sha3_512>(pieces),
            Self::Blake2b256 => run::<Blake2b<U32>>(pieces),
            Self::Blake2b512 => run::<Blake2b512>(pieces),
            // Not through the digest trait: the crate's own API is the one that is always there.
            Self::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                for piece in pieces {
                    hasher.update(piece);
                }
                Zeroizing::new(hasher.finalize().as_bytes().to_vec())
            }
        }
    }
}

fn run<D: Digest>(pieces: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut digest = D::new();
    for piece in pieces {
        digest.update(piece);
    }
    Zeroizing::new(digest.finalize().to_vec())
}
