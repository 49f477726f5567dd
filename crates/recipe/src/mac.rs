//! HMAC (RFC 2104) over a [`enum@Hash`].

use hmac::digest::block_api::BlockSizeUser;
use hmac::{KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::{Sha3_256, Sha3_512};
use zeroize::Zeroizing;

use crate::hash::Hash;

/// The HMAC of the pieces under `key`; `None` where [`Hash::has_hmac`] is false.
pub(super) fn hmac(hash: Hash, key: &[u8], pieces: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    match hash {
        Hash::Md5 => run::<Md5>(key, pieces),
        Hash::Sha1 => run::<Sha1>(key, pieces),
        Hash::Sha224 => run::<Sha224>(key, pieces),
        Hash::Sha256 => run::<Sha256>(key, pieces),
        Hash::Sha384 => run::<Sha384>(key, pieces),
        Hash::Sha512 => run::<Sha512>(key, pieces),
        Hash::Sha3_256 => run::<Sha3_256>(key, pieces),
        Hash::Sha3_512 => run::<Sha3_512>(key, pieces),
        Hash::Blake3 | Hash::Blake2b256 | Hash::Blake2b512 => None,
    }
}

fn run<D: Digest + BlockSizeUser>(key: &[u8], pieces: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    // HMAC takes a key of any length, so the error cannot happen; `None` would read as "does not match".
    let mut mac = <SimpleHmac<D> as KeyInit>::new_from_slice(key).ok()?;
    for piece in pieces {
        mac.update(piece);
    }
    Some(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
}
