//! All that JavaScript may call.

use std::cell::{Cell, RefCell};
use std::panic::{self, PanicHookInfo};
use std::rc::Rc;

use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::client::Client;
use crate::components::keys::Keys;
use crate::host::{Event, Host};
use crate::state::App;
use crate::text::catalogue;
use crate::theme;

/// Small before fast: what a widget keeps is some thousand small things. An application that uses the views as a
/// library has its own.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

thread_local! {
    /// Who is to be told if the widget panics: every mounted one, since they share one memory.
    static MOUNTED: RefCell<Vec<(u32, Host)>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<u32> = const { Cell::new(0) };
}

/// A mounted widget. Freeing it ends its requests, its timers and its view.
#[wasm_bindgen]
pub struct Mounted {
    number: u32,
    client: Rc<Client>,
    app: Rc<Cell<Option<App>>>,
    // Dropped last, by `Drop` order of fields: requests end first.
    view: Option<Box<dyn std::any::Any>>,
}

#[wasm_bindgen]
impl Mounted {
    /// Whether the view must not be replaced: a secret is shown or on its way, or something is being filled in.
    #[wasm_bindgen(js_name = mustStay)]
    pub fn must_stay(&self) -> bool {
        self.app.get().is_some_and(|app| untrack(|| app.must_stay()))
    }

    /// Shows the key with this id.
    pub fn show(&self, id: String) {
        if let Some(app) = self.app.get() {
            app.show(id);
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.client.close();
        MOUNTED.with_borrow_mut(|mounted| mounted.retain(|(number, _)| *number != self.number));
        self.view.take();
    }
}

/// The stylesheet that the widget needs in the root it is mounted in.
#[wasm_bindgen]
pub fn stylesheet() -> String {
    theme::STYLESHEET.to_owned()
}

/// Shows the widget in `container` until the result is freed.
#[wasm_bindgen]
pub fn mount(container: HtmlElement, host: Host) -> Mounted {
    panic::set_hook(Box::new(crashed));
    let number = NEXT.replace(NEXT.get() + 1);
    MOUNTED.with_borrow_mut(|mounted| mounted.push((number, host.clone())));
    catalogue::speak(&host.language(), || catalogue::texts(&host.messages()));
    let client = Rc::new(Client::new(host.clone()));
    let mounted_app = Rc::new(Cell::new(None));
    let handle: UnmountHandle<_> = mount_to(container, {
        let (client, mounted_app) = (client.clone(), mounted_app.clone());
        move || {
            let app = App::new(host, client);
            mounted_app.set(Some(app));
            provide_context(app);
            Keys()
        }
    });
    Mounted { number, client, app: mounted_app, view: Some(Box::new(handle)) }
}

/// A panic leaves signals borrowed for ever, so no widget on the page can go on: each is told, and shows
/// that it must be loaded again, instead of standing there and not answering.
fn crashed(info: &PanicHookInfo<'_>) {
    console_error_panic_hook::hook(info);
    let hosts = MOUNTED.with(|mounted| mounted.try_borrow().map(|mounted| mounted.clone()));
    for (_, host) in hosts.unwrap_or_default() {
        host.tell(Event::Crashed);
    }
}
