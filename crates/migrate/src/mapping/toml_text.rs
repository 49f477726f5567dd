//! TOML keys, written one way.

use oneloop_recipe::quoted;

/// `text` as a TOML key: bare where the grammar lets it be, quoted elsewhere.
pub(super) fn key(text: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !text.is_empty() && text.bytes().all(bare) { text.to_owned() } else { quoted(text) }
}
