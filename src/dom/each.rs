//! A list whose entries keep their nodes.

use std::rc::Rc;

use leptos::prelude::*;

use super::document;
use super::element::{Element, Kept, moving};
use super::view::View;

/// One entry that is shown.
struct Entry {
    key: String,
    view: View,
    /// What the entry's effects and signals belong to; dropping it ends them.
    _owner: Owner,
}

/// One element for each item. An item whose key was there before keeps its element, with its focus and all that
/// is typed into it; the others are made and taken away. Keys must differ from each other.
pub fn each<T: 'static>(
    items: impl Fn() -> Vec<T> + 'static,
    key: impl Fn(&T) -> String + 'static,
    view: impl Fn(T) -> Element + 'static,
) -> View {
    let view = Rc::new(view);
    keyed(Box::new(move || {
        let keyed = items().into_iter().map(|item| {
            let view = view.clone();
            let make: Make = (key(&item), Box::new(move || view(item)));
            make
        });
        keyed.collect()
    }))
}

/// A key, and how to make its element when it is new.
type Make = (String, Box<dyn FnOnce() -> Element>);

fn keyed(items: Box<dyn Fn() -> Vec<Make>>) -> View {
    let fragment = document().create_document_fragment();
    let end = document().create_comment("");
    let _ = fragment.append_child(&document().create_comment(""));
    let _ = fragment.append_child(&end);
    // Entries outlive the run of the effect that made them, so they belong to whoever made the list.
    let list = Owner::current().unwrap_or_default();
    let mut shown: Vec<Option<Entry>> = Vec::new();
    let effect = moving(Box::new(move || {
        let items = items();
        let Some(parent) = end.parent_node() else { return };
        let mut before = std::mem::take(&mut shown);
        // Where the next one is expected: lists mostly keep their order.
        let mut at = 0;
        let kept: Vec<Result<Entry, Make>> = items
            .into_iter()
            .map(|make| match find(&mut before, at, &make.0) {
                Some((place, entry)) => {
                    at = place + 1;
                    Ok(entry)
                }
                None => Err(make),
            })
            .collect();
        for mut gone in before.into_iter().flatten() {
            gone.view.remove();
        }
        // From the end, so that each has its successor to stand before.
        let mut next = end.clone().into();
        for entry in kept.into_iter().rev() {
            let entry = match entry {
                Ok(mut entry) => {
                    put(&mut entry.view, &parent, &next);
                    entry
                }
                Err((key, make)) => {
                    let owner = list.child();
                    let mut view: View = owner.with(make).into();
                    view.insert(&parent, Some(&next));
                    Entry { key, view, _owner: owner }
                }
            };
            if let Some(first) = entry.view.first() {
                next = first.clone();
            }
            shown.push(Some(entry));
        }
        shown.reverse();
    }));
    View::new(fragment, Kept::one(effect))
}

/// Takes the entry with this key out, looking first where it is expected.
fn find(entries: &mut [Option<Entry>], at: usize, key: &str) -> Option<(usize, Entry)> {
    let is_it = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.key == key);
    let count = entries.len();
    let place = (0..count).map(|step| (at + step) % count).find(|place| is_it(&entries[*place]))?;
    entries[place].take().map(|entry| (place, entry))
}

/// Moves a view before `next`, unless it stands there: moving it would take the focus away.
fn put(view: &mut View, parent: &web_sys::Node, next: &web_sys::Node) {
    let stands = view.last().and_then(web_sys::Node::next_sibling);
    if !stands.is_some_and(|after| after.is_same_node(Some(next))) {
        view.remove();
        view.insert(parent, Some(next));
    }
}
