//! Stored values of other services, which must be read again: sealed under the pepper, so that the database
//! alone gives nobody a hash to guess at.

use zeroize::Zeroizing;

use crate::error::EngineError;
use crate::pepper::Pepper;
use crate::seal::Seal;

/// Tells the sealing key from everything else that is made from the pepper.
const LABEL: &[u8] = b"olx1";

/// Stands where the length of a salt would: there is none.
const NO_SALT: u32 = u32::MAX;

/// A stored value, and the salt of its row.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredValue {
    pub(crate) salt: Option<Zeroizing<Vec<u8>>>,
    pub(crate) stored: Zeroizing<Vec<u8>>,
}

fn seal(pepper: &Pepper) -> Seal {
    Seal::new(Zeroizing::new(pepper.mac(&[LABEL])))
}

impl StoredValue {
    /// Seals it for the key `id`: moved to another row, it does not open.
    pub(crate) fn close(
        pepper: &Pepper,
        id: u128,
        salt: Option<&[u8]>,
        stored: &[u8],
    ) -> Result<Vec<u8>, EngineError> {
        let length = salt.map_or(Ok(NO_SALT), |salt| u32::try_from(salt.len()));
        let length = length.map_err(EngineError::internal)?.to_be_bytes();
        let plain = Zeroizing::new([&length, salt.unwrap_or_default(), stored].concat());
        seal(pepper).close(&id.to_be_bytes(), &plain)
    }

    /// Opens what was sealed for the key `id`; `None` for anything else.
    pub(crate) fn open(pepper: &Pepper, id: u128, sealed: &[u8]) -> Option<Self> {
        let plain = seal(pepper).open(&id.to_be_bytes(), sealed)?;
        let (length, rest) = plain.split_first_chunk::<4>()?;
        let owned = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
        let length = u32::from_be_bytes(*length);
        if length == NO_SALT {
            return Some(Self { salt: None, stored: owned(rest) });
        }
        let (salt, stored) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        Some(Self { salt: Some(owned(salt)), stored: owned(stored) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_value_opens_for_its_own_key_and_pepper_only() {
        let pepper = Pepper::from_bytes(&[7; 32]);
        for salt in [None, Some(b"".as_slice()), Some(b"pinch")] {
            let sealed = StoredValue::close(&pepper, 1, salt, b"$2b$10$x").expect("seals");
            let opened = StoredValue::open(&pepper, 1, &sealed).expect("opens");
            assert_eq!(opened.salt.as_ref().map(|salt| salt.as_slice()), salt);
            assert_eq!(opened.stored.as_slice(), b"$2b$10$x");
            assert!(StoredValue::open(&pepper, 2, &sealed).is_none(), "another key");
            let other = Pepper::from_bytes(&[8; 32]);
            assert!(StoredValue::open(&other, 1, &sealed).is_none(), "another pepper");
        }
        assert!(StoredValue::open(&pepper, 1, b"short").is_none());
    }
}
