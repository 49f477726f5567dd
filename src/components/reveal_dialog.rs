//! The one moment a secret is shown.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use oneloop_protocol::Secret;

use super::button::{Button, Emphasis};
use super::copy::{copy, copy_selected, download, file_name};
use super::dialog::Dialog;
use super::icon::Icon;
use super::notice::Notice;
use super::unique::unique;
use crate::host::Event;
use crate::state::{App, Revealed};
use crate::{format, text};

/// A new secret: masked until asked, copied or saved or ticked off before it can be left.
///
/// # Safety with the secret
///
/// It is in the page only while it is shown, as text; never in an attribute. Hiding the page masks it
/// again. Closing the dialog drops and overwrites our copy (the browser's own are beyond reach). Session
/// recorders are asked to leave the field out.
///
/// # Accessibility
///
/// Copy works by click, so from the keyboard as well, and while masked. What became of it is said in a live
/// region inside the dialog, because everything outside is inert.
///
/// # Parts
///
/// `secret`, `secret__text`.
#[component]
pub fn RevealDialog(
    /// The secret and whose it is.
    revealed: Revealed,
) -> impl IntoView {
    let app = App::expect();
    let Revealed { row, secret, replaced } = revealed;
    let name = row.name();
    let mask = row.key.with_untracked(|key| Mask::new(&key.masked_key, &secret));
    let id = StoredValue::new(row.id.as_str().to_owned());
    let secret = StoredValue::new(secret);

    let shown = RwSignal::new(false);
    let selectable = RwSignal::new(false);
    let copied = RwSignal::new(false);
    let copy_failed = RwSignal::new(false);
    let stored = RwSignal::new(false);
    let asking = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();

    let confirm_copy = move || {
        copied.set(true);
        copy_failed.set(false);
        stored.set(true);
        app.tell(Event::Copy(&id.get_value()));
    };
    // Runs when the selectable field is there: the second way of copying needs it.
    field.on_load(move |input| {
        // Properties are set after this runs, and an empty field has nothing to select.
        secret.with_value(|secret| input.set_value(secret.expose()));
        if copy_selected(&input) {
            confirm_copy();
        } else {
            copy_failed.set(true);
        }
    });
    let press_copy = move |_| {
        copied.set(false);
        let text = secret.get_value();
        spawn_local(async move {
            let done = copy(text.expose()).await;
            if copied.is_disposed() {
                return;
            }
            match (done, field.get_untracked()) {
                (true, _) => confirm_copy(),
                (false, Some(input)) if copy_selected(&input) => confirm_copy(),
                (false, Some(_)) => copy_failed.set(true),
                (false, None) => selectable.set(true),
            }
        });
    };
    let press_download = move |_| {
        let (file, variable) = (file_name(&row.name()), app.key_variable());
        if secret.with_value(|secret| download(&file, &format!("{variable}={}\n", secret.expose())))
        {
            stored.set(true);
        }
    };
    let leave = move || {
        if stored.get_untracked() { app.sheet.set(None) } else { asking.set(true) }
    };
    let hidden = window_event_listener(leptos::ev::visibilitychange, move |_| {
        shown.set(false);
        selectable.set(false);
    });
    on_cleanup(move || hidden.remove());

    let label = unique("secret");
    let text_view = {
        let label = label.clone();
        move || {
            let clear = move || secret.with_value(|secret| secret.expose().to_owned());
            if selectable.get() {
                view! {
                    <input
                        node_ref=field
                        class="secret-text ph-no-capture fs-exclude"
                        part="secret__text"
                        type="text"
                        readonly=true
                        autocomplete="off"
                        spellcheck="false"
                        translate="no"
                        dir="ltr"
                        aria-labelledby=label.clone()
                        prop:value=clear()
                    />
                }
                .into_any()
            } else if shown.get() {
                view! {
                    <code class="secret-text" part="secret__text" dir="ltr" translate="no">
                        {clear()}
                    </code>
                }
                .into_any()
            } else {
                view! {
                    <code class="secret-text" part="secret__text" dir="ltr" translate="no">
                        <span aria-hidden="true">{mask.dotted.clone()}</span>
                        <span class="hidden">{text::reveal::masked(&mask.tail)}</span>
                    </code>
                }
                .into_any()
            }
        }
    };
    let title = match replaced {
        None => text::reveal::created_title(),
        Some(_) => text::reveal::rotated_title(),
    };
    let foot = move || {
        if asking.get() {
            view! {
                <div class="question" role="alert">
                    <p class="question-title">{text::reveal::discard_title()}</p>
                    <p class="lead">{text::reveal::discard_hint()}</p>
                </div>
                <div class="actions">
                    <Button
                        label=text::reveal::discard().to_owned()
                        emphasis=Emphasis::Danger
                        on_press=move |_| app.sheet.set(None)
                    />
                    <Button
                        label=text::reveal::keep().to_owned()
                        emphasis=Emphasis::Primary
                        on_press=move |_| asking.set(false)
                    />
                </div>
            }
            .into_any()
        } else {
            view! {
                <div class="actions actions-apart">
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || stored.get()
                            on:change:target=move |event| stored.set(event.target().checked())
                        />
                        <span class="check-label">{text::reveal::stored()}</span>
                    </label>
                    <Button
                        label=text::reveal::done().to_owned()
                        emphasis=Signal::derive(move || next(stored.get()))
                        disabled=Signal::derive(move || !stored.get())
                        on_press=move |_| leave()
                    />
                </div>
            }
            .into_any()
        }
    };
    view! {
        <Dialog title=title.to_owned() on_dismiss=move |()| leave()>
            <div class="form-body">
                <p class="which">
                    <span class="which-name" dir="auto">{name}</span>
                    <span class="once">{text::reveal::once()}</span>
                </p>
                <span class="hidden" id=label>{text::reveal::secret()}</span>
                <div
                    class="secret ph-no-capture fs-exclude sentry-mask"
                    part="secret"
                    data-private="true"
                    data-sentry-mask="true"
                    data-dd-privacy="mask"
                    data-hj-suppress="true"
                >
                    {text_view}
                    {move || {
                        (!selectable.get())
                            .then(|| {
                                view! {
                                    <Button
                                        label=Signal::derive(move || {
                                            let shown = shown.get();
                                            (if shown { text::reveal::hide() } else { text::reveal::show() })
                                                .to_owned()
                                        })
                                        emphasis=Emphasis::Quiet
                                        on_press=move |_| shown.update(|shown| *shown = !*shown)
                                    />
                                }
                            })
                    }}
                </div>
                <div class="secret-actions">
                    <Button
                        label=text::reveal::copy().to_owned()
                        emphasis=Signal::derive(move || next(!stored.get()))
                        icon=Icon::Copy
                        autofocus=true
                        on_press=press_copy
                    />
                    <Button
                        label=text::reveal::download().to_owned()
                        icon=Icon::Download
                        on_press=press_download
                    />
                    <span class="copied" role="status">
                        {move || {
                            copied
                                .get()
                                .then(|| {
                                    view! {
                                        {Icon::Check.view()}
                                        {text::reveal::copied()}
                                    }
                                })
                        }}
                    </span>
                </div>
                <Notice message=Signal::derive(move || {
                    copy_failed.get().then(|| text::reveal::copy_failed().to_owned())
                }) />
                {replaced
                    .map(|until| {
                        view! {
                            <p class="hint">
                                {text::reveal::old_secret(until.map(format::full).as_deref())}
                            </p>
                        }
                    })}
            </div>
            <div class="form-foot">{foot}</div>
        </Dialog>
    }
}

/// The accent goes to the one thing to do next: first the copy, then the way out.
fn next(is_next: bool) -> Emphasis {
    if is_next { Emphasis::Primary } else { Emphasis::Plain }
}

/// What stands in the field while the secret is hidden: as long as the secret, so that nothing moves.
struct Mask {
    dotted: String,
    tail: String,
}

impl Mask {
    /// From the server's own mask, so that list and reveal agree on what may be seen.
    fn new(masked_key: &str, secret: &Secret) -> Self {
        let (head, tail) = masked_key.split_once("****").unwrap_or_default();
        let dots = secret.expose().chars().count().saturating_sub(head.len() + tail.len());
        Self { dotted: format!("{head}{}{tail}", "•".repeat(dots)), tail: tail.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_is_as_long_as_the_secret_and_shows_what_the_list_shows() {
        let mask = Mask::new("ol_****9f3a", &Secret::new("ol_secretsecret9f3a"));
        assert_eq!(mask.dotted, "ol_••••••••••••9f3a");
        assert_eq!(mask.tail, "9f3a");
        assert_eq!(Mask::new("(hidden)", &Secret::new("abcdef")).dotted, "••••••");
    }
}
