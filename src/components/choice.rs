//! One of a few: radio buttons side by side.

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
///
/// Options are known by their place: one component for every kind of choice, instead of one compiled for
/// each.
#[component]
pub fn Choice(
    /// What is chosen between.
    #[prop(into)]
    legend: String,
    /// Whether the legend is for screen readers only. Defaults to `false`.
    #[prop(optional)]
    legend_hidden: bool,
    /// The labels of the choices.
    options: Vec<String>,
    /// The place of what is chosen.
    value: Signal<usize>,
    /// Runs with the place of what was picked.
    #[prop(into)]
    on_pick: Callback<usize>,
    /// Whether the one that is chosen has the focus when its dialog opens. Defaults to `false`.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let group = unique("choice");
    let buttons = options
        .into_iter()
        .enumerate()
        .map(|(place, label)| {
            let is_chosen = move || value.get() == place;
            view! {
                <label class="choice-option">
                    <input
                        class="choice-input"
                        type="radio"
                        name=group.clone()
                        prop:checked=is_chosen
                        autofocus=autofocus && untrack(is_chosen)
                        on:change=move |_| on_pick.run(place)
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
    .into_any()
}
