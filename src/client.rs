//! The only door to the network: the ten requests of the widget, each with its token.
//!
//! Link token in `X-Link-Token`, never as Bearer (decisions, "credentials"). No cookies, no cache, no
//! referrer: an answer may hold a secret, and the page's address is nobody's business.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use gloo_net::http::Headers;
use js_sys::{Array, JSON, Reflect};
use oneloop_protocol::{
    ApiKey, ApiKeyId, CreateApiKey, Grant, LinkTokenStatus, PatchApiKey, RotateApiKey, Secret,
    UnixMillis, WorkspaceScope,
};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit,
    Response, window,
};

use crate::evidence::{Day, Happening};
use crate::host::{Event, Host};
use crate::listing::KeyPage;
use crate::problem::{Problem, Refusal};
use crate::session::Session;
use crate::terms::Terms;
use crate::wire;

const GET: &str = "GET";
const POST: &str = "POST";
const PATCH: &str = "PATCH";
const DELETE: &str = "DELETE";

/// How long to wait for an answer, in milliseconds.
const TIMEOUT: u32 = 20_000;

/// What a person fills in to create a key; the client adds whose it is and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Grant>,
    /// When it ends; `None` = never.
    pub expires_at: Option<UnixMillis>,
}

/// A key and its secret, this once.
#[derive(Debug)]
pub struct Issued {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: Secret,
}

/// What came of a request: the token that it went with, and the answer.
type Sent = Result<(Rc<Secret>, JsValue), Problem>;

/// Which URL, under `/api/v1`.
enum Path<'a> {
    /// Of the token that the request carries. In the published protocol (section 5) the token itself stands there.
    LinkToken,
    CreateKey,
    /// Under the workspace.
    Workspace(&'a str),
    /// One key, and what follows its id.
    Key(&'a ApiKeyId, &'a str),
}

/// What goes out with a request.
#[derive(Clone, Default)]
struct Body<'a> {
    json: Option<String>,
    /// Under which key the server remembers its answer; empty = it does not.
    idempotency_key: &'a str,
}

/// A connection to one server with one session.
pub struct Client {
    host: Host,
    base_url: String,
    session: Session,
    customer: RefCell<Option<LinkTokenStatus>>,
    life: Option<AbortController>,
    closed: Cell<bool>,
    /// Which question the list is asked: answers to earlier ones are dropped.
    pub question: Cell<u32>,
}

impl Client {
    /// A client for what surrounds the widget.
    pub fn new(host: Host) -> Self {
        Self {
            base_url: host.base_url(),
            session: Session::new(host.clone()),
            host,
            customer: RefCell::default(),
            life: AbortController::new().ok(),
            closed: Cell::new(false),
            question: Cell::new(0),
        }
    }

    /// Ends every request under way; from now on each answers [`Problem::Aborted`].
    pub fn close(&self) {
        self.closed.set(true);
        if let Some(life) = &self.life {
            life.abort();
        }
    }

    /// Asks whose keys these are, and what the token may do. Must come before everything else.
    pub async fn open(&self) -> Result<Terms, Problem> {
        let sent = self.send_with_token(GET, &Path::LinkToken, Body::default()).await;
        let (token, answer) = sent?;
        let status: LinkTokenStatus = understood(wire::read(answer))?;
        if !status.valid {
            self.session.refuse(&token);
            return Err(self.session_expired());
        }
        let expected = self.host.workspace();
        if expected.is_some_and(|expected| expected != status.workspace_id.as_str()) {
            return Err(Problem::OtherWorkspace);
        }
        self.session.ends_at(&token, status.expires_at);
        let terms = Terms::of(&status);
        *self.customer.borrow_mut() = Some(status);
        Ok(terms)
    }

    /// A page of the customer's keys, without deleted ones. `query` is what [`Query`](crate::listing::Query) makes.
    pub async fn list_keys(&self, query: &str) -> Result<KeyPage, Problem> {
        let path = ["/api-key", query].concat();
        let answer = self.send(GET, &Path::Workspace(&path), None).await?;
        let mut page = understood(page(&answer))?;
        page.keys.retain(|key| !key.deleted);
        Ok(page)
    }

    /// How often a key was asked about, day by day; the last one is today.
    pub async fn usage(&self, id: &ApiKeyId) -> Result<Vec<Day>, Problem> {
        let answer = self.send(GET, &Path::Key(id, "/usage?days=30"), None).await?;
        understood(wire::inside(&answer, "usage").and_then(|usage| wire::field(&usage, "days")))
    }

    /// What happened to a key, newest first: the last of it.
    pub async fn activity(&self, id: &ApiKeyId) -> Result<Vec<Happening>, Problem> {
        let answer = self.send(GET, &Path::Key(id, "/activity?limit=20"), None).await?;
        let all: Option<Array> =
            wire::inside(&answer, "activity").and_then(|all| all.dyn_into().ok());
        let all = understood(all)?;
        understood(all.iter().map(|one| happening(&one)).collect())
    }

    /// What keys of this workspace may be given.
    pub async fn list_scopes(&self) -> Result<Vec<WorkspaceScope>, Problem> {
        let answer = self.send(GET, &Path::Workspace("/scopes"), None).await?;
        understood(wire::field(&answer, "scopes"))
    }

    /// Creates a key. Sent again with the same `idempotency_key`, it creates no second one.
    pub async fn create_key(&self, new: NewKey, idempotency_key: &str) -> Result<Issued, Problem> {
        let (workspace_id, customer_id) = {
            let customer = self.customer.borrow();
            let status = customer.as_ref().ok_or(Problem::SessionExpired)?;
            (status.workspace_id.clone(), status.customer_id.clone())
        };
        let body = CreateApiKey {
            name: new.name,
            workspace_id,
            customer_id,
            enabled: true,
            scopes: new.scopes,
            prefix: None,
            expires_at: new.expires_at,
            total_usage_allowed: None,
            external_meter_id: None,
            metadata: None,
        };
        let body = Body { json: Some(wire::json(&body)), idempotency_key };
        issued(&self.send_with_token(POST, &Path::CreateKey, body).await?.1)
    }

    /// Changes a key; absent fields stay as they are.
    pub async fn edit_key(&self, id: &ApiKeyId, patch: &PatchApiKey) -> Result<ApiKey, Problem> {
        let answer = self.send(PATCH, &Path::Key(id, ""), Some(wire::json(patch))).await?;
        understood(wire::field(&answer, "apiKey"))
    }

    /// Replaces a key's secret. The old one works for `overlap_seconds` more. Sent again with the same
    /// `idempotency_key`, it replaces nothing a second time.
    pub async fn rotate_key(
        &self,
        id: &ApiKeyId,
        overlap_seconds: u64,
        idempotency_key: &str,
    ) -> Result<Issued, Problem> {
        // Sent only when asked for: an original upstream expects no body here.
        let json = match overlap_seconds {
            0 => None,
            seconds => Some(wire::json(&RotateApiKey { overlap_seconds: Some(seconds) })),
        };
        let body = Body { json, idempotency_key };
        issued(&self.send_with_token(POST, &Path::Key(id, "/rotate"), body).await?.1)
    }

    /// Ends the overlap of the last rotation: the secret before it stops working now.
    pub async fn end_overlap(&self, id: &ApiKeyId) -> Result<ApiKey, Problem> {
        let answer = self.send(POST, &Path::Key(id, "/end-overlap"), None).await?;
        understood(wire::field(&answer, "apiKey"))
    }

    /// Deletes a key.
    pub async fn delete_key(&self, id: &ApiKeyId) -> Result<(), Problem> {
        self.send(DELETE, &Path::Key(id, ""), None).await.map(drop)
    }

    async fn send(
        &self,
        method: &'static str,
        path: &Path<'_>,
        json: Option<String>,
    ) -> Result<JsValue, Problem> {
        let body = Body { json, idempotency_key: "" };
        self.send_with_token(method, path, body).await.map(|(_, answer)| answer)
    }

    /// Sends a request; when the token is refused, once more with a new one.
    ///
    /// In a box: every request waits for this, and what waits for it would hold a copy of all that it is made of.
    fn send_with_token<'a>(
        &'a self,
        method: &'static str,
        path: &'a Path<'a>,
        body: Body<'a>,
    ) -> Pin<Box<dyn Future<Output = Sent> + 'a>> {
        Box::pin(self.send_twice(method, path, body))
    }

    async fn send_twice(&self, method: &'static str, path: &Path<'_>, body: Body<'_>) -> Sent {
        let token = self.session.token().await?;
        match self.attempt(method, path, &body, &token).await {
            Err(problem) if problem.is_unauthorized() => {}
            other => return other.map(|answer| (token, answer)),
        }
        self.session.refuse(&token);
        let token = self.session.token().await?;
        match self.attempt(method, path, &body, &token).await {
            Err(problem) if problem.is_unauthorized() => {
                self.session.refuse(&token);
                Err(self.session_expired())
            }
            other => other.map(|answer| (token, answer)),
        }
    }

    fn session_expired(&self) -> Problem {
        self.host.tell(Event::SessionExpired);
        Problem::SessionExpired
    }

    async fn attempt(
        &self,
        method: &'static str,
        path: &Path<'_>,
        body: &Body<'_>,
        token: &Secret,
    ) -> Result<JsValue, Problem> {
        let result = self.fetch(method, &self.url(path)?, body, token).await;
        // Whoever asked is gone, and so are its signals.
        if self.closed.get() { Err(Problem::Aborted) } else { result }
    }

    async fn fetch(
        &self,
        method: &'static str,
        url: &str,
        body: &Body<'_>,
        token: &Secret,
    ) -> Result<JsValue, Problem> {
        let window = window().ok_or(Problem::Unreachable)?;
        if !window.navigator().on_line() {
            return Err(Problem::Offline);
        }
        // What is not visible ASCII is not a token, and no header either.
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Problem::NoToken);
        }
        let init = self.request(method, body, token);
        // The base URL of the page's attribute may be no URL: that rejects like a server that is not there.
        let answer = JsFuture::from(window.fetch_with_str_and_init(url, &init)).await;
        let response: Response = answer.map_err(|error| not_answered(&error))?.unchecked_into();
        let retry_after = Headers::from_raw(response.headers()).get("Retry-After");
        let text = response.text().map_err(|error| not_answered(&error))?;
        let text = JsFuture::from(text).await.map_err(|error| not_answered(&error))?;
        let text = text.as_string().unwrap_or_default();
        let json = JSON::parse(&text);
        if response.ok() {
            return json.map_err(|_| Problem::Malformed);
        }
        let body: Option<Refusal> = json.ok().and_then(|body| wire::field(&body, "error"));
        Err(Problem::Refused(Refusal {
            status: response.status(),
            retry_after: retry_after.and_then(|seconds| seconds.trim().parse().ok()),
            ..body.unwrap_or_default()
        }))
    }

    /// A request without its address. No cookies, no cache, no referrer.
    ///
    /// Of gloo only the headers: its builder takes every URL apart for its query, and its `send` and `text` can print any
    /// JavaScript value when they panic. Together they bring a URL parser and the printing of floats into what every
    /// page loads.
    fn request(&self, method: &str, body: &Body<'_>, token: &Secret) -> RequestInit {
        let headers = Headers::new();
        headers.set("X-Link-Token", token.expose());
        let signals = Array::of1(&AbortSignal::timeout_with_u32(TIMEOUT));
        if let Some(life) = &self.life {
            signals.push(&life.signal());
        }
        let init = RequestInit::new();
        if !body.idempotency_key.is_empty() {
            headers.set("Idempotency-Key", body.idempotency_key);
        }
        if let Some(json) = &body.json {
            headers.set("Content-Type", "application/json");
            init.set_body(&json.into());
        }
        init.set_method(method);
        init.set_headers(&headers.into_raw());
        init.set_cache(RequestCache::NoStore);
        init.set_credentials(RequestCredentials::Omit);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
        init.set_signal(Some(&AbortSignal::any(&signals)));
        init
    }

    fn url(&self, path: &Path<'_>) -> Result<String, Problem> {
        let base = &self.base_url;
        let workspace = || {
            let customer = self.customer.borrow();
            let id = customer.as_ref().map(|status| escape(status.workspace_id.as_str()));
            id.ok_or(Problem::SessionExpired)
        };
        Ok(match path {
            Path::LinkToken => format!("{base}/api/v1/link-token/self"),
            Path::CreateKey => format!("{base}/api/v1/api-key"),
            Path::Workspace(rest) => format!("{base}/api/v1/workspace/{}{rest}", workspace()?),
            Path::Key(id, rest) => {
                let id = escape(id.as_str());
                format!("{base}/api/v1/workspace/{}/api-key/{id}{rest}", workspace()?)
            }
        })
    }
}

/// A value as a URL can hold it.
pub fn escape(segment: &str) -> String {
    js_sys::encode_uri_component(segment).into()
}

/// Why `fetch` rejected. It says no more than a `TypeError` for everything from DNS to CORS, on purpose.
fn not_answered(error: &JsValue) -> Problem {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    match name.as_deref() {
        Some("TimeoutError") => Problem::Timeout,
        Some("AbortError") => Problem::Aborted,
        _ => Problem::Unreachable,
    }
}

/// An answer that could be read.
fn understood<T>(answer: Option<T>) -> Result<T, Problem> {
    answer.ok_or(Problem::Malformed)
}

/// A page of keys.
fn page(answer: &JsValue) -> Option<KeyPage> {
    Some(KeyPage {
        keys: wire::field(answer, "apiKeys")?,
        next: wire::field(answer, "nextCursor")?,
        total: wire::field(answer, "total")?,
    })
}

/// One line of a key's activity.
fn happening(answer: &JsValue) -> Option<Happening> {
    Some(Happening {
        at: wire::field(answer, "at")?,
        action: wire::field(answer, "action")?,
        actor: wire::field(&wire::inside(answer, "actor")?, "kind")?,
        enabled: wire::inside(answer, "detail").and_then(|detail| wire::field(&detail, "enabled")?),
    })
}

/// What an issued key has besides the key.
#[derive(Deserialize)]
struct WithSecret {
    key: Secret,
}

/// A key and its secret, which stand in one object.
fn issued(answer: &JsValue) -> Result<Issued, Problem> {
    let secret: WithSecret = understood(wire::field(answer, "apiKey"))?;
    Ok(Issued { key: understood(wire::field(answer, "apiKey"))?, secret: secret.key })
}
