//! A list whose entries keep their nodes.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Date;
use leptos::prelude::{Owner, request_animation_frame};

use super::document;
use super::element::{Element, Kept, moving};
use super::view::View;
use crate::signal::RwSignal;

/// One entry that is shown.
struct Entry {
    key: String,
    view: View,
    /// What the entry's effects and signals belong to.
    owner: Owner,
}

/// How long entries are made before the page is drawn, in milliseconds. What this leaves over is made after that, so that
/// a list that changes as a whole, as one that is scrolled far, takes no frame for itself on a slow machine.
const TURN: f64 = 4.0;

/// One element for each item. An item whose key was there before keeps its element, with its focus and all that
/// is typed into it; the others are made and taken away. Keys must differ from each other.
///
/// Those that are `urgent` are made first. What cannot be made at once follows in the next frames, `least` of them in each
/// however long they take: where the keyboard goes from one to the next, it must not be faster than they are made.
pub fn each<T: 'static>(
    least: usize,
    items: impl Fn() -> Vec<T> + 'static,
    key: impl Fn(&T) -> String + 'static,
    urgent: impl Fn(&T) -> bool + 'static,
    view: impl Fn(T) -> Element + 'static,
) -> View {
    let view = Rc::new(view);
    let items: Box<dyn Fn() -> Vec<Make>> = Box::new(move || {
        let keyed = items().into_iter().map(|item| {
            let view = view.clone();
            Make { key: key(&item), is_urgent: urgent(&item), make: Box::new(move || view(item)) }
        });
        keyed.collect()
    });
    keyed(least, items)
}

/// A key, and how to make its element when it is new.
struct Make {
    key: String,
    is_urgent: bool,
    make: Box<dyn FnOnce() -> Element>,
}

/// A place in the list: what was there before, or what is to be made.
enum Place {
    Kept(Entry),
    Open(Make),
    Later,
}

fn keyed(least: usize, items: Box<dyn Fn() -> Vec<Make>>) -> View {
    let fragment = document().create_document_fragment();
    let end = document().create_comment("");
    let _ = fragment.append_child(&document().create_comment(""));
    let _ = fragment.append_child(&end);
    // Entries outlive the run of the effect that made them, so they belong to whoever made the list.
    let list = Owner::current().unwrap_or_default();
    // An owner remembers every child it ever had: those of entries that are gone serve the next ones.
    let mut spare: Vec<Owner> = Vec::new();
    // Out of the page, and not yet taken apart.
    let mut gone: Vec<Entry> = Vec::new();
    let next_turn = RwSignal::new(());
    let is_waiting = Rc::new(Cell::new(false));
    let mut shown: Vec<Option<Entry>> = Vec::new();
    let effect = moving(Box::new(move || {
        next_turn.with(|()| ());
        let items = items();
        let Some(parent) = end.parent_node() else { return };
        let mut before = std::mem::take(&mut shown);
        // Where the next one is expected: lists mostly keep their order.
        let mut at = 0;
        let mut places: Vec<Place> = items
            .into_iter()
            .map(|make| match find(&mut before, at, &make.key) {
                Some((place, entry)) => {
                    at = place + 1;
                    Place::Kept(entry)
                }
                None => Place::Open(make),
            })
            .collect();
        for mut entry in before.into_iter().flatten() {
            entry.view.remove();
            gone.push(entry);
        }
        let start = Date::now();
        let is_filled =
            fill(&mut places, start, least, &mut || spare.pop().unwrap_or_else(|| list.child()));
        let is_over = || Date::now() - start > TURN;
        while is_filled
            && !is_over()
            && let Some(Entry { view, owner, .. }) = gone.pop()
        {
            drop(view);
            owner.cleanup();
            spare.push(owner);
        }
        // From the end, so that each has its successor to stand before.
        let mut next = end.clone().into();
        for place in places.into_iter().rev() {
            let Place::Kept(mut entry) = place else { continue };
            put(&mut entry.view, &parent, &next);
            if let Some(first) = entry.view.first() {
                next = first.clone();
            }
            shown.push(Some(entry));
        }
        shown.reverse();
        let is_done = is_filled && gone.is_empty();
        if !is_done && !is_waiting.replace(true) {
            let is_waiting = is_waiting.clone();
            request_animation_frame(move || {
                is_waiting.set(false);
                next_turn.set(());
            });
        }
    }));
    View::new(fragment, Kept::one(effect))
}

/// Makes what is to be made, the urgent ones first, until a turn that began at `start` is over and `least` are made;
/// whether that was all.
fn fill(places: &mut [Place], start: f64, least: usize, owner: &mut dyn FnMut() -> Owner) -> bool {
    let mut made = 0;
    for urgent in [true, false] {
        for place in places.iter_mut() {
            if !matches!(place, Place::Open(make) if make.is_urgent == urgent) {
                continue;
            }
            if made >= least && Date::now() - start > TURN {
                return false;
            }
            if let Place::Open(Make { key, make, .. }) = std::mem::replace(place, Place::Later) {
                let owner = owner();
                let view = owner.with(make).into();
                *place = Place::Kept(Entry { key, view, owner });
                made += 1;
            }
        }
    }
    true
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
