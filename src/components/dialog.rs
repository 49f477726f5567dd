//! The frame of every dialog: a native modal one.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::icon::Icon;
use super::unique::unique;
use crate::text;

/// A modal dialog that is open for as long as it exists.
///
/// It never closes by itself: Escape, the × and the system's back gesture all ask through `on_dismiss`, and
/// whoever owns the dialog decides. A press outside does nothing, because what is inside may have been
/// typed, or may be the only copy of a secret.
///
/// # Accessibility
///
/// APG modal dialog, by `showModal()`: the rest of the page is inert, and the focus goes back where it came
/// from. Named by its heading. Escape is taken from `keydown` as well as from `cancel`, because browsers
/// let a page refuse `cancel` only once.
///
/// # Parts
///
/// `dialog`, `dialog__title`, `dialog__close`.
#[component]
pub fn Dialog(
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// Whether it is a question with consequences (`role="alertdialog"`). Defaults to `false`.
    #[prop(optional)]
    alert: bool,
    /// Runs when the person wants to leave.
    #[prop(into)]
    on_dismiss: Callback<()>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let heading = unique("heading");
    let named_by = heading.clone();
    let open = StoredValue::new_local(None::<web_sys::HtmlDialogElement>);
    dialog.on_load(move |element| {
        let _ = element.show_modal();
        open.set_value(Some(element));
    });
    // While the element is still in the page: that is what gives the focus back.
    on_cleanup(move || {
        if let Some(element) = open.try_get_value().flatten() {
            element.close();
        }
    });
    let key = move |event: KeyboardEvent| {
        if event.key() == "Escape" && !event.default_prevented() {
            event.prevent_default();
            event.stop_propagation();
            on_dismiss.run(());
        }
    };
    let cancel = move |event: leptos::ev::Event| {
        event.prevent_default();
        on_dismiss.run(());
    };
    // The browser closed it all the same: open it again, and ask.
    let closed = move |_| {
        if let Some(element) = open.try_get_value().flatten()
            && element.is_connected()
            && !element.open()
        {
            let _ = element.show_modal();
            on_dismiss.run(());
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog"
            part="dialog"
            role=alert.then_some("alertdialog")
            aria-labelledby=named_by
            on:keydown=key
            on:cancel=cancel
            on:close=closed
        >
            <div class="dialog-head">
                <h2 class="dialog-title" part="dialog__title" id=heading>
                    {move || title.get()}
                </h2>
                <button
                    class="dialog-close"
                    part="dialog__close"
                    type="button"
                    aria-label=text::close()
                    on:click=move |_| on_dismiss.run(())
                >
                    {Icon::Cross.view()}
                </button>
            </div>
            {children()}
        </dialog>
    }
}
