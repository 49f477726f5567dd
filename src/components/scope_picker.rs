//! The scope matrix: one row a scope, None, Read, Write, or the single bits.

use oneloop_protocol::{Access, Grant, WorkspaceScope};
use web_sys::HtmlElement;

use super::button::{Button, Emphasis};
use super::choice::Choice;
use super::unique::unique;
use crate::dom::{Element, each, el, views};
use crate::format::{fold, holds};
use crate::host::Template;
use crate::scope_level::{BITS, ScopeLevel};
use crate::signal::{Memo, RwSignal, StoredValue};
use crate::state::{App, Submission};
use crate::text;

/// From how many scopes a search field is worth its place.
const SEARCH_FROM: usize = 8;
/// How many lines are in the page at first, and how many more are put there when the last of them come near.
const LINES: usize = 12;

/// One line of the matrix.
#[derive(Clone, Debug)]
struct Line {
    representation: String,
    name: String,
    description: Option<String>,
    /// The most that may be granted of it here.
    most: Access,
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

    /// Grants as much of `access` as may be granted here.
    fn set_within(&self, access: Access) {
        self.set(access.without(Access::ALL.without(self.most)));
    }

    /// Why not everything can be picked, in words; `None` if it can.
    fn limit(&self) -> Option<String> {
        match self.most {
            Access::ALL => None,
            Access::NONE => Some(text::form::may_not_grant().to_owned()),
            most => Some(text::form::may_grant_only(&text::grants::words(most))),
        }
    }

    /// The places of the levels that cannot be picked.
    fn out_of_reach(&self) -> Vec<usize> {
        let held = self.access.get_untracked();
        let reachable = |level: ScopeLevel| match level.access() {
            Some(access) => self.most.union(held).covers(access),
            None => self.most != Access::NONE,
        };
        let levels = ScopeLevel::ALL.iter().enumerate();
        levels.filter(|(_, level)| !reachable(**level)).map(|(place, _)| place).collect()
    }

    fn matches(&self, query: &str) -> bool {
        let holds = |text: &str| holds(text, query);
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
    /// any more keeps its line, so that it can be seen and taken away; so does what the key has and the person may
    /// not grant.
    pub fn new(app: App, held: &[Grant]) -> Self {
        app.scopes.with_untracked(|scopes| {
            app.terms.with_untracked(|terms| Self::of(scopes, held, terms.grantable.as_deref()))
        })
    }

    fn of(scopes: &[WorkspaceScope], held: &[Grant], grantable: Option<&[Grant]>) -> Self {
        let access_in = |grants: &[Grant], representation: &str| {
            let grant = grants.iter().find(|grant| grant.representation == representation);
            grant.map_or(Access::NONE, Grant::access)
        };
        let line = |representation: &str, name: &str, description: Option<String>| Line {
            representation: representation.to_owned(),
            name: name.to_owned(),
            description,
            most: grantable.map_or(Access::ALL, |most| access_in(most, representation)),
            access: RwSignal::new(access_in(held, representation)),
            custom: RwSignal::new(false),
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
        self.0.with_value(|lines| lines.iter().for_each(|line| line.set_within(access)));
    }

    /// Grants what a template says, and nothing else.
    pub fn apply(self, template: &[Grant]) {
        self.0.with_value(|lines| {
            for line in lines {
                let grant = template.iter().find(|it| it.representation == line.representation);
                line.set_within(grant.map_or(Access::NONE, Grant::access));
            }
        });
    }
}

/// The matrix.
///
/// # Accessibility
///
/// One group of radio buttons a scope, named by the scope. The filter says how many lines it left. A filter
/// is plain text: no character of it means anything. Many lines scroll in a place of their own; those further down are
/// in the page before one gets to them, by the keyboard too, which scrolls there.
///
/// # Parts
///
/// `scopes`, `scope`.
pub fn scope_picker(app: App, draft: ScopeDraft, submission: Submission) -> Element {
    let query = RwSignal::new(String::new());
    let all = draft.0.with_value(Vec::len);
    // The places of the lines that the filter leaves.
    let shown = Memo::new(move |_| {
        let query = query.with(|query| fold(query.trim()));
        draft.0.with_value(|lines| {
            let fits = |at: &usize| query.is_empty() || lines[*at].matches(&query);
            (0..lines.len()).filter(fits).collect::<Vec<usize>>()
        })
    });
    let reach = RwSignal::new(LINES);
    let in_page = move || {
        draft.0.with_value(|lines| {
            shown.with(|shown| {
                let near = shown.iter().take(reach.get());
                near.map(|at| lines[*at].clone()).collect::<Vec<Line>>()
            })
        })
    };
    let place = el("div").class("scopes").attr("data-long", all > LINES);
    let node: HtmlElement = place.node();
    let (top, scrolled) = (node.clone(), node);
    let read_on = move |_| {
        let below = scrolled.scroll_height() - scrolled.scroll_top();
        if below < 3 * scrolled.client_height() && reach.get_untracked() < all {
            reach.update(|reach| *reach += LINES);
        }
    };
    let templates = (all > 1).then(|| {
        let quiet = |label: &'static str, access: Access| {
            let set = move || draft.set_all(access);
            Button::new(label).emphasis(Emphasis::Quiet).on_press(set)
        };
        let named = |template: Template| {
            let apply = move || draft.apply(&template.grants);
            Button::new(template.name).emphasis(Emphasis::Quiet).on_press(apply)
        };
        // The page's are as many and as long as it likes: they have a line of their own.
        let of_page: Vec<_> = app.scope_templates().into_iter().map(named).collect();
        let of_page = (!of_page.is_empty())
            .then(|| el("div").class("scope-templates-page").children(of_page));
        let own = el("div")
            .class("scope-templates")
            .child(quiet(text::form::read_everything(), Access::READ))
            .child(quiet(text::form::clear(), Access::NONE));
        views([Some(own), of_page])
    });
    let message = unique("scopes-problem");
    let problem = el("p")
        .class("field-problem")
        .attr("id", message.clone())
        .child(move || submission.about("scopes"));
    let searchable = all >= SEARCH_FROM;
    let filter = searchable.then(|| {
        el("input")
            .class("input")
            .part("input")
            .attr("type", "search")
            .attr("aria-label", text::form::find_scope())
            .attr("placeholder", text::form::find_scope())
            .attr("autocomplete", "off")
            .attr("spellcheck", "false")
            .on_input(move |text| {
                query.set(text);
                reach.set(LINES);
                top.set_scroll_top(0);
            })
    });
    let count = searchable.then(|| {
        let words = move || text::form::scopes_shown(shown.with(Vec::len), all);
        el("p").class("hidden").role("status").child(words)
    });
    let empty = move || {
        shown.with(Vec::is_empty).then(|| {
            let words = if all == 0 { text::form::no_scopes() } else { text::form::no_scope() };
            el("p").class("hint").child(words)
        })
    };
    let lines = each(3, in_page, |line| line.representation.clone(), |_| true, scope_line);
    el("fieldset")
        .class("fieldset")
        .part("scopes")
        .attr("aria-describedby", message)
        .child(el("legend").class("label").child(text::form::permissions()))
        .child(templates)
        .child(filter)
        .child(count)
        .child(place.on("scroll", read_on).child(lines))
        .child(empty)
        .child(problem)
}

/// One scope: what it is, and what of it.
fn scope_line(line: Line) -> Element {
    let (access, most) = (line.access, line.most);
    let (limit, disabled) = (line.limit(), line.out_of_reach());
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
    let custom = Memo::new(move |_| level.get() == ScopeLevel::Custom);
    let single = move |bit: Access| {
        // What is held and may not be granted can be taken away, and not be put back.
        let field = el("input")
            .attr("type", "checkbox")
            .attr("disabled", move || !most.union(access.get()).covers(bit))
            .prop("checked", move || access.get().covers(bit))
            .on("change", move |_| toggle(bit));
        let label = el("span").class("check-label").child(text::grants::bit_label(bit));
        el("label").class("check").child(field).child(label)
    };
    let bits =
        move || custom.get().then(|| el("div").class("scope-bits").children(BITS.map(single)));
    let options = ScopeLevel::ALL.map(|level| text::grants::level(level).to_owned()).to_vec();
    let choice = Choice {
        legend_hidden: true,
        disabled,
        ..Choice::new(text::form::access_to(&line.name), options, chosen, pick)
    };
    let limit = limit.map(|words| el("span").class("scope-limit").child(words));
    let name = el("span").class("scope-name").attr("dir", "auto").child(line.name);
    let description = line
        .description
        .map(|text| el("span").class("scope-description").attr("dir", "auto").child(text));
    el("div")
        .class("scope")
        .part("scope")
        .child(el("div").class("scope-words").child(name).child(description).child(limit))
        .child(choice)
        .child(bits)
}

/// The sentence that says what a key will be allowed. `until` is its end in words; `None` = never.
///
/// # Parts
///
/// `summary`.
pub fn summary(
    app: App,
    name: RwSignal<String>,
    draft: ScopeDraft,
    until: impl Fn() -> Option<String> + 'static,
) -> Element {
    let sentence = move || {
        let named = app.named(&draft.grants());
        name.with(|name| text::grants::summary(name, &named, until().as_deref()))
    };
    el("p").class("summary").part("summary").attr("dir", "auto").child(sentence)
}
