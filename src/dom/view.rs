//! A stretch of the page, and what keeps it alive.

use leptos::attr::Attribute;
use leptos::attr::any_attribute::AnyAttribute;
use leptos::prelude::*;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Position, PositionState};
use send_wrapper::SendWrapper;
use web_sys::{DocumentFragment, Node};

use super::document;
use super::element::{Element, Kept};

/// Some neighbouring nodes, not in the page yet or in it. Dropping one ends what moves in it; the nodes stay
/// where they are.
///
/// The first and the last node stay the same for as long as the view exists: what moves inside is enclosed by
/// markers. So a view knows where it stands without knowing what is in it.
#[must_use]
pub struct View(Box<SendWrapper<Stretch>>);

struct Stretch {
    /// Where the nodes are until they are in the page.
    fragment: DocumentFragment,
    kept: Kept,
    /// First and last node, once it was mounted.
    ends: Option<(Node, Node)>,
}

impl View {
    /// Nothing.
    pub fn empty() -> Self {
        Self::new(document().create_document_fragment(), Kept::default())
    }

    pub(super) fn new(fragment: DocumentFragment, kept: Kept) -> Self {
        Self(Box::new(SendWrapper::new(Stretch { fragment, kept, ends: None })))
    }

    /// Puts the nodes at the end of `parent`, for good: what keeps them alive is handed over.
    pub(super) fn append_to(self, parent: &Node, kept: &mut Kept) {
        let stretch = self.0.take();
        let _ = parent.append_child(&stretch.fragment);
        kept.extend(stretch.kept);
    }

    /// Puts the nodes before `marker`, or at the end.
    pub(super) fn insert(&mut self, parent: &Node, marker: Option<&Node>) {
        let stretch = &mut **self.0;
        if stretch.ends.is_none() {
            let ends = stretch.fragment.first_child().zip(stretch.fragment.last_child());
            stretch.ends = ends;
        }
        let _ = parent.insert_before(&stretch.fragment, marker);
    }

    /// Takes the nodes out of the page. They can be inserted again.
    pub(super) fn remove(&mut self) {
        let Some((first, last)) = &self.0.ends else { return };
        let mut next = Some(first.clone());
        while let Some(node) = next {
            next = if node.is_same_node(Some(last)) { None } else { node.next_sibling() };
            let _ = self.0.fragment.append_child(&node);
        }
    }

    /// The first node, once it is in the page.
    pub(super) fn first(&self) -> Option<&Node> {
        self.0.ends.as_ref().map(|(first, _)| first)
    }

    /// The last node, once it is in the page.
    pub(super) fn last(&self) -> Option<&Node> {
        self.0.ends.as_ref().map(|(_, last)| last)
    }
}

/// Several, one after the other.
pub fn views(all: impl IntoIterator<Item = impl Into<View>>) -> View {
    let fragment = document().create_document_fragment();
    let mut kept = Kept::default();
    for view in all {
        view.into().append_to(&fragment, &mut kept);
    }
    View::new(fragment, kept)
}

impl From<Element> for View {
    fn from(element: Element) -> Self {
        let fragment = document().create_document_fragment();
        let made = element.made();
        let _ = fragment.append_child(&made.node);
        Self::new(fragment, made.kept)
    }
}

impl<T: Into<Self>> From<Option<T>> for View {
    fn from(view: Option<T>) -> Self {
        view.map_or_else(Self::empty, Into::into)
    }
}

impl Mountable for View {
    fn unmount(&mut self) {
        self.remove();
    }

    fn mount(&mut self, parent: &web_sys::Element, marker: Option<&Node>) {
        self.insert(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let Some(first) = self.first() else { return false };
        first.parent_element().is_some_and(|parent| {
            child.mount(&parent, Some(first));
            true
        })
    }

    fn elements(&self) -> Vec<web_sys::Element> {
        Vec::new()
    }
}

impl Render for View {
    type State = Self;

    fn build(self) -> Self {
        self
    }

    fn rebuild(mut self, state: &mut Self) {
        state.insert_before_this(&mut self);
        state.remove();
        *state = self;
    }
}

impl AddAnyAttr for View {
    type Output<New: Attribute> = Self;

    fn add_any_attr<New: Attribute>(self, _: New) -> Self {
        self
    }
}

/// A view is made of the browser's own nodes: a server has none of it to render, and the browser puts it in the
/// place that the server left empty.
impl RenderHtml for View {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        ().to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(
        mut self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self {
        let place = cursor.next_placeholder(position);
        if let Some(parent) = place.parent_node() {
            self.insert(&parent, Some(&place));
        }
        self
    }

    fn into_owned(self) -> Self {
        self
    }
}
