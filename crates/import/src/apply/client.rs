//! The server's migration endpoints. Every call may be repeated: what is the same is recognised, so a lost answer
//! costs a repetition and never a second key.

use std::fmt;
use std::time::Duration;

use oneloop_migrate::mapping::ScopeText;
use oneloop_protocol::api_key::ApiKeysAnswer;
use oneloop_protocol::error::ErrorBody;
use oneloop_protocol::migration::{
    ChunkAnswer, Comparison, CreateMigration, FinishMigration, Hex32, Migration, MigrationAccess,
    MigrationAnswer, MigrationsAnswer, RollBackMigration, RollBackStep, SignedReport,
};
use oneloop_protocol::workspace::{
    ScopeAnswer, ScopesAnswer, Workspace, WorkspaceScope, WorkspacesAnswer,
};
use oneloop_protocol::{
    CreateScope, MigrationId, Secret, Verdict, Verification, VerifyRequest, WorkspaceId, key_list,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Between the first failure and the first repetition; doubled from then on.
const PAUSE: Duration = Duration::from_millis(250);

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// How long one call may take.
const CALL: Duration = Duration::from_secs(120);

/// Longest text of an answer that is not ours.
const FOREIGN: usize = 200;

/// A server.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    /// How often a call is tried.
    tries: u32,
    /// Who hears of pauses.
    waiting: Option<Waiting>,
}

/// Hears why a call failed, and after how long it will be tried again.
pub type Waiting = Box<dyn Fn(&ClientError, Duration) + Send + Sync>;

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address of the server is none.
    #[error("`{0}` is not an http or https URL")]
    Address(String),
    /// The SDK key cannot be sent.
    #[error("the SDK key has characters that a header cannot carry")]
    Key,
    /// No connection, or one that broke.
    #[error("the server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The server refused.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The stable word, if the server gave one.
        reason: Option<String>,
        /// One sentence.
        message: String,
        /// After how long to try again, if it said so.
        after: Option<Duration>,
    },
    /// An answer that is not one of ours.
    #[error("the server answered with something else than expected; is it a Oneloop?")]
    NotOurs(#[source] serde_json::Error),
}

impl ClientError {
    /// Whether the same call may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(error) => !error.is_builder() && !error.is_redirect(),
            Self::Refused { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// The stable word of a refusal.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused { reason, .. } => reason.as_deref(),
            _ => None,
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl Client {
    /// A client of the server at `base`, which identifies itself with `sdk_key`.
    ///
    /// # Errors
    ///
    /// If either cannot be used.
    pub fn new(base: &str, sdk_key: &Secret) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address(base.to_owned());
        let mut base: Url = base.parse().map_err(|_| wrong())?;
        let web = matches!(base.scheme(), "http" | "https") && base.username().is_empty();
        if !web || base.password().is_some() {
            return Err(wrong());
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let value = format!("Bearer {}", sdk_key.expose());
        let mut value = HeaderValue::from_str(&value).map_err(|_| ClientError::Key)?;
        value.set_sensitive(true);
        // The provider that the rest of the binary uses; a second call finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .default_headers(HeaderMap::from_iter([(reqwest::header::AUTHORIZATION, value)]))
            // A redirect would carry the SDK key to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL)
            .build()
            .map_err(ClientError::Unreachable)?;
        Ok(Self { http, base, tries: 12, waiting: None })
    }

    /// The same client, that tries every call so often.
    #[must_use]
    pub fn trying(self, tries: u32) -> Self {
        Self { tries: tries.max(1), ..self }
    }

    /// The same client, that tells of every pause.
    #[must_use]
    pub fn telling(self, waiting: Waiting) -> Self {
        Self { waiting: Some(waiting), ..self }
    }

    /// Where the server is.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    async fn once<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<T, ClientError> {
        let url = self.base.join(path).map_err(|_| ClientError::Address(path.to_owned()))?;
        let chunk = method == Method::PUT;
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            let content = if chunk { "application/x-ndjson" } else { "application/json" };
            request = request.header(CONTENT_TYPE, content).body(body.to_vec());
        }
        let response = request.send().await.map_err(ClientError::Unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(ClientError::Unreachable)?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(ClientError::NotOurs);
        }
        Err(refusal(status, &headers, &bytes))
    }

    /// Calls, and calls again while that makes sense.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<T, ClientError> {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            match self.once(method.clone(), path, body).await {
                Err(error) if error.is_passing() && tried < self.tries => {
                    let asked = match &error {
                        ClientError::Refused { after, .. } => *after,
                        _ => None,
                    };
                    let wait = asked.unwrap_or(pause).min(LONGEST_PAUSE);
                    if let Some(waiting) = &self.waiting {
                        waiting(&error, wait);
                    }
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    tried += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(ClientError::NotOurs)?;
        self.call(Method::POST, path, Some(&body)).await
    }

    /// Whether this client would pass the gate now.
    pub async fn access(&self) -> Result<MigrationAccess, ClientError> {
        self.once(Method::GET, "api/v1/migration/access", None).await
    }

    /// Whether the server knows the SDK key at all, whatever it may do.
    pub async fn knows_key(&self) -> Result<bool, ClientError> {
        let asked: Result<serde_json::Value, _> =
            self.once(Method::GET, "api/v1/workspace", None).await;
        match asked {
            Ok(_) => Ok(true),
            Err(ClientError::Refused { status: 403, .. }) => Ok(true),
            Err(ClientError::Refused { status: 401, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The scopes that a workspace defines.
    pub async fn scopes(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Vec<WorkspaceScope>, ClientError> {
        let path = format!("api/v1/workspace/{workspace}/scopes");
        let answer: ScopesAnswer = self.call(Method::GET, &path, None).await?;
        Ok(answer.scopes)
    }

    /// The team's workspaces.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, ClientError> {
        let answer: WorkspacesAnswer = self.call(Method::GET, "api/v1/workspace", None).await?;
        Ok(answer.workspaces)
    }

    /// The keys of a workspace behind `cursor`, or the first: a page of them, or all from a server that has no pages and
    /// ignores what it is asked.
    pub async fn key_page(
        &self,
        workspace: &WorkspaceId,
        cursor: Option<&str>,
    ) -> Result<ApiKeysAnswer, ClientError> {
        // Cursors are URL-safe.
        let behind = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let path = format!(
            "api/v1/workspace/{workspace}/api-key?includeDeleted=true&limit={}{behind}",
            key_list::LIMIT.end()
        );
        self.call(Method::GET, &path, None).await
    }

    /// Defines a scope. One that is there already, as after a lost answer, is fine.
    pub async fn create_scope(
        &self,
        workspace: &WorkspaceId,
        representation: &str,
        text: Option<&ScopeText>,
    ) -> Result<(), ClientError> {
        let path = format!("api/v1/workspace/{workspace}/scope");
        let ScopeText { name, description } = text.cloned().unwrap_or_default();
        let name = name.unwrap_or_else(|| representation.to_owned());
        let representation = representation.to_owned();
        let made: Result<ScopeAnswer, _> =
            self.post(&path, &CreateScope { name, representation, description }).await;
        match made {
            Ok(_) => Ok(()),
            Err(error) if error.reason() == Some("duplicate_scope") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a job, or finds the one of the same plan.
    pub async fn create(&self, body: &CreateMigration) -> Result<Migration, ClientError> {
        let answer: MigrationAnswer = self.post("api/v1/migration", body).await?;
        Ok(answer.migration)
    }

    /// A job.
    pub async fn job(&self, id: &MigrationId) -> Result<Migration, ClientError> {
        let answer: MigrationAnswer =
            self.call(Method::GET, &format!("api/v1/migration/{id}"), None).await?;
        Ok(answer.migration)
    }

    /// All jobs of the team, newest first.
    pub async fn jobs(&self) -> Result<Vec<Migration>, ClientError> {
        let answer: MigrationsAnswer = self.call(Method::GET, "api/v1/migration", None).await?;
        Ok(answer.migrations)
    }

    /// Sends a chunk. `digest` is what it is recognised by when it is sent again.
    pub async fn put_chunk(
        &self,
        id: &MigrationId,
        number: u32,
        digest: Hex32,
        body: &[u8],
    ) -> Result<ChunkAnswer, ClientError> {
        let path = format!("api/v1/migration/{id}/chunk/{number}?digest={digest}");
        self.call(Method::PUT, &path, Some(body)).await
    }

    /// What a chunk did.
    pub async fn chunk(&self, id: &MigrationId, number: u32) -> Result<ChunkAnswer, ClientError> {
        let path = format!("api/v1/migration/{id}/chunk/{number}");
        self.call(Method::GET, &path, None).await
    }

    /// Compares a chunk. Tried once: a comparison whose answer was lost begins again.
    pub async fn compare(
        &self,
        id: &MigrationId,
        number: u32,
        body: &[u8],
    ) -> Result<Comparison, ClientError> {
        let path = format!("api/v1/migration/{id}/comparison/{number}");
        self.once(Method::PUT, &path, Some(body)).await
    }

    /// Pauses a job.
    pub async fn pause(&self, id: &MigrationId) -> Result<Migration, ClientError> {
        self.act(id, "pause").await
    }

    /// Resumes a job.
    pub async fn resume(&self, id: &MigrationId) -> Result<Migration, ClientError> {
        self.act(id, "resume").await
    }

    async fn act(&self, id: &MigrationId, verb: &str) -> Result<Migration, ClientError> {
        let path = format!("api/v1/migration/{id}/{verb}");
        let answer: MigrationAnswer = self.call(Method::POST, &path, None).await?;
        Ok(answer.migration)
    }

    /// Finishes a job.
    pub async fn finish(
        &self,
        id: &MigrationId,
        body: FinishMigration,
    ) -> Result<Migration, ClientError> {
        let answer: MigrationAnswer =
            self.post(&format!("api/v1/migration/{id}/finish"), &body).await?;
        Ok(answer.migration)
    }

    /// Undoes one chunk.
    pub async fn roll_back(
        &self,
        id: &MigrationId,
        body: RollBackMigration,
    ) -> Result<RollBackStep, ClientError> {
        self.post(&format!("api/v1/migration/{id}/rollback"), &body).await
    }

    /// The signed report.
    pub async fn report(&self, id: &MigrationId) -> Result<SignedReport, ClientError> {
        self.call(Method::GET, &format!("api/v1/migration/{id}/report"), None).await
    }

    /// What the server says of a key in clear.
    pub async fn verify(&self, key: Secret) -> Result<Verdict, ClientError> {
        let request = VerifyRequest { key, ..VerifyRequest::default() };
        let answer: Verification = self.post("api/v1/api-key/verify", &request).await?;
        Ok(answer.status)
    }

    /// Brings one key along through the original endpoint.
    pub(crate) async fn migrate_one<T: DeserializeOwned>(
        &self,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.post("api/v1/api-key/migrate", body).await
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, bytes: &[u8]) -> ClientError {
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let (message, reason) = match serde_json::from_slice::<ErrorBody>(bytes) {
        Ok(ErrorBody { error }) => (error.message, error.reason.map(std::borrow::Cow::into_owned)),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes);
            (text.chars().filter(|c| !c.is_control()).take(FOREIGN).collect(), None)
        }
    };
    ClientError::Refused { status: status.as_u16(), reason, message, after }
}
