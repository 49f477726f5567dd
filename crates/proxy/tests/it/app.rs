//! [`TestApp`]: a service with two teams in it, and clients whose identity shows in every line of a test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use oneloop_engine::clock::ManualClock;
use oneloop_engine::{Actor, Database, Engine, EngineOptions, MigrationWindow};
use oneloop_protocol::{Rights, TeamId, WorkspaceId};
use oneloop_proxy::{KeyService, ProxyOptions, router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::reply::Reply;

/// 2026-11-23T08:00:00Z, where every test begins.
pub(crate) const NOW: i64 = 1_795_420_800_000;

/// The peer of every request that does not name another.
pub(crate) const PEER: &str = "192.0.2.10";

/// A running service. The team of `sdk()` and `link()` is Acme; Rival is somebody else.
pub(crate) struct TestApp {
    router: KeyService,
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) team: TeamId,
    pub(crate) workspace: WorkspaceId,
    sdk_key: String,
    rival_sdk_key: String,
    /// Where the database is, until the test ends.
    _directory: TempDir,
}

impl TestApp {
    /// A service with default options.
    pub(crate) async fn new() -> Self {
        Self::with(ProxyOptions::default()).await
    }

    /// A service with these options; Acme has a workspace with the scopes `deployments` and `metrics`.
    pub(crate) async fn with(options: ProxyOptions) -> Self {
        crate::access_log::install();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(ManualClock::at(NOW));
        let database = Database::Sqlite(directory.path().join("test.db"));
        let engine_options = EngineOptions { clock: clock.clone(), ..EngineOptions::new(database) };
        let engine = Engine::open(engine_options).await.expect("a new database opens");

        let (team, sdk_key) = create_team(&engine, "Acme").await;
        let (_, rival_sdk_key) = create_team(&engine, "Rival").await;
        let router = router(engine.clone(), options);
        let workspace = WorkspaceId::from("");
        let mut app = Self {
            router,
            engine,
            clock,
            team,
            workspace,
            sdk_key,
            rival_sdk_key,
            _directory: directory,
        };

        app.workspace = app.create_workspace(&app.sdk()).await;
        for scope in ["deployments", "metrics"] {
            let body = json!({ "name": scope, "representation": scope });
            app.sdk().post(&app.path("scope"), body).await.succeeded();
        }
        app
    }

    /// Acme's server, with every right.
    pub(crate) fn sdk(&self) -> Client {
        self.bearer(&self.sdk_key)
    }

    /// Another team's server, with every right.
    pub(crate) fn rival(&self) -> Client {
        self.bearer(&self.rival_sdk_key)
    }

    /// Acme's server, with a key that has these rights only.
    pub(crate) async fn sdk_with(&self, rights: Rights) -> Client {
        self.bearer(&create_sdk_key(&self.engine, &self.team, rights).await)
    }

    /// Whoever presents this as Bearer.
    pub(crate) fn bearer(&self, key: &str) -> Client {
        self.anonymous().header("authorization", &format!("Bearer {key}"))
    }

    /// A browser that speaks for `customer` in Acme's workspace.
    pub(crate) async fn link(&self, customer: &str) -> Client {
        self.link_with(customer, json!({})).await
    }

    /// The same, with more fields in the request that minted its token.
    pub(crate) async fn link_with(&self, customer: &str, more: Value) -> Client {
        let token = self.link_token(customer, more).await;
        self.anonymous().header("x-link-token", &token)
    }

    /// A link token in clear.
    pub(crate) async fn link_token(&self, customer: &str, more: Value) -> String {
        let mut body = json!({ "workspaceId": self.workspace, "customerId": customer });
        merge(&mut body, more);
        self.sdk().post("/api/v1/link-token", body).await.succeeded().text_at("/token")
    }

    /// Nobody.
    pub(crate) fn anonymous(&self) -> Client {
        Client { router: self.router.clone(), headers: Vec::new(), peer: PEER.to_owned() }
    }

    /// A path below Acme's workspace.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/api/v1/workspace/{}/{rest}", self.workspace)
    }

    /// The path of one of Acme's keys.
    pub(crate) fn key_path(&self, key: &Value) -> String {
        self.path(&format!("api-key/{}", key["id"].as_str().expect("a key has an id")))
    }

    /// The body of a plain key for `customer`: reads deployments.
    pub(crate) fn new_key(&self, customer: &str) -> Value {
        json!({
            "name": "ci",
            "workspaceId": self.workspace,
            "customerId": customer,
            "enabled": true,
            "scopes": [grant("deployments", "read")],
        })
    }

    /// A key for `customer`, made by Acme's server; its secret is in `key`.
    pub(crate) async fn create_key(&self, customer: &str) -> Value {
        self.create_key_with(customer, json!({})).await
    }

    /// The same, with more fields.
    pub(crate) async fn create_key_with(&self, customer: &str, more: Value) -> Value {
        let mut body = self.new_key(customer);
        merge(&mut body, more);
        self.sdk().post("/api/v1/api-key", body).await.succeeded()["apiKey"].clone()
    }

    /// The verdict on `key`.
    pub(crate) async fn verdict(&self, key: &str) -> String {
        let body = json!({ "key": key, "requestedScopes": [] });
        self.sdk().post("/api/v1/api-key/verify", body).await.succeeded().text_at("/status")
    }

    /// A new workspace of the client's team.
    pub(crate) async fn create_workspace(&self, client: &Client) -> WorkspaceId {
        let reply = client.post("/api/v1/workspace", json!({ "name": "Production" })).await;
        reply.succeeded().text_at("/workspace/id").into()
    }

    /// Opens Acme's migration window for [`PEER`] for an hour from now.
    pub(crate) async fn open_window(&self) {
        self.open_window_for(&format!("{PEER}/32")).await;
    }

    /// Opens Acme's migration window for a network for an hour from now.
    pub(crate) async fn open_window_for(&self, source: &str) {
        let now = self.engine.now();
        let window = MigrationWindow {
            sources: vec![source.parse().expect("a network")],
            opens_at: now,
            closes_at: now + 3_600_000,
        };
        let operator = Actor::operator();
        let opened = self.engine.open_migration_window(&operator, &self.team, &window).await;
        opened.expect("the window opens");
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

async fn create_team(engine: &Engine, name: &str) -> (TeamId, String) {
    let operator = Actor::operator();
    let team = engine.create_team(&operator, name).await.expect("a team is made").id;
    let key = create_sdk_key(engine, &team, Rights::ALL).await;
    (team, key)
}

/// A new SDK key in clear.
pub(crate) async fn create_sdk_key(engine: &Engine, team: &TeamId, rights: Rights) -> String {
    let issued = engine.create_sdk_key(&Actor::operator(), team, "server", rights).await;
    issued.expect("an SDK key is made").key.expose().to_owned()
}

/// A grant of one access: `grant("metrics", "read")`; `grant("metrics", "")` is all false.
pub(crate) fn grant(representation: &str, access: &str) -> Value {
    let has = |bit| access.contains(bit);
    json!({
        "representation": representation,
        "create": has("create"),
        "read": has("read"),
        "update": has("update"),
        "del": has("del"),
    })
}

/// `base` with the members of `more` set; `null` removes one.
pub(crate) fn merge(base: &mut Value, more: Value) {
    let Value::Object(more) = more else { panic!("an object is merged") };
    let base = base.as_object_mut().expect("into an object");
    for (name, value) in more {
        if value.is_null() {
            base.remove(&name);
        } else {
            base.insert(name, value);
        }
    }
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    router: KeyService,
    headers: Vec<(HeaderName, HeaderValue)>,
    peer: String,
}

impl Client {
    /// The same somebody, with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("allowed in a header");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// Whether this somebody sends such a header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known == name)
    }

    /// The same somebody, connecting from another address.
    pub(crate) fn from(mut self, peer: &str) -> Self {
        self.peer = peer.to_owned();
        self
    }

    /// The same somebody, asking another service.
    pub(crate) fn at(mut self, router: KeyService) -> Self {
        self.router = router;
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("POST", path, Body::from(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send("PATCH", path, Body::from(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, Body::empty()).await
    }

    /// Sends anything. An answer of 5xx fails the test, whatever the test is about.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Reply {
        let reply = self.send_expecting_trouble(method, path, body).await;
        assert!(reply.status < 500, "{method} {path}: {reply:?}");
        reply
    }

    /// Sends anything, and takes any answer.
    pub(crate) async fn send_expecting_trouble(
        &self,
        method: &str,
        path: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let peer = SocketAddr::new(self.peer.parse().expect("an address"), 50_000);
        let method: Method = method.parse().expect("a method");
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(ConnectInfo(peer))
            .body(body.into())
            .expect("a request");
        for (name, value) in &self.headers {
            request.headers_mut().append(name, value.clone());
        }
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        Reply::read(response).await
    }
}
