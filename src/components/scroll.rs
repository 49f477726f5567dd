//! Which rows of a long list are in sight, and so in the page.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::{request_animation_frame, untrack};
use web_sys::HtmlElement;

use crate::listing::Window;
use crate::signal::RwSignal;
use crate::state::App;

/// How many rows before the end of what was read the next page is fetched.
const AHEAD: usize = 40;
/// How many frames a list that jumped, so that nothing that was in sight still is, waits for the next jump before rows are
/// made where it is: what passes that fast cannot be read, and making it would hold up the scrolling.
const REST: u32 = 4;

/// Where the list is scrolled to. Copies are of the same place.
#[derive(Clone)]
pub struct Scroll {
    app: App,
    /// What scrolls.
    body: HtmlElement,
    /// As high as all rows together, which lie on it: rows are equally high, so pixels are rows.
    ground: HtmlElement,
    first: RwSignal<usize>,
    sight: RwSignal<usize>,
    /// What was the first row in sight when it moved last, whether or not it was made.
    passed: Rc<Cell<usize>>,
    /// Frames until it has rested.
    left: Rc<Cell<u32>>,
}

impl Scroll {
    /// At the beginning of the list in `body`, on its `ground`.
    pub fn new(app: App, body: HtmlElement, ground: HtmlElement) -> Self {
        let (first, sight) = (RwSignal::new(0), RwSignal::new(0));
        Self { app, body, ground, first, sight, passed: Rc::default(), left: Rc::default() }
    }

    /// The rows that belong in the page; subscribes to them.
    pub fn window(&self) -> Window {
        Window::at(self.first.get(), self.sight.get())
    }

    /// Whether the row at this place is in sight.
    pub fn shows(&self, at: usize) -> bool {
        let first = self.first.get_untracked();
        (first..first + self.sight.get_untracked()).contains(&at)
    }

    /// Finds out what is in sight, and reads on if the end is near.
    pub fn follow(&self) {
        // A page that hears that the list is there may have taken it away again.
        if self.first.is_disposed() {
            return;
        }
        let (first, sight) = self.measured();
        let window = Window::at(first, sight);
        let moved = first.abs_diff(self.passed.replace(first));
        if window != untrack(|| self.window()) {
            if moved <= sight {
                // Also behind a jump: what moves on slowly is read.
                self.look();
            } else if self.left.replace(REST) == 0 {
                self.clone().wait();
            }
        }
        if window.to + AHEAD > self.count() {
            self.app.more();
        }
    }

    /// Scrolls to the beginning, where other rows are now.
    pub fn restart(&self) {
        self.body.set_scroll_top(0);
        self.look();
    }

    /// Scrolls the row at `place` into the middle.
    pub fn bring(&self, place: usize) {
        let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
        let above = number(place) * (self.ground.offset_height() / number(self.count()).max(1));
        self.body.set_scroll_top(above - self.body.client_height() / 2);
        self.look();
    }

    fn look(&self) {
        let (first, sight) = self.measured();
        self.passed.set(first);
        self.sight.set(sight);
        self.first.set(first);
    }

    /// The first row in sight, and how many are.
    fn measured(&self) -> (usize, usize) {
        let (count, whole) = (self.count(), i64::from(self.ground.offset_height().max(1)));
        let at = |pixels: i32| {
            usize::try_from(i64::from(pixels) * count as i64 / whole).unwrap_or_default()
        };
        (at(self.body.scroll_top()), at(self.body.client_height()) + 1)
    }

    fn count(&self) -> usize {
        self.app.rows.with_untracked(Vec::len)
    }

    fn wait(self) {
        request_animation_frame(move || {
            let left = self.left.get() - 1;
            self.left.set(left);
            if left > 0 {
                self.wait();
            } else if !self.first.is_disposed() {
                self.look();
            }
        });
    }
}
