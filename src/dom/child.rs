//! What an element can hold.

use std::borrow::Cow;

use web_sys::Node;

use super::document;
use super::element::{Element, Keep, Kept, Made, moving, moving_text};
use super::view::View;

/// What can stand in an element.
pub trait Child {
    /// Puts it at the end of `parent`.
    #[doc(hidden)]
    fn append_to(self, parent: &Node, kept: &mut Kept);
}

impl Child for Element {
    fn append_to(self, parent: &Node, kept: &mut Kept) {
        let made = self.made();
        let _ = parent.append_child(&made.node);
        kept.extend(made.kept);
    }
}

impl Child for View {
    fn append_to(self, parent: &Node, kept: &mut Kept) {
        Self::append_to(self, parent, kept);
    }
}

impl Child for &'static str {
    fn append_to(self, parent: &Node, _: &mut Kept) {
        append_text(parent, self);
    }
}

impl Child for String {
    fn append_to(self, parent: &Node, _: &mut Kept) {
        append_text(parent, &self);
    }
}

impl<T: Child> Child for Option<T> {
    fn append_to(self, parent: &Node, kept: &mut Kept) {
        if let Some(child) = self {
            child.append_to(parent, kept);
        }
    }
}

fn append_text(parent: &Node, text: &str) {
    let _ = parent.append_child(&document().create_text_node(text));
}

/// What a closure can give: a text, or a view.
pub trait Moving {
    /// Puts what `run` gives at the end of `parent`, and keeps it true.
    #[doc(hidden)]
    fn append(run: Box<dyn Fn() -> Self>, parent: &Node, kept: &mut Kept);
}

impl<F, T> Child for F
where
    F: Fn() -> T + 'static,
    T: Moving,
{
    fn append_to(self, parent: &Node, kept: &mut Kept) {
        T::append(Box::new(self), parent, kept);
    }
}

macro_rules! moving_texts {
    ($($type:ty => |$text:ident| $cow:expr;)+) => {$(
        impl Moving for $type {
            fn append(run: Box<dyn Fn() -> Self>, parent: &Node, kept: &mut Kept) {
                let text = Box::new(move || {
                    let $text = run();
                    $cow
                });
                let (node, effect) = moving_text(text);
                let _ = parent.append_child(&node);
                kept.push(effect);
            }
        }
    )+};
}

moving_texts! {
    &'static str => |text| Cow::Borrowed(text);
    String => |text| Cow::Owned(text);
    Option<&'static str> => |text| Cow::Borrowed(text.unwrap_or_default());
    Option<String> => |text| text.map_or(Cow::Borrowed(""), Cow::Owned);
}

macro_rules! moving_views {
    ($($type:ty),+) => {$(
        impl Moving for $type {
            fn append(run: Box<dyn Fn() -> Self>, parent: &Node, kept: &mut Kept) {
                dynamic(move || run().into()).append_to(parent, kept);
            }
        }
    )+};
}

moving_views!(View, Option<View>);

/// One element takes the place of the other: no markers are needed, of which a list would have thousands.
impl Moving for Element {
    fn append(run: Box<dyn Fn() -> Self>, parent: &Node, kept: &mut Kept) {
        let parent = parent.clone();
        let mut shown: Option<Made> = None;
        kept.push(moving(Box::new(move || {
            let next = run().made();
            let _ = match &shown {
                Some(before) => before.node.replace_with_with_node_1(&next.node),
                None => parent.append_child(&next.node).map(drop),
            };
            shown = Some(next);
        })));
    }
}

/// A marker says where the element goes that is not always there.
impl Moving for Option<Element> {
    fn append(run: Box<dyn Fn() -> Self>, parent: &Node, kept: &mut Kept) {
        let end = document().create_comment("");
        let _ = parent.append_child(&end);
        let mut shown: Option<Made> = None;
        kept.push(moving(Box::new(move || {
            let next = run().map(Element::made);
            if let Some(before) = &shown {
                before.node.remove();
            }
            if let (Some(next), Some(parent)) = (&next, end.parent_node()) {
                let _ = parent.insert_before(&next.node, Some(&end));
            }
            shown = next;
        })));
    }
}

/// A view that is replaced whenever what the closure reads has changed. The old one stands until the new one
/// is made; what its effects registered with `on_cleanup` has run before that.
pub fn dynamic(render: impl Fn() -> View + 'static) -> View {
    enclosed(Box::new(render))
}

fn enclosed(render: Box<dyn Fn() -> View>) -> View {
    let fragment = document().create_document_fragment();
    let end = document().create_comment("");
    let _ = fragment.append_child(&document().create_comment(""));
    let _ = fragment.append_child(&end);
    let mut shown: Option<View> = None;
    let effect: Keep = moving(Box::new(move || {
        let mut next = render();
        if let Some(mut before) = shown.take() {
            before.remove();
        }
        if let Some(parent) = end.parent_node() {
            next.insert(&parent, Some(&end));
        }
        shown = Some(next);
    }));
    View::new(fragment, Kept::one(effect))
}
