//! The widget's views in a Leptos application of your own, without the custom element: everything as it comes, single
//! views around what is yours, and one dialog alone.
//!
//! `cargo xtask example` builds it into `target/leptos-app/`; `npm start` is a server that it can talk to.

#![allow(unreachable_pub, reason = "the macro of a component writes `pub` for what it makes")]

use leptos::prelude::*;

mod everything;
mod first_key;
mod own_order;
mod session;

use everything::Everything;
use first_key::FirstKey;
use own_order::OwnOrder;

/// Which of the three is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Everything,
    OwnOrder,
    FirstKey,
}

impl Place {
    const ALL: [Self; 3] = [Self::Everything, Self::OwnOrder, Self::FirstKey];

    fn label(self) -> &'static str {
        match self {
            Self::Everything => "API keys",
            Self::OwnOrder => "Machines",
            Self::FirstKey => "Getting started",
        }
    }
}

/// The application: its own navigation, and one place at a time.
#[component]
fn Settings() -> impl IntoView {
    let place = RwSignal::new(Place::Everything);
    let link = move |to: Place| {
        view! {
            <button
                type="button"
                aria-current=move || (place.get() == to).then_some("page")
                on:click=move |_| place.set(to)
            >
                {to.label()}
            </button>
        }
    };
    view! {
        <nav aria-label="Settings">{Place::ALL.map(link).collect_view()}</nav>
        <main>
            {move || match place.get() {
                Place::Everything => view! { <Everything/> }.into_any(),
                Place::OwnOrder => view! { <OwnOrder/> }.into_any(),
                Place::FirstKey => view! { <FirstKey/> }.into_any(),
            }}
        </main>
    }
}

fn main() {
    console_error_panic_hook::set_once();
    mount_to_body(Settings);
}
