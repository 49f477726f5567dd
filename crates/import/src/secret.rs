//! Secrets by reference: the mapping says where one is kept, and here it is fetched.

use std::{env, fs, io};

use oneloop_migrate::recipe::SecretRef;
use zeroize::Zeroizing;

/// The bytes behind a reference: a variable's, or a file's; those of a file of text without one newline at the end.
///
/// # Errors
///
/// Whatever reading the file says; for a variable that is not set, [`io::ErrorKind::NotFound`].
pub fn fetch(place: &SecretRef) -> io::Result<Zeroizing<Vec<u8>>> {
    Ok(match place {
        SecretRef::Env(name) => {
            let value =
                env::var_os(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
            Zeroizing::new(value.into_encoded_bytes())
        }
        SecretRef::File(path) => {
            let mut bytes = Zeroizing::new(fs::read(path)?);
            if bytes.last() == Some(&b'\n') {
                bytes.pop();
            }
            bytes
        }
        SecretRef::BinaryFile(path) => Zeroizing::new(fs::read(path)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_at_the_end_of_a_file_is_the_editors() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pepper");
        fs::write(&path, "s3cret\n\n").expect("written");
        let place = SecretRef::File(path.to_str().expect("UTF-8").to_owned());
        assert_eq!(fetch(&place).expect("there").as_slice(), b"s3cret\n");
        let place = SecretRef::BinaryFile(path.to_str().expect("UTF-8").to_owned());
        assert_eq!(fetch(&place).expect("there").as_slice(), b"s3cret\n\n", "all of it");
        let missing = SecretRef::Env("NO_SUCH_VARIABLE_HERE".to_owned());
        assert_eq!(fetch(&missing).expect_err("missing").kind(), io::ErrorKind::NotFound);
    }
}
