//! The scope matrix: one row a scope, None, Read, Write, or the single bits.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use oneloop_protocol::{Access, Grant, WorkspaceScope};

use super::button::{Button, Emphasis};
use super::choice::Choice;
use crate::scope_level::{BITS, ScopeLevel};
use crate::state::App;
use crate::text;

/// From how many scopes a search field is worth its place.
const SEARCH_FROM: usize = 8;

/// One line of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offered {
    representation: String,
    name: String,
    description: Option<String>,
}

/// What is picked so far, scope by scope.
#[derive(Clone, Copy)]
pub struct ScopeDraft {
    offered: StoredValue<Vec<Offered>>,
    access: RwSignal<BTreeMap<String, Access>>,
    /// Scopes whose single bits are open although the bits amount to a level.
    custom: RwSignal<BTreeSet<String>>,
}

impl ScopeDraft {
    /// A matrix of the workspace's scopes with what `held` grants. A grant that the catalogue does not know
    /// any more keeps its line, so that it can be seen and taken away.
    pub fn new(scopes: &[WorkspaceScope], held: &[Grant]) -> Self {
        let known = scopes.iter().map(|scope| Offered {
            representation: scope.representation.clone(),
            name: scope.name.clone(),
            description: scope.description.clone().filter(|text| !text.is_empty()),
        });
        let is_gone = |grant: &&Grant| {
            scopes.iter().all(|scope| scope.representation != grant.representation)
        };
        let gone = held.iter().filter(is_gone).map(|grant| Offered {
            representation: grant.representation.clone(),
            name: grant.representation.clone(),
            description: Some(text::form::scope_gone().to_owned()),
        });
        let access =
            held.iter().map(|grant| (grant.representation.clone(), grant.access())).collect();
        Self {
            offered: StoredValue::new(known.chain(gone).collect()),
            access: RwSignal::new(access),
            custom: RwSignal::default(),
        }
    }

    /// The grants, without empty ones, in the catalogue's order.
    pub fn grants(self) -> Vec<Grant> {
        self.access.with(|picked| {
            self.offered.with_value(|offered| {
                let held = offered.iter().filter_map(|scope| {
                    let access = *picked.get(&scope.representation)?;
                    (access != Access::NONE).then(|| Grant::new(&scope.representation, access))
                });
                held.collect()
            })
        })
    }

    fn access_of(self, representation: &str) -> Access {
        self.access.with(|picked| picked.get(representation).copied().unwrap_or_default())
    }

    fn level_of(self, representation: &str) -> ScopeLevel {
        if self.custom.with(|custom| custom.contains(representation)) {
            return ScopeLevel::Custom;
        }
        ScopeLevel::of(self.access_of(representation))
    }

    fn set_level(self, representation: &str, level: ScopeLevel) {
        if let Some(access) = level.access() {
            self.custom.update(|custom| _ = custom.remove(representation));
            self.access.update(|picked| _ = picked.insert(representation.to_owned(), access));
        } else {
            self.custom.update(|custom| _ = custom.insert(representation.to_owned()));
        }
    }

    fn toggle(self, representation: &str, bit: Access) {
        // Stays open while its bits pass through a level.
        self.custom.update(|custom| _ = custom.insert(representation.to_owned()));
        self.access.update(|picked| {
            let access = picked.entry(representation.to_owned()).or_default();
            *access = if access.covers(bit) { access.without(bit) } else { access.union(bit) };
        });
    }

    fn set_all(self, access: Access) {
        self.custom.update(BTreeSet::clear);
        let offered = self.offered.get_value();
        self.access.set(offered.into_iter().map(|scope| (scope.representation, access)).collect());
    }
}

/// The matrix.
///
/// # Accessibility
///
/// One group of radio buttons a scope, named by the scope. The filter says how many lines it left. A filter
/// is plain text: no character of it means anything.
///
/// # Parts
///
/// `scopes`, `scope`.
#[component]
pub fn ScopePicker(
    /// What is picked.
    draft: ScopeDraft,
) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let all = draft.offered.with_value(Vec::len);
    let matches = move |scope: &Offered| {
        let query = query.get().trim().to_lowercase();
        query.is_empty()
            || scope.name.to_lowercase().contains(&query)
            || scope.representation.to_lowercase().contains(&query)
            || scope.description.as_ref().is_some_and(|text| text.to_lowercase().contains(&query))
    };
    let shown = Memo::new(move |_| {
        draft.offered.with_value(|offered| {
            offered.iter().filter(|scope| matches(scope)).cloned().collect::<Vec<_>>()
        })
    });
    let filter = (all >= SEARCH_FROM).then(|| {
        view! {
            <input
                class="input"
                type="search"
                aria-label=text::form::find_scope()
                placeholder=text::form::find_scope()
                autocomplete="off"
                spellcheck="false"
                on:input:target=move |event| query.set(event.target().value())
            />
            <p class="hidden" role="status">
                {move || text::form::scopes_shown(shown.with(Vec::len), all)}
            </p>
        }
    });
    let empty = move || {
        shown.with(Vec::is_empty).then(|| {
            let words = if all == 0 { text::form::no_scopes() } else { text::form::no_scope() };
            view! { <p class="hint">{words}</p> }
        })
    };
    view! {
        <fieldset class="fieldset" part="scopes">
            <legend class="label">
                {text::form::permissions()}
            </legend>
            {(all > 1)
                .then(|| {
                    view! {
                        <div class="scope-templates">
                            <Button
                                label=text::form::read_everything().to_owned()
                                emphasis=Emphasis::Quiet
                                on_press=move |_| draft.set_all(Access::READ)
                            />
                            <Button
                                label=text::form::clear().to_owned()
                                emphasis=Emphasis::Quiet
                                on_press=move |_| draft.set_all(Access::NONE)
                            />
                        </div>
                    }
                })}
            {filter}
            <div class="scopes">
                <For each=move || shown.get() key=|scope| scope.representation.clone() let:scope>
                    <ScopeLine scope draft />
                </For>
            </div>
            {empty}
        </fieldset>
    }
}

/// One scope: what it is, and what of it.
#[component]
fn ScopeLine(scope: Offered, draft: ScopeDraft) -> impl IntoView {
    let of = StoredValue::new(scope.representation.clone());
    let level = Memo::new(move |_| of.with_value(|of| draft.level_of(of)));
    let options = ScopeLevel::ALL.map(|level| (level, text::grants::level(level).to_owned()));
    let bits = move || {
        (level.get() == ScopeLevel::Custom).then(|| {
            let boxes = BITS.map(|bit| {
                let held = move || of.with_value(|of| draft.access_of(of)).covers(bit);
                view! {
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=held
                            on:change=move |_| of.with_value(|of| draft.toggle(of, bit))
                        />
                        <span class="check-label">{text::grants::bit_label(bit)}</span>
                    </label>
                }
            });
            view! { <div class="scope-bits">{boxes.collect_view()}</div> }
        })
    };
    let legend = text::form::access_to(&scope.name);
    view! {
        <div class="scope" part="scope">
            <div class="scope-words">
                <span class="scope-name" dir="auto">{scope.name}</span>
                {scope.description.map(|text| view! { <span class="scope-description" dir="auto">{text}</span> })}
            </div>
            <Choice
                legend
                legend_hidden=true
                options=options.to_vec()
                value=level
                on_pick=move |level| of.with_value(|of| draft.set_level(of, level))
            />
            {bits}
        </div>
    }
}

/// The sentence that says what a key will be allowed.
///
/// # Parts
///
/// `summary`.
#[component]
pub fn Summary(
    /// The key's name.
    #[prop(into)]
    name: Signal<String>,
    /// What is picked.
    draft: ScopeDraft,
    /// The end in words; `None` = never.
    #[prop(into)]
    until: Signal<Option<String>>,
) -> impl IntoView {
    let app = App::expect();
    let sentence = move || {
        let named = app.named(&draft.grants());
        name.with(|name| until.with(|until| text::grants::summary(name, &named, until.as_deref())))
    };
    view! {
        <p class="summary" part="summary" dir="auto" aria-live="polite">
            {sentence}
        </p>
    }
}
