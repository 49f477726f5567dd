//! What of a key may be shown in a list.

use crate::key::{RANDOM_DIGITS, is_native};

/// How many characters of a key its mask may show.
const SHOWN: usize = 4;

/// Bits that must stay hidden for any of a migrated key to be shown.
const HIDDEN_BITS: f64 = 128.0;

/// The mask of a key minted here: prefix, `_`, `****`, last four. 236 random bits stay hidden.
pub fn native(key: &str) -> String {
    debug_assert!(is_native(key));
    let prefix =
        key.len().checked_sub(RANDOM_DIGITS + 7).and_then(|end| key.get(..end)).unwrap_or_default();
    let tail = key.len().checked_sub(SHOWN).and_then(|start| key.get(start..)).unwrap_or_default();
    format!("{prefix}_****{tail}")
}

/// The mask of a key that was brought along: `****` and its last four characters, or `****` alone when
/// fewer than 128 bits would stay hidden.
///
/// Nobody can measure the entropy of one string, so the estimate is the most its alphabet allows; a UUID
/// or a 20-character token falls below the limit and shows nothing. A key of our own format, from another
/// installation, is known to be random and looks like one minted here.
pub fn migrated(key: &str) -> String {
    if is_native(key) {
        return native(key);
    }
    let tail_at = key.len().saturating_sub(SHOWN);
    let (Some(hidden), Some(tail)) = (key.get(..tail_at), key.get(tail_at..)) else {
        return "****".to_owned();
    };
    let printable = tail.bytes().all(|byte| byte.is_ascii_graphic());
    if printable && entropy_at_most(hidden) >= HIDDEN_BITS {
        format!("****{tail}")
    } else {
        "****".to_owned()
    }
}

/// Whether it is a mask as this service makes them: never more of a key than its prefix and its last four characters.
pub fn is_mask(mask: &str) -> bool {
    let Some((head, tail)) = mask.split_once("****") else { return false };
    let head = head.strip_suffix('_').unwrap_or(head);
    head.len() <= 16
        && head.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && tail.len() <= 4
        && tail.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The most bits that `text` can hold, judging by the classes of characters it uses.
fn entropy_at_most(text: &str) -> f64 {
    let any = |class: fn(&u8) -> bool| text.bytes().any(|byte| class(&byte));
    let beyond_hex = any(|b| b.is_ascii_alphabetic() && !b.is_ascii_hexdigit());
    let letters = if beyond_hex { 26.0 } else { 6.0 };
    let classes: [(bool, f64); 3] = [
        (any(u8::is_ascii_digit), 10.0),
        (any(u8::is_ascii_lowercase), letters),
        (any(u8::is_ascii_uppercase), letters),
    ];
    let alphabet: f64 = classes.iter().filter(|(used, _)| *used).map(|(_, size)| size).sum();
    // Separators and signs stand at fixed places in practice: they add nothing.
    let counted = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    if alphabet > 1.0 { counted as f64 * alphabet.log2() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn native_keys_show_prefix_and_tail() {
        let fill = |buffer: &mut [u8]| {
            buffer.fill(7);
            Ok::<_, std::convert::Infallible>(())
        };
        let key = crate::key::mint("acme_live", fill).expect("never fails");
        let tail = &key.expose()[key.expose().len() - SHOWN..];
        assert_eq!(native(key.expose()), format!("acme_live_****{tail}"));
        assert_eq!(migrated(key.expose()), native(key.expose()), "from another installation");
    }

    #[test]
    fn short_migrated_keys_show_nothing() {
        assert_eq!(migrated("Zk3v9QpLm2Xw8RtYb5Nc"), "****");
        assert_eq!(migrated("0190163d-8694-739f-aea5-966c26f8ad91"), "****");
        assert_eq!(migrated("1234"), "****");
        assert_eq!(migrated(""), "****");
    }

    #[test]
    fn long_migrated_keys_show_their_tail() {
        assert_eq!(migrated("Zk3v9QpLm2Xw8RtYb5NcZk3v9QpLm2Xw8RtYb5Nc"), "****b5Nc");
        assert_eq!(migrated("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"), "****822c");
    }

    proptest! {
        #[test]
        fn at_most_four_characters_are_ever_shown(key in ".{0,64}") {
            let mask = migrated(&key);
            prop_assert!(mask.starts_with("****"));
            prop_assert!(mask.len() <= 8);
        }
    }

    #[test]
    fn a_mask_shows_at_most_four_characters() {
        assert!(is_mask("****") && is_mask("ol_****abcd") && is_mask("****abcd"));
        assert!(!is_mask("****abcde") && !is_mask("abcd") && !is_mask("a-b****abcd"));
    }
}
