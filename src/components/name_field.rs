//! The name of a key.

use oneloop_protocol::{Reason, limits};
use web_sys::HtmlInputElement;

use super::unique::unique;
use crate::dom::{Element, el};
use crate::signal::{Memo, RwSignal};
use crate::state::Submission;
use crate::text;

/// What is wrong with a name, in words; `None` if nothing is.
pub fn name_problem(name: &str) -> Option<&'static str> {
    limits::check_name("name", name.trim()).err().map(|error| match error.reason {
        Reason::NameTooLong => text::form::name_too_long(),
        Reason::ControlCharacter => text::form::name_control(),
        _ => text::form::name_missing(),
    })
}

/// What a form says about its name: our own check once it was tried, or else what the server said of this
/// very field.
pub fn name_message(
    name: RwSignal<String>,
    tried: RwSignal<bool>,
    submission: Submission,
) -> Memo<Option<String>> {
    Memo::new(move |_| {
        let own = tried.get().then(|| name.with(|name| name_problem(name))).flatten();
        own.map(str::to_owned).or_else(|| submission.about("name"))
    })
}

/// A text field for a key's name, with what is wrong with it underneath.
///
/// `problem` is what is wrong, once somebody tried to send it. Gives the field itself as well, to put the focus
/// in when it is at fault.
///
/// # Accessibility
///
/// The message is part of the field's description, and `aria-invalid` follows it. Password managers are
/// asked to stay away: this is not a login.
///
/// # Parts
///
/// `field`, `input`.
pub fn name_field(
    value: RwSignal<String>,
    problem: Memo<Option<String>>,
) -> (Element, HtmlInputElement) {
    let (id, message) = (unique("name"), unique("name-problem"));
    let field = el("input")
        .class("input")
        .part("input")
        .attr("id", id.clone())
        .attr("type", "text")
        .attr("autofocus", true)
        .attr("autocomplete", "off")
        .attr("autocapitalize", "off")
        .attr("spellcheck", "false")
        .attr("data-1p-ignore", "true")
        .attr("data-lpignore", "true")
        .attr("data-bwignore", "true")
        .attr("placeholder", text::form::name_placeholder())
        .attr("aria-required", "true")
        .attr("aria-invalid", move || problem.with(Option::is_some).then_some("true"))
        .attr("aria-describedby", message.clone())
        .prop("value", move || value.get())
        .on_input(move |text| value.set(text));
    let node = field.node();
    let element = el("div")
        .class("field")
        .part("field")
        .child(el("label").class("label").attr("for", id).child(text::form::name()))
        .child(field)
        .child(el("p").class("field-problem").attr("id", message).child(move || problem.get()));
    (element, node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_by_the_servers_own_rules() {
        assert_eq!(name_problem("ci-deploy"), None);
        assert_eq!(name_problem("  "), Some(text::form::name_missing()));
        assert_eq!(name_problem(&"é".repeat(255)), None);
        assert_eq!(name_problem(&"é".repeat(256)), Some(text::form::name_too_long()));
        assert_eq!(name_problem("a\tb"), Some(text::form::name_control()));
    }
}
