//! What the views share: the keys, what may be done with them, which dialog is open.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use leptos::prelude::*;
use leptos::task::spawn_local;
use oneloop_protocol::{
    Access, ApiKey, ApiKeyId, Grant, LinkTokenPermissions, PatchApiKey, Secret, UnixMillis,
    WorkspaceScope,
};
use web_sys::HtmlElement;

use crate::client::Client;
use crate::host::{Event, Host, Template};
use crate::listing::Query;
use crate::problem::Problem;
use crate::signal::{ArcRwSignal, RwSignal, StoredValue};
use crate::terms::Terms;
use crate::text::grants::Named;
use crate::text::problem::{Attempt, message};
use crate::{format, text, wire};

/// One key. Its signal outlives changes, so a row keeps its place and its focus when the key changes.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: ApiKeyId,
    /// What is known of it.
    pub key: ArcRwSignal<ApiKey>,
}

impl Row {
    /// The row of a key.
    pub fn new(key: ApiKey) -> Self {
        Self { id: key.id.clone(), key: ArcRwSignal::new(key) }
    }

    /// Takes over what is known of the key, unless something newer is known already: of two changes, the answers may come
    /// in the other order, and a page of the list may have been read before both.
    pub fn learn(&self, key: ApiKey) {
        if self.key.with_untracked(|known| known.updated_at.0 <= key.updated_at.0) {
            self.key.set(key);
        }
    }

    /// Its name now, without subscribing.
    pub fn name(&self) -> String {
        self.key.with_untracked(|key| key.name.clone())
    }
}

/// Where the list stands.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Being fetched for the first time.
    Loading,
    /// On screen.
    Ready,
    /// Could not be fetched.
    Failed(Problem),
}

/// A secret on its way to the reveal.
#[derive(Clone, Debug)]
pub struct Revealed {
    /// Whose it is.
    pub row: Row,
    /// The secret.
    pub secret: Secret,
    /// After a rotation: until when the old one works; `Some(None)` = it does not.
    pub replaced: Option<Option<UnixMillis>>,
}

/// What can be done to several keys at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Switch them off.
    Disable,
    /// The end.
    Delete,
}

/// Which dialog is open.
#[derive(Clone, Debug)]
pub enum Sheet {
    /// A new key, perhaps with the settings of another.
    Create(Option<Row>),
    /// What is known of a key.
    Details(Row),
    /// Several keys at once.
    Many(Deed, Vec<Row>),
    /// Name and scopes.
    Edit(Row),
    /// A new secret.
    Rotate(Row),
    /// The secret before the last rotation, and its end.
    Overlap(Row),
    /// The end.
    Delete(Row),
    /// The secret, this once.
    Reveal(Revealed),
}

/// The widget's state. Copying it copies handles.
#[derive(Clone, Copy)]
pub struct App {
    client: StoredValue<Rc<Client>>,
    /// What surrounds the widget.
    pub host: StoredValue<Host>,
    /// Takes the focus when what had it is gone.
    pub heading: StoredValue<Option<HtmlElement>>,
    /// The keys that have been read of the list, in its order.
    pub rows: RwSignal<Vec<Row>>,
    /// What the list is asked for.
    pub query: RwSignal<Query>,
    /// Where the list goes on.
    pub next: RwSignal<Option<String>>,
    /// Where the page that was asked for last begins; empty = at the beginning.
    pub asked: RwSignal<Option<String>>,
    /// How many keys the question finds in all.
    pub total: RwSignal<usize>,
    /// Why the last page could not be fetched.
    pub stuck: RwSignal<Option<Problem>>,
    /// How many keys end soon.
    pub expiring: RwSignal<usize>,
    /// How many of them were there when that was put away.
    pub dismissed: RwSignal<usize>,
    /// How many keys are kept apart because their time is over.
    pub expired: RwSignal<usize>,
    /// The keys that are picked.
    pub picked: RwSignal<Vec<Row>>,
    /// The key that the page asked for.
    pub marked: RwSignal<Option<String>>,
    /// What keys may be given, as the workspace lists it.
    pub scopes: RwSignal<Vec<WorkspaceScope>>,
    /// What the token may do.
    pub terms: RwSignal<Terms>,
    /// Where the list stands.
    pub phase: RwSignal<Phase>,
    /// Whether the list is being fetched, the first time or again.
    pub fetching: RwSignal<bool>,
    /// The open dialog.
    pub sheet: RwSignal<Option<Sheet>>,
    /// How many dialogs' requests are under way.
    pub sending: RwSignal<usize>,
    /// How often the page has asked for a key.
    pub asked_for: StoredValue<usize>,
    /// What went wrong with an action that has no dialog.
    pub notice: RwSignal<Option<String>>,
    /// What a screen reader is told next.
    pub announcement: RwSignal<String>,
    /// The time, moving once in a while, so that "2 minutes ago" stays true.
    pub now: RwSignal<UnixMillis>,
}

impl App {
    /// An empty state in front of `client`.
    pub fn new(host: Host, client: Rc<Client>) -> Self {
        Self {
            client: StoredValue::new(client),
            host: StoredValue::new(host),
            heading: StoredValue::new(None),
            rows: RwSignal::default(),
            query: RwSignal::default(),
            next: RwSignal::default(),
            asked: RwSignal::default(),
            total: RwSignal::default(),
            stuck: RwSignal::default(),
            expiring: RwSignal::default(),
            dismissed: RwSignal::default(),
            expired: RwSignal::default(),
            picked: RwSignal::default(),
            marked: RwSignal::default(),
            scopes: RwSignal::default(),
            terms: RwSignal::default(),
            phase: RwSignal::new(Phase::Loading),
            fetching: RwSignal::new(false),
            sheet: RwSignal::new(None),
            sending: RwSignal::default(),
            asked_for: StoredValue::new(0),
            notice: RwSignal::new(None),
            announcement: RwSignal::default(),
            now: RwSignal::new(format::now()),
        }
    }

    /// The state that the widget's root provided.
    pub fn expect() -> Self {
        expect_context()
    }

    /// The client.
    pub fn client(self) -> Rc<Client> {
        self.client.get_value()
    }

    /// Does what waits for something, unless the widget goes first: what is left of it then is dropped. The signals are
    /// gone by that time, and an answer may already have been there.
    pub fn spawn(self, task: impl Future<Output = ()> + 'static) {
        self.run(Box::pin(task));
    }

    fn run(self, mut task: Pin<Box<dyn Future<Output = ()>>>) {
        spawn_local(poll_fn(move |context| {
            if self.rows.is_disposed() { Poll::Ready(()) } else { task.as_mut().poll(context) }
        }));
    }

    /// Tells the page.
    pub fn tell(self, event: Event<'_>) {
        self.host.with_value(|host| host.tell(event));
    }

    /// What the page calls the environment variable of a key.
    pub fn key_variable(self) -> String {
        self.host.with_value(Host::key_variable)
    }

    /// What the page's snippets ask for.
    pub fn example_url(self) -> String {
        self.host.with_value(Host::example_url)
    }

    /// The lifetimes the page offers, in days.
    pub fn expiry_presets(self) -> Vec<u16> {
        self.host.with_value(Host::expiry_presets)
    }

    /// The sets of grants the page offers; what cannot be read is no template.
    pub fn scope_templates(self) -> Vec<Template> {
        let given = self.host.with_value(Host::scope_templates);
        given.iter().filter_map(wire::read).collect()
    }

    /// Whether the token may do this.
    pub fn may(self, permission: LinkTokenPermissions) -> bool {
        self.terms.with(|terms| terms.permissions.allow(permission))
    }

    /// Whether the view must not be replaced: something is filled in, a secret is on its way or shown.
    pub fn must_stay(self) -> bool {
        self.sending.get() > 0 || self.is_form_open()
    }

    /// Whether a dialog is open that one loses something with.
    pub fn is_form_open(self) -> bool {
        self.sheet.with(|sheet| !matches!(sheet, None | Some(Sheet::Details(_))))
    }

    /// Tells the page that something failed. An ended session is told by the client.
    pub fn report(self, attempt: Attempt, problem: &Problem) {
        if *problem != Problem::SessionExpired {
            self.tell(Event::Error(problem.code(), &message(attempt, problem)));
        }
    }

    /// Switches a key on or off. There is no dialog: it is undone by the same click.
    pub fn switch(self, row: Row, enabled: bool) {
        self.notice.set(None);
        let client = self.client();
        self.spawn(async move {
            let patch = PatchApiKey { enabled: Some(enabled), ..PatchApiKey::default() };
            match client.edit_key(&row.id, &patch).await {
                Err(Problem::Aborted) => {}
                Ok(key) => {
                    self.announcement.set(text::list::switched(&key.name, key.enabled));
                    row.learn(key);
                    self.tell(Event::KeyUpdated(row.id.as_str()));
                }
                Err(problem) => self.fail(Attempt::Switch, &row, &problem),
            }
        });
    }

    /// Says above the list what went wrong with one key.
    fn fail(self, attempt: Attempt, row: &Row, problem: &Problem) {
        self.report(attempt, problem);
        let sentence = message(attempt, problem);
        self.notice.set(Some(text::list::about(&row.name(), &sentence)));
    }

    /// What is granted, with the names people know the scopes by, in the catalogue's order; what the catalogue does
    /// not know any more comes last, under its representation.
    pub fn named(self, grants: &[Grant]) -> Vec<Named> {
        self.scopes.with(|scopes| {
            let of = |scope: &WorkspaceScope| {
                let mut held = grants.iter().filter(|it| it.access() != Access::NONE);
                held.find(|it| it.representation == scope.representation).map(Grant::access)
            };
            let known = scopes.iter().filter_map(|scope| Some((scope.name.clone(), of(scope)?)));
            let unknown = grants
                .iter()
                .filter(|grant| {
                    scopes.iter().all(|scope| scope.representation != grant.representation)
                })
                .map(|grant| (grant.representation.clone(), grant.access()));
            known.chain(unknown).collect()
        })
    }
}

/// What is left to do after a request.
type Done = Box<dyn FnOnce()>;

/// One request of a dialog: whether it is under way, and what became of the last one.
#[derive(Clone, Copy)]
pub struct Submission {
    /// Whether the answer is being waited for.
    pub busy: RwSignal<bool>,
    /// Why the last attempt failed.
    pub problem: RwSignal<Option<Problem>>,
    attempt: Attempt,
}

impl Submission {
    /// Nothing sent yet.
    pub fn new(attempt: Attempt) -> Self {
        Self { busy: RwSignal::new(false), problem: RwSignal::new(None), attempt }
    }

    /// Sends, unless something is under way already, so that a double click cannot create two keys. Runs
    /// `done` after a success only.
    pub fn send<T: 'static>(
        self,
        app: App,
        request: impl Future<Output = Result<T, Problem>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        let sent = async move {
            let value = request.await?;
            let done: Done = Box::new(move || done(value));
            Ok(done)
        };
        self.run(app, Box::pin(sent));
    }

    fn run(self, app: App, sent: Pin<Box<dyn Future<Output = Result<Done, Problem>>>>) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.problem.set(None);
        app.sending.update(|count| *count += 1);
        app.spawn(async move {
            let ended = sent.await;
            match ended {
                Err(Problem::Aborted) => {}
                Ok(done) => {
                    self.busy.set(false);
                    done();
                }
                Err(problem) => {
                    self.busy.set(false);
                    app.report(self.attempt, &problem);
                    self.problem.set(Some(problem));
                }
            }
            // Not before what was waited for is on the screen.
            app.sending.update(|count| *count -= 1);
        });
    }

    /// Whether the key is gone that it was about.
    pub fn is_gone(self) -> bool {
        self.problem.with(|problem| problem.as_ref().is_some_and(Problem::is_gone))
    }

    /// Whether the list may not show any more what there is: nobody knows what became of it, or the key is gone.
    pub fn is_in_doubt(self) -> bool {
        let is_in_doubt = |problem: &Problem| problem.outcome_is_unknown() || problem.is_gone();
        // Of several keys, each has its own.
        self.attempt != Attempt::Many
            && self.problem.with_untracked(|problem| problem.as_ref().is_some_and(is_in_doubt))
    }

    /// What the server said of one field of the request, in words for the place of that field.
    pub fn about(self, field: &str) -> Option<String> {
        let concerns =
            self.problem.with(|problem| problem.as_ref().is_some_and(|it| it.concerns(field)));
        concerns.then(|| self.message()).flatten()
    }

    /// What a person is told about the last attempt.
    pub fn message(self) -> Option<String> {
        self.problem.with(|problem| problem.as_ref().map(|problem| message(self.attempt, problem)))
    }
}
