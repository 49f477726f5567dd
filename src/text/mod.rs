//! Every word the widget says, in one place: the English catalogue.
//!
//! A fixed text is a function without arguments, a sentence with values in it a function with them, so
//! that a second catalogue can stand behind the same names. No component holds a text of its own.

/// Declares fixed texts: `name = "text";` becomes `fn name() -> &'static str`.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {$(
        $(#[$doc])*
        pub fn $name() -> &'static str {
            $text
        }
    )+};
}

pub mod delete;
pub mod form;
pub mod grants;
pub mod list;
pub mod problem;
pub mod reveal;
pub mod rotate;

/// The language of this catalogue. Dates and numbers inside its sentences are formatted for it.
pub const LANGUAGE: &str = "en";

messages! {
    /// Leaves a dialog without doing anything.
    cancel = "Cancel";
    /// Asks the server again.
    try_again = "Try again";
    /// The accessible name of a dialog's × button.
    close = "Close";
    /// Hides a message.
    dismiss = "Dismiss";
}

/// `2 keys`, `1 key`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`.
pub fn and_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_a_person_would_say_them() {
        let items: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(and_list(&items[..0]), "");
        assert_eq!(and_list(&items[..1]), "a");
        assert_eq!(and_list(&items[..2]), "a and b");
        assert_eq!(and_list(&items), "a, b and c");
    }
}
