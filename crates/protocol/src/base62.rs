//! Base 62 (`0-9A-Za-z`): the alphabet of keys. A double click selects all of it, and no character of it
//! needs escaping in a URL, a shell or a header.

/// The digits, in value order.
pub const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How many digits hold any 32-bit number: 62⁶ > 2³².
pub const U32_DIGITS: usize = 6;

/// Writes `value` with exactly [`U32_DIGITS`] digits, most significant first, padded with `0`.
pub fn encode_u32(value: u32) -> [u8; U32_DIGITS] {
    let mut digits = [b'0'; U32_DIGITS];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// The digit for `value`, and `None` for the values 62 and up.
///
/// Random bytes are reduced to six bits and the two values that have no digit are drawn again, so every
/// digit is equally likely (a plain remainder would favour the first eight).
pub fn digit(value: u8) -> Option<u8> {
    ALPHABET.get(usize::from(value)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        assert_eq!(&encode_u32(0), b"000000");
        assert_eq!(&encode_u32(61), b"00000z");
        assert_eq!(&encode_u32(62), b"000010");
        // 4294967295 = 4·62⁵ + 42·62⁴ + 41·62³ + 15·62² + 12·62 + 3
        assert_eq!(&encode_u32(u32::MAX), b"4gfFC3");
    }
}
