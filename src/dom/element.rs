//! One element.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use leptos::prelude::*;
use leptos::reactive::graph::{Subscriber, ToAnySubscriber};
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget, HtmlInputElement};

use super::child::Child;
use super::document;
use super::value::{Attribute, AttributeValue, IntoAttribute};

/// What must live as long as an element or a view does.
#[derive(Default)]
pub struct Kept(Vec<Keep>);

impl Kept {
    pub(super) fn one(keep: Keep) -> Self {
        Self(vec![keep])
    }

    pub(super) fn push(&mut self, keep: Keep) {
        self.0.push(keep);
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

/// One thing that must live as long. Never read again: dropping it is what ends it.
pub(super) enum Keep {
    /// What moves an attribute, a property, a text or a view.
    Effect { _effect: Running },
    /// What hears an event.
    Listener { _listener: Listener },
}

/// What an effect runs, until it is over.
type Run = Rc<RefCell<Option<Box<dyn FnMut()>>>>;

/// An effect, until it is dropped.
pub(super) struct Running {
    effect: RenderEffect<()>,
    run: Run,
}

impl Drop for Running {
    /// Leptos ends an effect that is dropped, and leaves it among those that the signals it has read would tell: one that
    /// outlives it, such as the time, would hold on to every row there ever was. It also keeps what the effect runs
    /// until its task is polled again, and with it the views that the effect made: an effect of theirs that has been
    /// told of a change would run once more, and find signals gone.
    fn drop(&mut self) {
        let effect = self.effect.to_any_subscriber();
        effect.clear_sources(&effect);
        // In use = it is this very run that took the view away.
        let run = self.run.try_borrow_mut().ok().and_then(|mut run| run.take());
        drop(run);
    }
}

/// Calls a closure on an event, until it is dropped.
pub(super) struct Listener {
    target: EventTarget,
    event: &'static str,
    closure: Closure<dyn Fn(Event)>,
}

impl Listener {
    pub(super) fn new(target: EventTarget, event: &'static str, run: Box<dyn Fn(Event)>) -> Self {
        let closure = Closure::wrap(run);
        let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
        Self { target, event, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listener = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.event, listener);
    }
}

/// An element that is being made; becomes a [`View`](super::View) when it is done.
///
/// In a box, so that one step of making it hands a pointer to the next, and not what it points to.
#[must_use]
pub struct Element(Box<Made>);

/// What an element is made of.
pub(super) struct Made {
    pub(super) node: web_sys::Element,
    pub(super) kept: Kept,
}

/// A new HTML element.
///
/// # Panics
///
/// If `tag` is no name of an element.
pub fn el(tag: &'static str) -> Element {
    Element::of(document().create_element(tag).expect_throw(tag))
}

/// A new SVG element.
///
/// # Panics
///
/// If `tag` is no name of an element.
pub fn svg(tag: &'static str) -> Element {
    let node = document().create_element_ns(Some("http://www.w3.org/2000/svg"), tag);
    Element::of(node.expect_throw(tag))
}

/// A place that the page around may fill with elements of its own.
pub fn slot(name: impl Into<String>) -> Element {
    el("slot").attr("name", name.into())
}

impl Element {
    fn of(node: web_sys::Element) -> Self {
        Self(Box::new(Made { node, kept: Kept::default() }))
    }

    pub(super) fn made(self) -> Made {
        *self.0
    }

    /// An attribute: a value, or a closure that gives one. `false` and `None` take it away.
    pub fn attr(mut self, name: &'static str, value: impl IntoAttribute) -> Self {
        self.set(name, value.into_attribute());
        self
    }

    /// The classes: names, or a closure that gives them.
    pub fn class(self, names: impl IntoAttribute) -> Self {
        self.attr("class", names)
    }

    /// The parts, by which a page can style it (`::part`).
    pub fn part(self, names: impl IntoAttribute) -> Self {
        self.attr("part", names)
    }

    /// The ARIA role.
    pub fn role(self, role: impl IntoAttribute) -> Self {
        self.attr("role", role)
    }

    /// A property of the element, which changes with what the closure reads.
    pub fn prop<T: Into<JsValue>>(
        mut self,
        name: &'static str,
        value: impl Fn() -> T + 'static,
    ) -> Self {
        self.set_property(name, Box::new(move || value().into()));
        self
    }

    /// Hears an event.
    pub fn on(mut self, event: &'static str, run: impl Fn(Event) + 'static) -> Self {
        self.listen(event, Box::new(run));
        self
    }

    /// Hears what is typed.
    pub fn on_input(self, run: impl Fn(String) + 'static) -> Self {
        self.on("input", move |event| run(target_value(&event)))
    }

    /// Runs now, and whenever what it reads has changed: after what moves the children that it was given before.
    pub fn effect(mut self, run: impl Fn() + 'static) -> Self {
        self.keep_moving(Box::new(run));
        self
    }

    /// Something at its end: an element, a view, a text, or a closure that gives one of them.
    pub fn child(mut self, child: impl Child) -> Self {
        child.append_to(&self.0.node, &mut self.0.kept);
        self
    }

    /// Several things of one kind at its end.
    pub fn children(mut self, children: impl IntoIterator<Item = impl Child>) -> Self {
        for child in children {
            child.append_to(&self.0.node, &mut self.0.kept);
        }
        self
    }

    /// An element at its beginning.
    pub fn prepend(mut self, element: Self) -> Self {
        let first = element.made();
        let _ = self.0.node.insert_before(&first.node, self.0.node.first_child().as_ref());
        self.0.kept.extend(first.kept);
        self
    }

    /// The element itself.
    pub fn node<T: JsCast>(&self) -> T {
        self.0.node.clone().unchecked_into()
    }

    fn set(&mut self, name: &'static str, attribute: Attribute) {
        match attribute {
            Attribute::Fixed(value) => set_attribute(&self.0.node, name, value.as_deref()),
            Attribute::Moving(value) => {
                let node = self.0.node.clone();
                let mut before: AttributeValue = None;
                self.keep_moving(Box::new(move || {
                    let value = value();
                    if value != before {
                        set_attribute(&node, name, value.as_deref());
                        before = value;
                    }
                }));
            }
        }
    }

    fn set_property(&mut self, name: &'static str, value: Box<dyn Fn() -> JsValue>) {
        let node = self.0.node.clone();
        self.keep_moving(Box::new(move || {
            let _ = js_sys::Reflect::set(&node, &name.into(), &value());
        }));
    }

    fn listen(&mut self, event: &'static str, run: Box<dyn Fn(Event)>) {
        // What a listener makes belongs where the element belongs.
        let owner = Owner::current().unwrap_or_default();
        let run: Box<dyn Fn(Event)> = Box::new(move |event| owner.with(|| run(event)));
        let listener = Listener::new(self.0.node.clone().into(), event, run);
        self.0.kept.push(Keep::Listener { _listener: listener });
    }

    fn keep_moving(&mut self, run: Box<dyn FnMut()>) {
        self.0.kept.push(moving(run));
    }
}

/// Runs now, and again whenever what was read has changed.
pub(super) fn moving(run: Box<dyn FnMut()>) -> Keep {
    let run: Run = Rc::new(RefCell::new(Some(run)));
    let held = run.clone();
    let effect = RenderEffect::new(move |_: Option<()>| {
        if let Some(run) = &mut *held.borrow_mut() {
            run();
        }
    });
    Keep::Effect { _effect: Running { effect, run } }
}

fn set_attribute(node: &web_sys::Element, name: &str, value: Option<&str>) {
    let _ = match value {
        Some(value) => node.set_attribute(name, value),
        None => node.remove_attribute(name),
    };
}

/// What stands in the field that an event came from.
pub fn target_value(event: &Event) -> String {
    event
        .target()
        .map(|field| field.unchecked_into::<HtmlInputElement>().value())
        .unwrap_or_default()
}

/// Whether the box that an event came from is ticked.
pub fn target_checked(event: &Event) -> bool {
    event.target().is_some_and(|field| field.unchecked_into::<HtmlInputElement>().checked())
}

/// A text that moves, as a node and what moves it.
pub(super) fn moving_text(text: Box<dyn Fn() -> Cow<'static, str>>) -> (web_sys::Text, Keep) {
    let node = document().create_text_node("");
    let effect = moving(Box::new({
        let node = node.clone();
        let mut before = Cow::Borrowed("");
        move || {
            let text = text();
            // Writing the same text again would drop a selection in it.
            if text != before {
                node.set_data(&text);
                before = text;
            }
        }
    }));
    (node, effect)
}
