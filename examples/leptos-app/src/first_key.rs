//! One dialog alone: creating a key as a step of something else, with no list around it.

use leptos::prelude::*;
use oneloop_keys::{App, CreateDialog, KeysRoot, RevealDialog, Sheet};

use crate::session;

/// A step of getting started.
#[component]
pub(crate) fn FirstKey() -> impl IntoView {
    view! {
        <h1>"Getting started"</h1>
        <KeysRoot options=session::options()>
            <Step/>
        </KeysRoot>
    }
}

/// A dialog stands in the page for as long as [`App::sheet`] names it; the widget sets that to what comes next.
#[component]
fn Step() -> impl IntoView {
    let keys = App::expect();
    let dialog = move || {
        keys.sheet.get().and_then(|sheet| match sheet {
            Sheet::Create(like) => Some(view! { <CreateDialog like/> }.into_any()),
            Sheet::Reveal(revealed) => Some(view! { <RevealDialog revealed/> }.into_any()),
            _ => None,
        })
    };
    view! {
        <button type="button" on:click=move |_| keys.sheet.set(Some(Sheet::Create(None)))>
            "Create your first key"
        </button>
        {dialog}
    }
}
