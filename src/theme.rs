//! The widget's stylesheet: one text, for one constructable sheet in the shadow root.
//!
//! Compiled in rather than fetched: `style-src` need not know about it, and it cannot be missing.

/// Every rule: the theme, then one file a component, without what only people read.
pub const STYLESHEET: &str = {
    const SHORT: Short = shortened(WRITTEN);
    match std::str::from_utf8(SHORT.0.split_at(SHORT.1).0) {
        Ok(sheet) => sheet,
        Err(_) => panic!("a stylesheet is cut in the middle of a letter"),
    }
};

/// The rules as they are written.
const WRITTEN: &str = concat!(
    include_str!("theme.css"),
    include_str!("components/button.css"),
    include_str!("components/field.css"),
    include_str!("components/notice.css"),
    include_str!("components/header.css"),
    include_str!("components/toolbar.css"),
    include_str!("components/key_list.css"),
    include_str!("components/key_status.css"),
    include_str!("components/placeholder.css"),
    include_str!("components/row_menu.css"),
    include_str!("components/dialog.css"),
    include_str!("components/details_dialog.css"),
    include_str!("components/choice.css"),
    include_str!("components/scope_picker.css"),
    include_str!("components/reveal_dialog.css"),
    include_str!("components/snippets.css"),
);

/// Bytes, and how many of them count.
type Short = ([u8; WRITTEN.len()], usize);

/// A stylesheet without comments, and without the spaces that mean nothing in it. The compiler does this, so that the
/// half a kilobyte is saved wherever the widget is built. What stands in quotes stays as it is.
#[allow(
    long_running_const_eval,
    reason = "twenty thousand letters take more steps than the lint expects"
)]
const fn shortened(sheet: &str) -> Short {
    let from = sheet.as_bytes();
    let mut to = [0; WRITTEN.len()];
    let mut length = 0;
    let mut at = 0;
    let mut quote = None;
    let mut space = false;
    while at < from.len() {
        let byte = from[at];
        at += 1;
        if let Some(end) = quote {
            if byte == end {
                quote = None;
            }
        } else if byte == b'/' && from[at] == b'*' {
            at += 1;
            while !(from[at] == b'*' && from[at + 1] == b'/') {
                at += 1;
            }
            at += 2;
            continue;
        } else if byte.is_ascii_whitespace() {
            space = true;
            continue;
        } else {
            let before = if length == 0 { b'{' } else { to[length - 1] };
            let splits = matches!(before, b'{' | b'}' | b';' | b',' | b':' | b'(' | b'>')
                || matches!(byte, b'{' | b'}' | b';' | b',' | b')' | b'>' | b'!');
            if space && !splits {
                to[length] = b' ';
                length += 1;
            }
            if byte == b'}' && before == b';' {
                length -= 1;
            }
            if byte == b'"' || byte == b'\'' {
                quote = Some(byte);
            }
        }
        space = false;
        to[length] = byte;
        length += 1;
    }
    (to, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_something_is_left() {
        let (bytes, length) = shortened(
            "/* a; b */\n.a > b,\n.c :focus {\n  margin: calc(1px + (2px));\n  content: \"; }  '\";\n}\n@media (x) and (y) {}\n",
        );
        assert_eq!(
            std::str::from_utf8(&bytes[..length]),
            Ok(".a>b,.c :focus{margin:calc(1px + (2px));content:\"; }  '\"}@media (x) and (y){}")
        );
    }
}
