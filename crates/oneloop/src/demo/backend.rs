//! The demonstration company's own backend: what an integrator writes.
//!
//! It hands its signed-in customer a link token, and protects its API by verifying the keys that callers
//! present. Its customers' keys, verdicts and scopes are the engine's, as real as any.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use oneloop_engine::{Actor, Engine};
use oneloop_protocol::verify::VerifyRequest;
use oneloop_protocol::{
    Access, CreateLinkToken, Grant, Secret, TeamId, UnixMillis, Verdict, WorkspaceId,
};
use oneloop_proxy::ApiError;
use serde::Serialize;
use serde_json::{Value, json};

use super::seed::CUSTOMER;
use crate::moment;

/// How many deployments are remembered.
const HISTORY: usize = 20;

/// What the handlers share.
#[derive(Clone)]
struct Company {
    engine: Engine,
    actor: Actor,
    team: TeamId,
    workspace: WorkspaceId,
    deployments: Arc<Mutex<Vec<Deployment>>>,
}

/// A release of one of the customer's services.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployment {
    number: usize,
    service: &'static str,
    started_at: String,
}

/// The company's routes.
pub(super) fn routes(engine: Engine, actor: Actor, team: TeamId, workspace: WorkspaceId) -> Router {
    let company = Company { engine, actor, team, workspace, deployments: Arc::default() };
    let now = company.engine.now();
    for minutes_ago in [2_943, 318, 12] {
        company.deploy(now - minutes_ago * 60_000);
    }
    Router::new()
        .route("/demo/session", post(create_session))
        .route("/demo/api/deployments", get(list_deployments).post(create_deployment))
        .route("/demo/api/metrics", get(show_metrics))
        .with_state(company)
}

/// `POST /demo/session`: what a company's page asks its own backend for, instead of ever holding the SDK
/// key. A real one would look at its own session cookie first; here everybody is [`CUSTOMER`].
async fn create_session(State(company): State<Company>) -> Result<Response, ApiError> {
    let body = CreateLinkToken::new(company.workspace.clone(), CUSTOMER);
    let link = company.engine.create_link_token(&company.actor, &body).await?;
    let session = Session {
        token: link.token,
        expires_at: link.expires_at,
        workspace_id: company.workspace.clone(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(session)).into_response())
}

/// What the page gets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    token: Secret,
    expires_at: UnixMillis,
    workspace_id: WorkspaceId,
}

/// `GET /demo/api/deployments`
async fn list_deployments(
    State(company): State<Company>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    company
        .answer(
            &headers,
            "deployments",
            Access::READ,
            |company| json!({ "deployments": *company.deployments() }),
        )
        .await
}

/// `POST /demo/api/deployments`
async fn create_deployment(
    State(company): State<Company>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    company
        .answer(
            &headers,
            "deployments",
            Access::CREATE,
            |company| json!({ "deployment": company.deploy(company.engine.now()) }),
        )
        .await
}

/// `GET /demo/api/metrics`
async fn show_metrics(
    State(company): State<Company>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    company
        .answer(&headers, "metrics", Access::READ, |company| {
            let mut counts = BTreeMap::<&str, usize>::new();
            for deployment in company.deployments().iter() {
                *counts.entry(deployment.service).or_default() += 1;
            }
            json!({ "recentDeployments": counts })
        })
        .await
}

impl Company {
    /// Answers with `data` if the caller's key may do this, and with the verdict if it may not.
    async fn answer(
        &self,
        headers: &HeaderMap,
        representation: &str,
        access: Access,
        data: impl FnOnce(&Self) -> Value,
    ) -> Result<Response, ApiError> {
        let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let request = VerifyRequest {
            // Verification drops the `Bearer ` itself; nothing at all is INVALID.
            key: Secret::new(presented.unwrap_or_default()),
            requested_scopes: vec![Grant::new(representation, access)],
            ..VerifyRequest::default()
        };
        request.check()?;
        let verdict = self.engine.verify(&self.team, &request).await?.status;
        let body = match verdict {
            Verdict::Valid => json!({ "verdict": verdict, "data": data(self) }),
            _ => {
                let needs =
                    json!({ "representation": representation, "access": access.to_string() });
                json!({ "verdict": verdict, "needs": needs })
            }
        };
        Ok((status(verdict), [(CACHE_CONTROL, "no-store")], Json(body)).into_response())
    }

    /// Starts a deployment of the next service in turn.
    fn deploy(&self, started_at: UnixMillis) -> Deployment {
        const SERVICES: [&str; 3] = ["storefront", "checkout", "search"];
        let mut deployments = self.deployments();
        let number = deployments.last().map_or(1, |latest| latest.number + 1);
        let deployment = Deployment {
            number,
            service: SERVICES[number % SERVICES.len()],
            started_at: moment::iso(started_at),
        };
        deployments.push(deployment.clone());
        if deployments.len() > HISTORY {
            deployments.remove(0);
        }
        deployment
    }

    /// The history. Every change to it is a single push, so it is sound even after a panic.
    fn deployments(&self) -> std::sync::MutexGuard<'_, Vec<Deployment>> {
        self.deployments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a verdict is told to the caller of a company's API.
fn status(verdict: Verdict) -> StatusCode {
    match verdict {
        Verdict::Valid => StatusCode::OK,
        Verdict::InvalidScopes => StatusCode::FORBIDDEN,
        Verdict::RateLimited | Verdict::UsageLimited => StatusCode::TOO_MANY_REQUESTS,
        Verdict::Invalid | Verdict::Deleted | Verdict::Disabled | Verdict::Expired => {
            StatusCode::UNAUTHORIZED
        }
    }
}
