//! Handles on values that change, as Leptos has them, with one kind of node behind every type.
//!
//! Leptos compiles the reading, writing, comparing and dropping of a signal anew for each type that stands in one; for
//! some thirty types that came to a seventh of the wasm. Here the value lies behind a pointer that does not say what
//! it points to, Leptos' graph is told of reading and writing only, and what is compiled for each type is a cast.
//!
//! The names and methods are those of Leptos, so a component imports them from here instead and reads the same. Values
//! need not be [`Send`]: a page has one thread.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use leptos::prelude::{
    ArcMemo, ArcTrigger, Get, GetUntracked, IsDisposed, LocalStorage, Memo as Computation, Notify,
    Owner, Track,
};
use leptos::reactive::graph::{Subscriber, ToAnySubscriber};
use leptos::reactive::owner::ArenaItem;
use send_wrapper::SendWrapper;

/// A `RefCell` of the handle's type.
type Held = Rc<dyn Any>;

/// What a handle refers to: the value, and who is to be told that it has changed.
#[derive(Clone)]
struct Slot {
    changed: ArcTrigger,
    value: Held,
}

type Place = ArenaItem<Slot, LocalStorage>;

fn placed(value: Held) -> Place {
    Place::new_local(Slot { changed: ArcTrigger::new(), value })
}

/// The value in `place`; subscribes to it when `tracked`.
fn held(place: Place, tracked: bool) -> Option<Held> {
    let slot = place.try_get_value()?;
    if tracked {
        slot.changed.track();
    }
    Some(slot.value)
}

fn cell<T: 'static>(held: &dyn Any) -> &RefCell<T> {
    held.downcast_ref().expect("a handle refers to what it was made for")
}

/// Says that whoever owned the value is gone.
fn present(held: Option<Held>) -> Held {
    held.expect("this value has gone with its owner")
}

/// A value that those who read it are told about when it changes. Copying it copies the handle; the value goes with the
/// owner it was made under.
pub struct RwSignal<T> {
    place: Place,
    of: PhantomData<fn() -> T>,
}

impl<T: 'static> RwSignal<T> {
    /// A signal that holds `value`.
    pub fn new(value: T) -> Self {
        Self { place: placed(Rc::new(RefCell::new(value))), of: PhantomData }
    }

    /// Reads, and subscribes.
    ///
    /// # Panics
    ///
    /// If the value is gone. So do the other methods, unless they say otherwise.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&cell(&*present(held(self.place, true))).borrow())
    }

    /// Reads without subscribing.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&cell(&*present(held(self.place, false))).borrow())
    }

    /// Changes the value and tells; does nothing if it is gone, and returns `None`.
    pub fn try_update<R>(&self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let slot = self.place.try_get_value()?;
        let result = change(&mut cell(&*slot.value).borrow_mut());
        slot.changed.notify();
        Some(result)
    }

    /// Changes the value and tells; does nothing if it is gone.
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }

    /// Replaces the value and tells; does nothing if it is gone.
    pub fn set(&self, value: T) {
        self.try_update(|held| *held = value);
    }

    /// Whether the value is gone.
    pub fn is_disposed(&self) -> bool {
        self.place.is_disposed()
    }
}

impl<T: Clone + 'static> RwSignal<T> {
    /// The value; subscribes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// The value, without subscribing.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T: Default + 'static> Default for RwSignal<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// A signal that lives for as long as a handle on it does.
pub struct ArcRwSignal<T> {
    changed: ArcTrigger,
    value: Rc<RefCell<T>>,
}

impl<T: 'static> ArcRwSignal<T> {
    /// A signal that holds `value`.
    pub fn new(value: T) -> Self {
        Self { changed: ArcTrigger::new(), value: Rc::new(RefCell::new(value)) }
    }

    /// Reads, and subscribes.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.changed.track();
        self.with_untracked(read)
    }

    /// Reads without subscribing.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.value.borrow())
    }

    /// Replaces the value and tells.
    pub fn set(&self, value: T) {
        drop(self.value.replace(value));
        self.changed.notify();
    }
}

impl<T: Clone + 'static> ArcRwSignal<T> {
    /// The value; subscribes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// The value, without subscribing.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

/// A value that closures share, without anybody being told of changes. It goes with the owner it was made under.
pub struct StoredValue<T>(RwSignal<T>);

impl<T: 'static> StoredValue<T> {
    /// Keeps `value`.
    pub fn new(value: T) -> Self {
        Self(RwSignal::new(value))
    }

    /// Reads.
    ///
    /// # Panics
    ///
    /// If the value is gone.
    pub fn with_value<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with_untracked(read)
    }

    /// Replaces the value; does nothing if it is gone.
    pub fn set_value(&self, value: T) {
        if let Some(held) = held(self.0.place, false) {
            drop(cell(&*held).replace(value));
        }
    }
}

impl<T: Clone + 'static> StoredValue<T> {
    /// The value.
    ///
    /// # Panics
    ///
    /// If it is gone.
    pub fn get_value(&self) -> T {
        self.with_value(T::clone)
    }

    /// The value, unless it is gone.
    pub fn try_get_value(&self) -> Option<T> {
        held(self.0.place, false).map(|held| cell::<T>(&*held).borrow().clone())
    }
}

/// A value computed from others, when it is read and one of them has changed. Those who read it are told only when it
/// differs from the one before.
pub struct Memo<T> {
    computation: Computation<Seen>,
    of: PhantomData<fn() -> T>,
}

/// A computed value. Leptos asks that it can be sent between threads; here there is one.
type Seen = SendWrapper<Rc<dyn Comparable>>;

/// A value that can be compared with another one of its type.
trait Comparable {
    fn differs_from(&self, before: Option<&dyn Any>) -> bool;
    fn as_any(&self) -> &dyn Any;
}

/// Whether a value has changed since the last one.
type Changed<T> = fn(Option<&T>, Option<&T>) -> bool;

struct Computed<T> {
    value: T,
    changed: Changed<T>,
}

impl<T: 'static> Computed<T> {
    fn of(any: &dyn Any) -> &T {
        let computed: Option<&Self> = any.downcast_ref();
        &computed.expect("a memo computes what it was made for").value
    }
}

impl<T: 'static> Comparable for Computed<T> {
    fn differs_from(&self, before: Option<&dyn Any>) -> bool {
        (self.changed)(before.map(Self::of), Some(&self.value))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A memo's function, whatever its type.
type Compute = Box<dyn Fn(Option<&dyn Any>) -> Rc<dyn Comparable>>;

fn computation(compute: Compute) -> Computation<Seen> {
    let compute = SendWrapper::new(compute);
    let memo = ArcMemo::new_with_compare(
        move |before: Option<&Seen>| {
            SendWrapper::new(compute(before.map(|before| before.as_any())))
        },
        |before, after| after.is_some_and(|it| it.differs_from(before.map(|it| it.as_any()))),
    );
    // Leptos leaves a memo that is gone among those that its signals would tell.
    let gone = memo.to_any_subscriber();
    Owner::on_cleanup(move || gone.clear_sources(&gone));
    memo.into()
}

impl<T: 'static> Memo<T> {
    /// What `compute` gives; it is handed the value before.
    pub fn new(compute: impl Fn(Option<&T>) -> T + 'static) -> Self
    where
        T: PartialEq,
    {
        Self::new_with_compare(compute, |before, after| before != after)
    }

    /// The same for values that are compared by `changed`.
    pub fn new_with_compare(
        compute: impl Fn(Option<&T>) -> T + 'static,
        changed: Changed<T>,
    ) -> Self {
        let compute: Compute = Box::new(move |before| {
            let value = compute(before.map(Computed::of));
            Rc::new(Computed { value, changed })
        });
        Self { computation: computation(compute), of: PhantomData }
    }

    /// Reads, and subscribes.
    ///
    /// # Panics
    ///
    /// If the memo has gone with its owner. So do the other methods.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(Computed::of(self.computation.get().as_any()))
    }

    /// Reads without subscribing.
    pub fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(Computed::of(self.computation.get_untracked().as_any()))
    }
}

impl<T: Clone + 'static> Memo<T> {
    /// The value; subscribes.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }

    /// The value, without subscribing.
    pub fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

impl<T> Clone for ArcRwSignal<T> {
    fn clone(&self) -> Self {
        Self { changed: self.changed.clone(), value: self.value.clone() }
    }
}

impl<T> fmt::Debug for ArcRwSignal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ArcRwSignal(…)")
    }
}

macro_rules! handles {
    ($($name:ident)+) => {$(
        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

handles!(RwSignal StoredValue Memo);

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_memo_follows_what_it_reads_and_keeps_what_is_the_same() {
        let owner = Owner::new();
        owner.with(|| {
            let (count, other) = (RwSignal::new(1), ArcRwSignal::new("a".to_owned()));
            let runs = Rc::new(Cell::new(0));
            let is_even = Memo::new(move |_| count.get() % 2 == 0);
            let text = Memo::new({
                let (runs, other) = (runs.clone(), other.clone());
                move |_| {
                    runs.set(runs.get() + 1);
                    format!("{} {}", is_even.get(), other.get())
                }
            });
            assert_eq!(text.get_untracked(), "false a");
            count.set(3);
            assert_eq!((text.get_untracked().as_str(), runs.get()), ("false a", 1));
            count.update(|count| *count += 1);
            other.set("b".to_owned());
            assert_eq!((text.get_untracked().as_str(), runs.get()), ("true b", 2));
        });
    }

    #[test]
    fn values_go_with_their_owner() {
        let owner = Owner::new();
        let (signal, stored) = owner.with(|| (RwSignal::new(1), StoredValue::new(Rc::new(()))));
        let kept = stored.get_value();
        assert_eq!(Rc::strong_count(&kept), 2);
        owner.cleanup();
        assert!(signal.is_disposed() && stored.try_get_value().is_none());
        assert_eq!(Rc::strong_count(&kept), 1);
        signal.set(2);
        assert_eq!(signal.try_update(|value| *value), None);
    }
}
