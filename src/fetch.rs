//! Fetching the list: everything at first, another question, a page more, one key; and what becomes of it when keys come
//! and go.

use futures_util::future::{join, join4};
use js_sys::Reflect;
use leptos::prelude::untrack;
use oneloop_protocol::{ApiKey, ApiKeyId};

use crate::client::{Client, escape};
use crate::host::{Event, Host};
use crate::listing::{EXPIRED, EXPIRING, KeyPage, Query};
use crate::problem::Problem;
use crate::state::{App, Phase, Row, Sheet};
use crate::text::problem::Attempt;
use crate::{format, text};

/// From how many rows below it the list is read on after keys were taken out of it.
const FEW: usize = 30;

impl App {
    /// Whether the customer has no keys at all.
    pub fn is_empty(self) -> bool {
        self.rows.with(Vec::is_empty)
            && self.expired.get() == 0
            && !self.fetching.get()
            && self.next.with(Option::is_none)
            && self.query.with(|query| !query.is_narrow())
    }

    /// Fetches everything: who we are, then keys and scopes side by side.
    pub fn load(self) {
        if self.fetching.get_untracked() {
            return;
        }
        self.fetching.set(true);
        let client = self.client();
        let query = self.query.with_untracked(|query| query.parameters("", escape));
        self.spawn(async move {
            let result = async {
                let terms = client.open().await?;
                let keys = client.list_keys(&query);
                let (keys, scopes, expiring, expired) = join4(
                    keys,
                    client.list_scopes(),
                    count(&client, EXPIRING),
                    count(&client, EXPIRED),
                )
                .await;
                Ok((terms, keys?, scopes?, expiring, expired))
            };
            match result.await {
                Err(Problem::Aborted) => return,
                Ok((terms, page, scopes, expiring, expired)) => {
                    self.terms.set(terms);
                    self.scopes.set(scopes);
                    self.counted(expiring, expired);
                    self.take(page, true);
                    self.announce_total();
                    self.now.set(format::now());
                    self.phase.set(Phase::Ready);
                    if let Some(id) = self.host.with_value(Host::key_id) {
                        self.show(id);
                    }
                    // Last: a page may take the widget away when it hears this, and its signals go with it.
                    self.tell(Event::Ready);
                }
                Err(problem) => {
                    self.report(Attempt::Load, &problem);
                    self.phase.set(Phase::Failed(problem));
                }
            }
            self.fetching.set(false);
        });
    }

    /// Asks the list something else. What is shown stays until the answer is there.
    pub fn ask(self, change: impl FnOnce(&mut Query)) {
        self.query.update(change);
        self.fetch(String::new());
    }

    /// Asks the same once more, after something has changed that the list does not know of.
    pub fn ask_anew(self) {
        self.ask(|_| ());
        self.recount();
    }

    /// What is known of one key by now, for a dialog that goes by it.
    pub fn look_again(self, row: &Row) {
        let (client, row) = (self.client(), row.clone());
        self.spawn(async move {
            if let Ok(Some(key)) = one(&client, row.id.as_str()).await {
                row.learn(key);
            }
        });
    }

    /// Fetches the next page, if there is one and nothing is being fetched.
    pub fn more(self) {
        let is_busy = self.fetching.get_untracked() || self.stuck.with_untracked(Option::is_some);
        if let Some(cursor) = self.next.get_untracked().filter(|_| !is_busy) {
            self.fetch(cursor);
        }
    }

    /// Asks once more what could not be answered.
    pub fn ask_again(self) {
        self.fetch(self.asked.get_untracked().unwrap_or_default());
    }

    fn fetch(self, cursor: String) {
        let client = self.client();
        let question = client.question.get().wrapping_add(1);
        client.question.set(question);
        self.fetching.set(true);
        self.stuck.set(None);
        let query = self.query.with_untracked(|query| query.parameters(&cursor, escape));
        let is_first = cursor.is_empty();
        self.asked.set(Some(cursor));
        self.spawn(async move {
            let result = client.list_keys(&query).await;
            // Gone, or something else has been asked since.
            if result.as_ref().is_err_and(|problem| *problem == Problem::Aborted)
                || client.question.get() != question
            {
                return;
            }
            match result {
                Ok(page) => {
                    self.take(page, is_first);
                    if is_first {
                        self.announce_total();
                    }
                }
                Err(problem) => {
                    self.report(Attempt::Load, &problem);
                    self.stuck.set(Some(problem));
                }
            }
            self.fetching.set(false);
        });
    }

    /// Takes a page over: in place of everything, or behind what is there.
    fn take(self, page: KeyPage, is_first: bool) {
        self.next.set(page.next);
        if is_first {
            self.picked.set(Vec::new());
            self.total.set(page.total.unwrap_or(page.keys.len()));
        }
        // The table leaves a key alone that stays in its place, so the row that it follows has to stay as well.
        let most = if is_first { page.keys.len() } else { 0 };
        let before = self.rows.with_untracked(|rows| rows[..most.min(rows.len())].to_vec());
        let row = |(at, key): (usize, ApiKey)| match before.get(at) {
            Some(row) if row.id == key.id => {
                row.learn(key);
                row.clone()
            }
            _ => Row::new(key),
        };
        let next: Vec<Row> = page.keys.into_iter().enumerate().map(row).collect();
        self.rows.update(|rows| {
            if is_first {
                rows.clear();
            }
            rows.extend(next);
        });
    }

    fn announce_total(self) {
        self.announcement.set(text::list::loaded(self.total.get_untracked()));
    }

    fn counted(self, expiring: Option<usize>, expired: Option<usize>) {
        // What could not be counted is as it was.
        for (signal, count) in [(self.expiring, expiring), (self.expired, expired)] {
            if let Some(count) = count {
                signal.set(count);
            }
        }
    }

    /// Counts anew what ends soon and what is over, after something has changed.
    pub fn recount(self) {
        let client = self.client();
        self.spawn(async move {
            let (expiring, expired) = join(count(&client, EXPIRING), count(&client, EXPIRED)).await;
            self.counted(expiring, expired);
        });
    }

    /// Puts a new key on top of the list.
    pub fn insert(self, key: ApiKey) -> Row {
        let row = Row::new(key);
        if self.query.with_untracked(Query::is_narrow) {
            // It need not be among what was asked for, and must be seen.
            self.ask(|query| *query = Query { order: query.order, ..Query::default() });
        } else {
            self.rows.update(|rows| rows.insert(0, row.clone()));
            self.total.update(|total| *total += 1);
            self.ask_anew_if_fetching();
        }
        self.recount();
        row
    }

    /// Takes keys out of the list, once the dialog that deleted them has closed and given the focus back to
    /// the row; the heading takes it over, because the row is gone.
    pub fn remove_after_dialog(self, ids: Vec<ApiKeyId>) {
        self.spawn(async move {
            leptos::task::tick().await;
            let gone = |row: &Row| ids.contains(&row.id);
            self.rows.update(|rows| rows.retain(|row| !gone(row)));
            self.picked.update(|rows| rows.retain(|row| !gone(row)));
            self.total.update(|total| *total = total.saturating_sub(ids.len()));
            leptos::task::tick().await;
            self.focus_heading();
            self.recount();
            self.ask_anew_if_fetching();
            if self.rows.with_untracked(Vec::len) < FEW {
                self.more();
            }
        });
    }

    /// What is being fetched was asked before the last change, and may not know of it. A page further on does not touch
    /// what is there.
    fn ask_anew_if_fetching(self) {
        let from_start = self.asked.with_untracked(|cursor| cursor.as_deref() == Some(""));
        if from_start && self.fetching.get_untracked() {
            self.ask(|_| ());
        }
    }

    /// Puts the focus where one can go on from, if nothing has it: what a dialog gives it back to may be gone.
    pub fn keep_focus(self) {
        self.spawn(async move {
            leptos::task::tick().await;
            let heading = self.heading.try_get_value().flatten();
            let root = heading.map(|heading| heading.get_root_node());
            let active = root.and_then(|root| Reflect::get(&root, &"activeElement".into()).ok());
            if active.is_some_and(|active| active.is_null()) {
                self.focus_heading();
            }
        });
    }

    /// Puts the focus where one can go on from, when what has it is about to go.
    pub fn focus_heading(self) {
        if let Some(heading) = self.heading.try_get_value().flatten() {
            let _ = heading.focus();
        }
    }

    /// Opens what is known of the key with this id, and marks its row. While a form or a secret is open, that stays.
    pub fn show(self, id: String) {
        let is_loading = self.phase.with_untracked(|phase| !matches!(phase, Phase::Ready));
        if is_loading || untrack(|| self.must_stay()) {
            return;
        }
        let asked = self.asked_for.get_value() + 1;
        self.asked_for.set_value(asked);
        self.notice.set(None);
        self.marked.set(None);
        let in_list = |rows: &Vec<Row>| rows.iter().find(|row| row.id.as_str() == id).cloned();
        if let Some(row) = self.rows.with_untracked(in_list) {
            self.reveal(row);
            return;
        }
        let client = self.client();
        self.spawn(async move {
            let found = one(&client, &id).await;
            // Somebody has begun to fill something in meanwhile, or the page wants another key.
            if untrack(|| self.must_stay()) || self.asked_for.get_value() != asked {
                return;
            }
            match found {
                Err(Problem::Aborted) => {}
                Ok(Some(key)) => self.reveal(Row::new(key)),
                Ok(None) => self.notice.set(Some(text::list::unknown_id(&id))),
                Err(problem) => {
                    self.report(Attempt::Load, &problem);
                    let sentence = text::problem::message(Attempt::Load, &problem);
                    self.notice.set(Some(text::list::about(&id, &sentence)));
                }
            }
        });
    }

    fn reveal(self, row: Row) {
        self.marked.set(Some(row.id.as_str().to_owned()));
        self.sheet.set(Some(Sheet::Details(row)));
    }
}

/// The key with this id, if it is there.
async fn one(client: &Client, id: &str) -> Result<Option<ApiKey>, Problem> {
    let page = client.list_keys(&Query::one(&escape(id))).await?;
    Ok(page.keys.into_iter().find(|key| key.id.as_str() == id))
}

/// How many keys there are of a kind; `None` if that is not known.
async fn count(client: &Client, shown: usize) -> Option<usize> {
    client.list_keys(&Query::count(shown)).await.ok()?.total
}
