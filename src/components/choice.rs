//! One of a few: radio buttons side by side.

use std::rc::Rc;

use leptos::prelude::*;

use super::unique::unique;
use crate::dom::{Child, Element, Kept, el};

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
/// Options are known by their place: one control for every kind of choice.
#[must_use]
pub struct Choice {
    /// What is chosen between.
    pub legend: String,
    /// Whether the legend is for screen readers only.
    pub legend_hidden: bool,
    /// The labels of the choices.
    pub options: Vec<String>,
    /// The place of what is chosen.
    pub value: Rc<dyn Fn() -> usize>,
    /// Runs with the place of what was picked.
    pub on_pick: Rc<dyn Fn(usize)>,
    /// Whether the one that is chosen has the focus when its dialog opens.
    pub autofocus: bool,
    /// The places that cannot be picked. Whoever sets one says why beside the control.
    pub disabled: Vec<usize>,
}

impl Choice {
    /// Choosing between `options`, with a legend that is seen, and without the focus.
    pub fn new(
        legend: impl Into<String>,
        options: Vec<String>,
        value: impl Fn() -> usize + 'static,
        on_pick: impl Fn(usize) + 'static,
    ) -> Self {
        Self {
            legend: legend.into(),
            legend_hidden: false,
            options,
            value: Rc::new(value),
            on_pick: Rc::new(on_pick),
            autofocus: false,
            disabled: Vec::new(),
        }
    }

    /// The control as an element.
    pub fn view(self) -> Element {
        let Self { legend, legend_hidden, options, value, on_pick, autofocus, disabled } = self;
        let group = unique("choice");
        let chosen = untrack(|| value());
        let buttons = options.into_iter().enumerate().map(|(place, label)| {
            let (value, on_pick) = (value.clone(), on_pick.clone());
            let button = el("input")
                .class("choice-input")
                .attr("type", "radio")
                .attr("name", group.clone())
                .attr("autofocus", autofocus && chosen == place)
                .attr("disabled", disabled.contains(&place))
                .prop("checked", move || value() == place)
                .on("change", move |_| on_pick(place));
            let label = el("span").class("choice-label").child(label);
            el("label").class("choice-option").child(button).child(label)
        });
        let name = el("legend").class(if legend_hidden { "hidden" } else { "label" });
        let buttons = el("div").class("choice").part("choice").children(buttons);
        el("fieldset").class("fieldset").child(name.child(legend)).child(buttons)
    }
}

impl Child for Choice {
    fn append_to(self, parent: &web_sys::Node, kept: &mut Kept) {
        self.view().append_to(parent, kept);
    }
}
