//! One of a few: radio buttons side by side.

use std::hash::Hash;

use leptos::prelude::*;

use super::unique::unique;

/// Radio buttons that look like one control.
///
/// # Accessibility
///
/// Native radio buttons in a `fieldset` whose legend names them: arrows move, one tab stop.
///
/// # Parts
///
/// `choice`.
#[component]
pub fn Choice<T>(
    /// What is chosen between.
    #[prop(into)]
    legend: String,
    /// Whether the legend is for screen readers only. Defaults to `false`.
    #[prop(optional)]
    legend_hidden: bool,
    /// The choices with their labels.
    options: Vec<(T, String)>,
    /// What is chosen.
    #[prop(into)]
    value: Signal<T>,
    /// Runs with what was picked.
    #[prop(into)]
    on_pick: Callback<T>,
    /// Whether the one that is chosen has the focus when its dialog opens. Defaults to `false`.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView
where
    T: Copy + Eq + Hash + Send + Sync + 'static,
{
    let group = unique("choice");
    let buttons = options
        .into_iter()
        .map(|(option, label)| {
            let is_chosen = move || value.get() == option;
            view! {
                <label class="choice-option">
                    <input
                        class="choice-input"
                        type="radio"
                        name=group.clone()
                        prop:checked=is_chosen
                        autofocus=autofocus && untrack(is_chosen)
                        on:change=move |_| on_pick.run(option)
                    />
                    <span class="choice-label">{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="fieldset">
            <legend class=if legend_hidden { "hidden" } else { "label" }>{legend}</legend>
            <div class="choice" part="choice">
                {buttons}
            </div>
        </fieldset>
    }
}
