//! Randomness, from the operating system and nowhere else.

use std::io;

/// Overwrites `buffer` with random bytes.
pub(crate) fn fill(buffer: &mut [u8]) -> io::Result<()> {
    getrandom::fill(buffer).map_err(|error| io::Error::other(error.to_string()))
}
