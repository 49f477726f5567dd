//! Billing meters and usage: endpoints 15 and 19 to 22.

use axum::extract::State;
use oneloop_protocol::meter::{
    BilledDaysAnswer, CreateMeter, MeterAnswer, RecordUsage, RefillMeter,
};
use oneloop_protocol::{FieldError, Reason, WorkspaceId};
use serde::Serialize;

use crate::answer::Answer;
use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{self, ApiJson, ApiPath, IdempotencyKey, Parameters, Provenance, Sdk};

/// `{}`
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Nothing {}

/// Records usage that is known only after the request.
///
/// It is charged in full, over the credit too: it was used.
#[utoipa::path(
    post, path = "/api/v1/api-key/record-usage", tag = "Usage and billing",
    params(IdempotencyKey), request_body = RecordUsage, responses((status = 200, body = Nothing)),
)]
pub(crate) async fn record_usage(
    State(app): State<App>,
    sdk: Sdk<extract::RecordUsage>,
    provenance: Provenance,
    once: IdempotencyKey,
    ApiJson(body): ApiJson<RecordUsage>,
) -> Result<Answer<Nothing>, ApiError> {
    app.backend.record_usage(&sdk.actor_once(provenance, once), &body).await?;
    Ok(Answer(Nothing {}))
}

/// Lists what was used of a meter, by day and name.
#[utoipa::path(
    get, path = "/api/v1/usage/{billing_id}", tag = "Usage and billing",
    responses((status = 200, body = BilledDaysAnswer)),
)]
pub(crate) async fn get_usage(
    State(app): State<App>,
    sdk: Sdk<extract::GetUsage>,
    ApiPath(billing_id): ApiPath<String>,
) -> Result<Answer<BilledDaysAnswer>, ApiError> {
    let data = app.backend.billed_usage(sdk.team(), &billing_id).await?;
    Ok(Answer(BilledDaysAnswer { data }))
}

/// Reads a meter. The answer is `null` if there is none.
#[utoipa::path(
    get, path = "/api/v1/customer-billing", tag = "Usage and billing",
    params(
        ("workspaceId" = String, Query, description = "Where the meter is."),
        ("externalMeterId" = String, Query, description = "What you call it."),
    ),
    responses((status = 200, body = MeterAnswer)),
)]
pub(crate) async fn get_customer_billing(
    State(app): State<App>,
    sdk: Sdk<extract::GetCustomerBilling>,
    parameters: Parameters,
) -> Result<Answer<MeterAnswer>, ApiError> {
    let required = |name: &'static str| {
        parameters.get(name).ok_or_else(|| {
            FieldError::new(name, Reason::MissingField, format!("{name} is missing"))
        })
    };
    let workspace = WorkspaceId::from(required("workspaceId")?);
    let external_id = required("externalMeterId")?;
    let billing = app.backend.get_meter(sdk.team(), &workspace, external_id).await?;
    Ok(Answer(MeterAnswer { billing }))
}

/// Creates a meter. One that is there already is the answer, unchanged.
#[utoipa::path(
    post, path = "/api/v1/customer-billing", tag = "Usage and billing",
    request_body = CreateMeter, responses((status = 200, body = MeterAnswer)),
)]
pub(crate) async fn create_customer_billing(
    State(app): State<App>,
    sdk: Sdk<extract::CreateCustomerBilling>,
    provenance: Provenance,
    ApiJson(body): ApiJson<CreateMeter>,
) -> Result<Answer<MeterAnswer>, ApiError> {
    let meter = app.backend.create_meter(&sdk.actor(provenance), &body).await?;
    Ok(Answer(MeterAnswer { billing: Some(meter) }))
}

/// Refills a meter: more credit.
#[utoipa::path(
    post, path = "/api/v1/customer-billing/refill", tag = "Usage and billing",
    params(IdempotencyKey), request_body = RefillMeter, responses((status = 200, body = MeterAnswer)),
)]
pub(crate) async fn refill_customer_billing(
    State(app): State<App>,
    sdk: Sdk<extract::RefillCustomerBilling>,
    provenance: Provenance,
    once: IdempotencyKey,
    ApiJson(body): ApiJson<RefillMeter>,
) -> Result<Answer<MeterAnswer>, ApiError> {
    let meter = app.backend.refill_meter(&sdk.actor_once(provenance, once), &body).await?;
    Ok(Answer(MeterAnswer { billing: Some(meter) }))
}
