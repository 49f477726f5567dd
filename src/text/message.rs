//! One message in the language of the page, and how values get into it.
//!
//! Messages are written in the part of ICU MessageFormat that the widget needs: `{name}` and
//! `{count, plural, =0 {none} one {# key} other {# keys}}`. There is no quoting: no text of ours holds a
//! brace, and a test over all catalogues keeps it so.

use super::catalogue;

/// A message as the code knows it: its key in the catalogues, and its English text.
#[derive(Debug)]
pub struct Message {
    /// The digest of `list.title`, the module and the function: two hundred keys in words would weigh a kilobyte.
    pub key: u32,
    /// The key itself, for the test that compares catalogues.
    #[cfg(test)]
    pub name: &'static str,
    /// What is said in English, and where a catalogue is missing.
    pub english: &'static str,
}

/// A value for a message.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// Put in as it is.
    Text(&'a str),
    /// Written the language's way, and decides between plural forms.
    Count(usize),
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Value<'_> {
    fn from(count: usize) -> Self {
        Self::Count(count)
    }
}

/// The digest of a key: FNV-1a. A test sees to it that no two keys share one.
pub const fn digest(key: &str) -> u32 {
    let bytes = key.as_bytes();
    let mut digest = 0x811c_9dc5_u32;
    let mut at = 0;
    while at < bytes.len() {
        digest = (digest ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    digest
}

impl Message {
    /// The text in the language of the page.
    pub fn say(&self) -> &'static str {
        catalogue::find(self.key).unwrap_or(self.english)
    }

    /// The text with `values` in it, by their names.
    pub fn fill(&self, values: &[(&str, Value<'_>)]) -> String {
        let mut text = String::new();
        write(&mut text, self.say(), values, None);
        text
    }
}

/// Appends `pattern` to `text`. `count` is what `#` stands for inside a plural form.
fn write(text: &mut String, pattern: &str, values: &[(&str, Value<'_>)], count: Option<usize>) {
    let mut rest = pattern;
    while let Some(at) = rest.bytes().position(|byte| byte == b'{' || byte == b'#') {
        let (before, special) = rest.split_at(at);
        text.push_str(before);
        if let Some(after) = special.strip_prefix('#') {
            match count {
                Some(count) => text.push_str(&catalogue::number(count)),
                None => text.push('#'),
            }
            rest = after;
            continue;
        }
        let (inside, after) = braces(special);
        rest = after;
        let (name, forms) = inside.split_once(',').unwrap_or((inside, ""));
        let value = values.iter().find(|(known, _)| *known == name.trim());
        match value.map(|(_, value)| *value) {
            Some(Value::Text(value)) => text.push_str(value),
            Some(Value::Count(value)) => match plural_form(forms, value) {
                Some(form) => write(text, form, values, Some(value)),
                None => text.push_str(&catalogue::number(value)),
            },
            None => {}
        }
    }
    text.push_str(rest);
}

/// The form of `plural, one {…} other {…}` that fits `count`: an exact `=1` before the category.
fn plural_form(forms: &str, count: usize) -> Option<&str> {
    let mut rest = forms.split_once(',')?.1;
    let category = catalogue::plural_category(count);
    let mut other = None;
    let mut fitting = None;
    while let Some(at) = rest.find('{') {
        let selector = rest[..at].trim();
        let (form, after) = braces(&rest[at..]);
        rest = after;
        if selector.strip_prefix('=').is_some_and(|exact| exact.parse() == Ok(count)) {
            return Some(form);
        }
        if selector == category {
            fitting = Some(form);
        }
        if selector == "other" {
            other = Some(form);
        }
    }
    fitting.or(other)
}

/// Splits text that begins with a brace into what is inside it and what follows its partner.
fn braces(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return (&text[1..at], &text[at + 1..]),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    (&text[1..], "")
}

/// Declares messages. `name = "text";` becomes `fn name() -> &'static str`, and
/// `name(count: usize, who: &str) = "text";` becomes a function with these arguments that gives a
/// `String`. The literal in front is the module's part of the key.
macro_rules! messages {
    ($module:literal $($(#[$doc:meta])* $name:ident $(($($arg:ident: $kind:ty),+))? = $text:literal;)+) => {
        $($crate::text::message::message! {
            $(#[$doc])* $module $name $(($($arg: $kind),+))? = $text
        })+

        /// Every message of this module, for the test that compares catalogues.
        #[cfg(test)]
        pub const MESSAGES: &[$crate::text::message::Message] =
            &[$($crate::text::message::one!($module, $name, $text)),+];
    };
}

/// One function of [`messages`].
macro_rules! message {
    ($(#[$doc:meta])* $module:literal $name:ident = $text:literal) => {
        $(#[$doc])*
        pub fn $name() -> &'static str {
            static MESSAGE: $crate::text::message::Message =
                $crate::text::message::one!($module, $name, $text);
            MESSAGE.say()
        }
    };
    ($(#[$doc:meta])* $module:literal $name:ident ($($arg:ident: $kind:ty),+) = $text:literal) => {
        $(#[$doc])*
        pub fn $name($($arg: $kind),+) -> String {
            static MESSAGE: $crate::text::message::Message =
                $crate::text::message::one!($module, $name, $text);
            MESSAGE.fill(&[$((stringify!($arg), $arg.into())),+])
        }
    };
}

/// The constant behind a function of [`messages`].
macro_rules! one {
    ($module:literal, $name:ident, $text:literal) => {
        $crate::text::message::Message {
            key: const { $crate::text::message::digest(concat!($module, ".", stringify!($name))) },
            #[cfg(test)]
            name: concat!($module, ".", stringify!($name)),
            english: $text,
        }
    };
}

pub(crate) use {message, messages, one};

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(english: &'static str, values: &[(&str, Value<'_>)]) -> String {
        Message { key: 0, name: "test.only", english }.fill(values)
    }

    #[test]
    fn values_stand_where_their_names_do() {
        let values = [("a", "1".into()), ("b", "{a}".into())];
        assert_eq!(filled("{b} before { a }, {c}#", &values), "{a} before 1, #");
    }

    #[test]
    fn the_plural_form_follows_the_count() {
        let keys = "{n, plural, =0 {no keys} one {# key of {who}} other {# keys of {who}}}!";
        let say = |n: usize| filled(keys, &[("n", n.into()), ("who", "Mira".into())]);
        assert_eq!(say(0), "no keys!");
        assert_eq!(say(1), "1 key of Mira!");
        assert_eq!(say(21), "21 keys of Mira!");
    }

    #[test]
    fn a_broken_message_is_shown_as_far_as_it_goes() {
        assert_eq!(filled("{n, plural, one {# key", &[("n", 1_usize.into())]), "1 key");
        assert_eq!(filled("open {", &[]), "open ");
        assert_eq!(filled("{n, plural, few {x}}", &[("n", 5_usize.into())]), "5");
    }
}
