//! Every word the widget says, one function a text.
//!
//! The English text stands beside the function; the other languages are the files of
//! `www/widget/locales/`, loaded when a page needs one. A fixed text is a function without arguments, a
//! sentence with values in it a function with them. No component holds a text of its own.

use self::message::messages;

pub mod catalogue;
pub mod delete;
pub mod details;
pub mod form;
pub mod grants;
pub mod list;
pub mod many;
pub mod message;
pub mod problem;
pub mod reveal;
pub mod rotate;

#[cfg(test)]
mod locales;

messages! { "common"
    /// Leaves a dialog without doing anything.
    cancel = "Cancel";
    /// Asks the server again.
    try_again = "Try again";
    /// The accessible name of a dialog's × button.
    close = "Close";
    /// Hides a message.
    dismiss = "Dismiss";
    /// A period, as the label of a choice.
    days(count: usize) = "{count, plural, one {# day} other {# days}}";
}
