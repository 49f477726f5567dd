//! Sealing: what only somebody with the right key may read again (XChaCha20-Poly1305).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::entropy;
use crate::error::EngineError;

/// Bytes of the nonce in front of what is sealed: so many that a random one never comes twice.
const NONCE: usize = 24;

/// One key, ready to seal and open with.
pub(crate) struct Seal(XChaCha20Poly1305);

impl Seal {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(XChaCha20Poly1305::new((&*key).into()))
    }

    /// Seals `plain`, to be opened in the same `context` only.
    pub(crate) fn close(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, EngineError> {
        let mut nonce = [0_u8; NONCE];
        entropy::fill(&mut nonce).map_err(EngineError::internal)?;
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| EngineError::internal("cannot seal"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed in `context`; `None` if it was not, or with another key, or was changed since.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: context };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(byte: u8) -> Seal {
        Seal::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_in_the_same_context_only() {
        let sealed = seal(1).close(b"here", b"canary").expect("seals");
        assert!(!sealed.windows(6).any(|window| window == b"canary"));
        assert_eq!(*seal(1).open(b"here", &sealed).expect("opens"), b"canary");
        assert!(seal(2).open(b"here", &sealed).is_none());
        assert!(seal(1).open(b"there", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut torn = sealed.clone();
            torn[at] ^= 1;
            assert!(seal(1).open(b"here", &torn).is_none(), "byte {at}");
            assert!(seal(1).open(b"here", &sealed[..at]).is_none(), "{at} bytes");
        }
    }

    #[test]
    fn sealing_twice_gives_two_texts() {
        assert_ne!(
            seal(1).close(b"", b"x").expect("seals"),
            seal(1).close(b"", b"x").expect("seals")
        );
    }
}
