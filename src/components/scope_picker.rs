//! The scope matrix: one row a scope, None, Read, Write, or the single bits.

use leptos::prelude::*;
use oneloop_protocol::{Access, Grant, WorkspaceScope};

use super::button::{Button, Emphasis};
use super::choice::Choice;
use crate::format::fold;
use crate::scope_level::{BITS, ScopeLevel};
use crate::state::App;
use crate::text;

/// From how many scopes a search field is worth its place.
const SEARCH_FROM: usize = 8;

/// One line of the matrix.
#[derive(Clone, Debug)]
struct Line {
    representation: String,
    name: String,
    description: Option<String>,
    access: RwSignal<Access>,
    /// Whether the single bits are open although they amount to a level.
    custom: RwSignal<bool>,
}

impl Line {
    fn level(&self) -> ScopeLevel {
        if self.custom.get() { ScopeLevel::Custom } else { ScopeLevel::of(self.access.get()) }
    }

    fn set(&self, access: Access) {
        self.custom.set(false);
        self.access.set(access);
    }

    fn matches(&self, query: &str) -> bool {
        let holds = |text: &str| fold(text).contains(query);
        holds(&self.name)
            || holds(&self.representation)
            || self.description.as_deref().is_some_and(holds)
    }
}

/// What is picked so far, scope by scope.
#[derive(Clone, Copy)]
pub struct ScopeDraft(StoredValue<Vec<Line>>);

impl ScopeDraft {
    /// A matrix of the workspace's scopes with what `held` grants. A grant that the catalogue does not know
    /// any more keeps its line, so that it can be seen and taken away.
    pub fn new(scopes: &[WorkspaceScope], held: &[Grant]) -> Self {
        let line = |representation: &str, name: &str, description: Option<String>| {
            let grant = held.iter().find(|grant| grant.representation == representation);
            Line {
                representation: representation.to_owned(),
                name: name.to_owned(),
                description,
                access: RwSignal::new(grant.map_or(Access::NONE, Grant::access)),
                custom: RwSignal::new(false),
            }
        };
        let mut lines = Vec::new();
        for scope in scopes {
            let description = scope.description.clone().filter(|text| !text.is_empty());
            lines.push(line(&scope.representation, &scope.name, description));
        }
        for grant in held {
            let gone = scopes.iter().all(|scope| scope.representation != grant.representation);
            if gone {
                let description = Some(text::form::scope_gone().to_owned());
                lines.push(line(&grant.representation, &grant.representation, description));
            }
        }
        Self(StoredValue::new(lines))
    }

    /// The grants, without empty ones, in the catalogue's order.
    pub fn grants(self) -> Vec<Grant> {
        self.0.with_value(|lines| {
            let held = lines.iter().filter(|line| line.access.get() != Access::NONE);
            held.map(|line| Grant::new(&line.representation, line.access.get())).collect()
        })
    }

    fn set_all(self, access: Access) {
        self.0.with_value(|lines| lines.iter().for_each(|line| line.set(access)));
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
    let all = draft.0.with_value(Vec::len);
    let shown = Memo::new_with_compare(
        move |_| {
            let query = query.with(|query| fold(query.trim()));
            let fits = |line: &&Line| query.is_empty() || line.matches(&query);
            draft.0.with_value(|lines| lines.iter().filter(fits).cloned().collect::<Vec<Line>>())
        },
        // Lines have signals of their own; here only which of them are shown can change.
        |_, _| true,
    );
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
                <For each=move || shown.get() key=|line| line.representation.clone() let:line>
                    <ScopeLine line />
                </For>
            </div>
            {empty}
        </fieldset>
    }
}

/// One scope: what it is, and what of it.
#[component]
fn ScopeLine(line: Line) -> impl IntoView {
    let access = line.access;
    let level = {
        let line = line.clone();
        Memo::new(move |_| line.level())
    };
    let chosen = move || {
        let level = level.get();
        ScopeLevel::ALL.iter().position(|one| *one == level).unwrap_or_default()
    };
    let pick = {
        let line = line.clone();
        move |place: usize| match ScopeLevel::ALL.get(place).and_then(|level| level.access()) {
            Some(access) => line.set(access),
            None => line.custom.set(true),
        }
    };
    let toggle = move |bit: Access| {
        // Stays open while its bits pass through a level.
        line.custom.set(true);
        access.update(|held| {
            *held = if held.covers(bit) { held.without(bit) } else { held.union(bit) }
        });
    };
    let bits = move || {
        (level.get() == ScopeLevel::Custom).then(|| {
            let boxes = BITS.map(|bit| {
                view! {
                    <label class="check">
                        <input
                            type="checkbox"
                            prop:checked=move || access.get().covers(bit)
                            on:change=move |_| toggle(bit)
                        />
                        <span class="check-label">{text::grants::bit_label(bit)}</span>
                    </label>
                }
            });
            view! { <div class="scope-bits">{boxes.collect_view()}</div> }
        })
    };
    let legend = text::form::access_to(&line.name);
    let options = ScopeLevel::ALL.map(|level| text::grants::level(level).to_owned()).to_vec();
    view! {
        <div class="scope" part="scope">
            <div class="scope-words">
                <span class="scope-name" dir="auto">
                    {line.name}
                </span>
                {line
                    .description
                    .map(|text| {
                        view! {
                            <span class="scope-description" dir="auto">
                                {text}
                            </span>
                        }
                    })}
            </div>
            <Choice legend legend_hidden=true options value=Signal::derive(chosen) on_pick=pick />
            {bits}
        </div>
    }
    .into_any()
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
