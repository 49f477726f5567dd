//! The widget's buttons.

use web_sys::Event;

use super::icon::Icon;
use crate::dom::{Child, Element, Kept, el};
use crate::signal::RwSignal;

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
#[must_use]
pub struct Button {
    element: Element,
    face: Element,
    busy: Option<RwSignal<bool>>,
    press: Option<Box<dyn Fn()>>,
}

impl Button {
    /// A plain button with this word on it.
    pub fn new(label: impl Child) -> Self {
        Self {
            element: el("button").attr("type", "button"),
            face: el("span").class("button-face").child(label),
            busy: None,
            press: None,
        }
        .emphasis(Emphasis::Plain)
    }

    /// How much it asks to be pressed.
    pub fn emphasis(self, emphasis: Emphasis) -> Self {
        self.with(|button| button.class(emphasis.class()).part(emphasis.class()))
    }

    /// How much it asks to be pressed, as that changes.
    pub fn emphasis_with(self, emphasis: impl Fn() -> Emphasis + Copy + 'static) -> Self {
        self.with(|button| {
            button.class(move || emphasis().class()).part(move || emphasis().class())
        })
    }

    /// A picture before the word.
    pub fn icon(mut self, icon: Icon) -> Self {
        self.face = self.face.prepend(icon.view());
        self
    }

    /// It submits the form it stands in.
    pub fn submit(self) -> Self {
        self.with(|button| button.attr("type", "submit"))
    }

    /// Its request is under way while this is true.
    pub fn busy(mut self, busy: RwSignal<bool>) -> Self {
        self.busy = Some(busy);
        self.with(|button| button.attr("aria-disabled", move || busy.get().then_some("true")))
    }

    /// It cannot be pressed yet while this is true.
    pub fn disabled(self, disabled: impl Fn() -> bool + 'static) -> Self {
        self.with(|button| button.attr("disabled", disabled))
    }

    /// It has the focus when its dialog opens.
    pub fn autofocus(self, autofocus: bool) -> Self {
        self.with(|button| button.attr("autofocus", autofocus))
    }

    /// Runs on click, from mouse, keyboard and assistive technology alike.
    pub fn on_press(mut self, press: impl Fn() + 'static) -> Self {
        self.press = Some(Box::new(press));
        self
    }

    fn with(mut self, change: impl FnOnce(Element) -> Element) -> Self {
        self.element = change(self.element);
        self
    }

    /// The button as an element.
    pub fn view(self) -> Element {
        let Self { element, face, busy, press } = self;
        let click = move |event: Event| {
            if busy.is_some_and(|busy| busy.get_untracked()) {
                event.prevent_default();
            } else if let Some(press) = &press {
                press();
            }
        };
        element.child(face).on("click", click)
    }
}

impl Child for Button {
    fn append_to(self, parent: &web_sys::Node, kept: &mut Kept) {
        self.view().append_to(parent, kept);
    }
}
