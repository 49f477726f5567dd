//! Single views, with the application's own between them.

use leptos::prelude::*;
use oneloop_keys::{App, Dialogs, KeyList, KeysRoot, Sheet, Theme};

use crate::session;

/// The list under a heading and a button of one's own, on a dark part of the page.
#[component]
pub(crate) fn OwnOrder() -> impl IntoView {
    view! {
        <section style="padding: 16px; background: #16181d; color: #e9eaee">
            <h1>"Machines"</h1>
            <KeysRoot options=session::options() theme=Theme::Dark>
                <Bar/>
                <KeyList/>
                <Dialogs/>
            </KeysRoot>
        </section>
    }
}

/// Reads the widget's state and opens a dialog of it. It stands in the same shadow root as the list.
#[component]
fn Bar() -> impl IntoView {
    let keys = App::expect();
    let count = move || keys.rows.with(Vec::len);
    view! {
        <p>
            <output aria-label="Machines with a key">{count}</output>
            <button type="button" on:click=move |_| keys.sheet.set(Some(Sheet::Create(None)))>
                "Add a machine"
            </button>
        </p>
    }
}
