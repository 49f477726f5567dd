//! What is known of a key: how it is used, what happened to it. Our additions.

use axum::extract::State;
use oneloop_protocol::activity::{ActivityAnswer, DEFAULT_LIMIT, LIMIT_MAX};
use oneloop_protocol::usage::{KeyUsageAnswer, read_days};
use oneloop_protocol::{ApiKeyId, FieldError, Reason, WorkspaceId};

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiPath, Caller, Parameters};

/// Counts a key's verifications, by day and by route.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}/api-key/{api_key}/usage", tag = "API keys",
    params(("days" = Option<u32>, Query, minimum = 1, maximum = 400, description = "How many days; 30 when absent.")),
    responses((status = 200, body = KeyUsageAnswer)),
)]
pub(crate) async fn get_api_key_usage(
    State(app): State<App>,
    caller: Caller<extract::GetApiKeyUsage>,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
    parameters: Parameters,
) -> Result<Answer<KeyUsageAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let days = read_days(parameters.get("days"))?;
    let usage = app.backend.key_usage(&reach, &id, days).await?;
    Ok(Answer(KeyUsageAnswer { usage }))
}

/// Lists what happened to a key: its lines of the audit log, newest first.
///
/// A link token is not shown addresses, requests and credentials.
#[utoipa::path(
    get, path = "/api/v1/workspace/{workspace}/api-key/{api_key}/activity", tag = "API keys",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "Lines on a page; 50 when absent."),
        ("cursor" = Option<String>, Query, description = "The `nextCursor` of the page before."),
    ),
    responses((status = 200, body = ActivityAnswer)),
)]
pub(crate) async fn get_api_key_activity(
    State(app): State<App>,
    caller: Caller<extract::GetApiKeyActivity>,
    ApiPath((workspace, id)): ApiPath<(WorkspaceId, ApiKeyId)>,
    parameters: Parameters,
) -> Result<Answer<ActivityAnswer>, ApiError> {
    let reach = caller.reach(workspace)?;
    let limit = read_limit(parameters.get("limit"))?;
    let page = app.backend.key_activity(&reach, &id, limit, parameters.get("cursor")).await?;
    Ok(Answer(ActivityAnswer { activity: page.activity, next_cursor: page.next_cursor }))
}

fn read_limit(text: Option<&str>) -> Result<u32, FieldError> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
        let message = format!("limit must be a whole number from 1 to {LIMIT_MAX}");
        FieldError::new("limit", Reason::InvalidQuery, message)
    })
}
