//! The name of a key.

use leptos::html;
use leptos::prelude::*;
use oneloop_protocol::{Reason, limits};

use super::unique::unique;
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
) -> Signal<Option<String>> {
    Signal::derive(move || {
        let own = tried.get().then(|| name.with(|name| name_problem(name))).flatten();
        let refused = || {
            let concerns = submission
                .problem
                .with(|problem| problem.as_ref().is_some_and(|it| it.concerns("name")));
            concerns.then(|| submission.message()).flatten()
        };
        own.map(str::to_owned).or_else(refused)
    })
}

/// A text field for a key's name, with what is wrong with it underneath.
///
/// # Accessibility
///
/// The message is part of the field's description, and `aria-invalid` follows it. Password managers are
/// asked to stay away: this is not a login.
///
/// # Parts
///
/// `field`, `input`.
#[component]
pub fn NameField(
    /// What is typed.
    value: RwSignal<String>,
    /// What is wrong with it, once somebody tried to send it.
    #[prop(into)]
    problem: Signal<Option<String>>,
    /// The field itself, to put the focus in when it is at fault.
    node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let (id, message) = (unique("name"), unique("name-problem"));
    view! {
        <div class="field" part="field">
            <label class="label" for=id.clone()>
                {text::form::name()}
            </label>
            <input
                node_ref=node_ref
                class="input"
                part="input"
                id=id
                type="text"
                autofocus=true
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                data-1p-ignore="true"
                data-lpignore="true"
                data-bwignore="true"
                placeholder=text::form::name_placeholder()
                aria-required="true"
                aria-invalid=move || problem.with(Option::is_some).then_some("true")
                aria-describedby=message.clone()
                prop:value=move || value.get()
                on:input:target=move |event| value.set(event.target().value())
            />
            <p class="field-problem" id=message>
                {move || problem.get()}
            </p>
        </div>
    }
}

/// Puts the focus where something has to be corrected.
pub fn focus(field: NodeRef<html::Input>) {
    if let Some(field) = field.get_untracked() {
        let _ = field.focus();
    }
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
