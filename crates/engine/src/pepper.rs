//! The pepper: 32 secret bytes outside the database, without which no tag can be computed.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::entropy;
use crate::error::OpenError;

/// Bytes in a pepper.
const LENGTH: usize = 32;

/// What the check value is the MAC of.
const CHECK: &[u8] = b"oneloop pepper check";

/// A pepper, ready to compute MACs with.
#[derive(Clone)]
pub(crate) struct Pepper {
    /// Keyed once: a MAC then costs two compressions less.
    keyed: Hmac<Sha256>,
}

/// What the database keeps of its pepper, to recognise it by.
#[derive(Clone, Copy)]
pub(crate) struct PepperCheck([u8; 32]);

impl PepperCheck {
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Pepper {
    pub(crate) fn from_bytes(bytes: &[u8; LENGTH]) -> Self {
        let block = hmac_block(bytes);
        Self { keyed: Hmac::new(&block.into()) }
    }

    /// The MAC of `parts`, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// What the database keeps of this pepper.
    pub(crate) fn check(&self) -> PepperCheck {
        PepperCheck(self.mac(&[CHECK]))
    }

    /// Whether this is the pepper that `check` was made with.
    pub(crate) fn belongs_to(&self, check: &PepperCheck) -> bool {
        bool::from(self.check().0.ct_eq(&check.0))
    }

    /// The pepper in `file`; `None` if there is no such file.
    pub(crate) fn read(file: &Path) -> Result<Option<Self>, OpenError> {
        let failed = |cause| OpenError::Pepper { file: file.to_owned(), cause };
        let metadata = match fs::metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(OpenError::PepperTooOpen { file: file.to_owned(), mode });
        }
        let bytes = Zeroizing::new(fs::read(file).map_err(failed)?);
        let bytes: &[u8; LENGTH] = bytes.as_slice().try_into().map_err(|_| {
            OpenError::PepperMalformed { file: file.to_owned(), found: bytes.len() }
        })?;
        Ok(Some(Self::from_bytes(bytes)))
    }

    /// A new pepper, written to `file`, which must not exist. On disk before this returns: a database
    /// whose pepper was lost in a power cut could not verify anything.
    pub(crate) fn create(file: &Path) -> Result<Self, OpenError> {
        let failed = |cause| OpenError::Pepper { file: file.to_owned(), cause };
        let mut bytes = Zeroizing::new([0_u8; LENGTH]);
        entropy::fill(bytes.as_mut_slice()).map_err(failed)?;
        let mut created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .map_err(failed)?;
        created.write_all(bytes.as_slice()).and_then(|()| created.sync_all()).map_err(failed)?;
        sync_directory(file).map_err(failed)?;
        Ok(Self::from_bytes(&bytes))
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper(…)")
    }
}

/// A key shorter than a block is padded with zeros (RFC 2104, section 2), which makes a fixed-size key
/// whose constructor cannot fail.
fn hmac_block(bytes: &[u8; LENGTH]) -> [u8; 64] {
    let mut block = [0_u8; 64];
    block[..LENGTH].copy_from_slice(bytes);
    block
}

/// Makes the name of `file` durable, not only its bytes.
fn sync_directory(file: &Path) -> io::Result<()> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary directory")
    }

    #[test]
    fn a_created_pepper_is_the_owners_alone_and_reads_back() {
        let directory = directory();
        let file = directory.path().join("pepper");
        let created = Pepper::create(&file).expect("creates");
        let mode = fs::metadata(&file).expect("is there").permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600);
        let read = Pepper::read(&file).expect("reads").expect("is there");
        assert!(read.belongs_to(&created.check()));
    }

    #[test]
    fn an_existing_pepper_is_never_overwritten() {
        let directory = directory();
        let file = directory.path().join("pepper");
        Pepper::create(&file).expect("creates");
        let before = fs::read(&file).expect("reads");
        assert!(matches!(Pepper::create(&file), Err(OpenError::Pepper { .. })));
        assert_eq!(fs::read(&file).expect("reads"), before);
    }

    #[test]
    fn a_mode_wider_than_the_owner_is_refused_with_the_command_to_run() {
        let directory = directory();
        let file = directory.path().join("pepper");
        Pepper::create(&file).expect("creates");
        for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
            let error = Pepper::read(&file).expect_err("too open");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        for mode in [0o600, 0o400] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("chmod");
            assert!(Pepper::read(&file).expect("narrow enough").is_some());
        }
    }

    #[test]
    fn only_32_bytes_are_a_pepper() {
        let directory = directory();
        let file = directory.path().join("pepper");
        for length in [0, 31, 33] {
            fs::write(&file, vec![1; length]).expect("writes");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("chmod");
            let error = Pepper::read(&file).expect_err("wrong length");
            assert!(matches!(error, OpenError::PepperMalformed { found, .. } if found == length));
        }
    }

    #[test]
    fn another_pepper_does_not_belong() {
        let (one, other) = (Pepper::from_bytes(&[1; 32]), Pepper::from_bytes(&[2; 32]));
        assert!(one.belongs_to(&one.check()) && !one.belongs_to(&other.check()));
    }

    /// RFC 4231, test case 2 has a four-byte key; padded to a block it is the same key.
    #[test]
    fn the_mac_is_hmac_sha_256() {
        let mut key = [0_u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = Pepper::from_bytes(&key).mac(&[b"what do ya want ", b"for nothing?"]);
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
