//! Names for contents: SHA-256 over files, in hexadecimal.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// Collects what a result depends on.
#[derive(Default)]
pub(crate) struct Stamp(Sha256);

impl Stamp {
    /// Adds files, each by its path from `base` and its content.
    pub(crate) fn files(&mut self, base: &Path, files: &[PathBuf]) -> anyhow::Result<&mut Self> {
        for file in files {
            let name = file.strip_prefix(base).unwrap_or(file).to_string_lossy().replace('\\', "/");
            let content =
                fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            self.part(name.as_bytes());
            self.part(&content);
        }
        Ok(self)
    }

    /// The digest, 64 hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        self.0.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Length first, so that "ab"+"c" and "a"+"bc" differ.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn moving_a_letter_from_one_part_to_the_next_changes_the_digest() {
        let digest = |parts: [&str; 2]| {
            let mut stamp = Stamp::default();
            for part in parts {
                stamp.part(part.as_bytes());
            }
            stamp.digest()
        };
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        assert_eq!(digest(["ab", "c"]).len(), 64);
    }
}
