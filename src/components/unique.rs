//! Ids that no other element of the same root has, however many widgets share it.

use std::cell::Cell;

thread_local! {
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

/// A new id that ends in `name`.
pub fn unique(name: &str) -> String {
    let number = NEXT.replace(NEXT.get() + 1);
    format!("oneloop-{number}-{name}")
}
