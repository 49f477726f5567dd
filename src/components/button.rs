//! The widget's buttons.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::Icon;

/// How much a button asks to be pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// The one thing to do next.
    Primary,
    /// Anything else.
    #[default]
    Plain,
    /// Something that cannot be undone.
    Danger,
    /// A word that can be pressed.
    Quiet,
}

impl Emphasis {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Plain => "button",
            Self::Danger => "button button-danger",
            Self::Quiet => "button button-quiet",
        }
    }
}

/// A button with a word and perhaps a picture.
///
/// # Accessibility
///
/// While `busy`, it keeps the focus and says so, but does nothing: a disabled button would drop the
/// keyboard's place in the middle of a request.
///
/// # Parts
///
/// `button`, and `button-primary`, `button-danger` or `button-quiet`.
#[component]
pub fn Button(
    /// The word on it.
    #[prop(into)]
    label: Signal<String>,
    /// How much it asks to be pressed. Defaults to plain.
    #[prop(optional, into)]
    emphasis: Signal<Emphasis>,
    /// A picture before the word.
    #[prop(optional)]
    icon: Option<Icon>,
    /// Whether it submits the form it stands in. Defaults to `false`.
    #[prop(optional)]
    submit: bool,
    /// Whether its request is under way. Defaults to `false`.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it cannot be pressed yet. Defaults to `false`.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether it has the focus when its dialog opens. Defaults to `false`.
    #[prop(optional)]
    autofocus: bool,
    /// Runs on click, from mouse, keyboard and assistive technology alike.
    #[prop(optional, into)]
    on_press: Option<Callback<MouseEvent>>,
) -> impl IntoView {
    let press = move |event: MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(event);
        }
    };
    view! {
        <button
            class=move || emphasis.get().class()
            part=move || emphasis.get().class()
            type=if submit { "submit" } else { "button" }
            disabled=move || disabled.get()
            aria-disabled=move || busy.get().then_some("true")
            autofocus=autofocus
            on:click=press
        >
            <span class="button-face">
                {icon.map(Icon::view)}
                {move || label.get()}
            </span>
        </button>
    }
}
