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
#[derive(Serialize)]
pub(crate) struct Nothing {}

/// `POST /api/v1/api-key/record-usage`: usage that is known only after the request.
pub(crate) async fn record_usage(
    State(app): State<App>,
    sdk: Sdk<extract::RecordUsage>,
    ApiJson(body): ApiJson<RecordUsage>,
) -> Result<Answer<Nothing>, ApiError> {
    app.backend.record_usage(sdk.team(), &body).await?;
    Ok(Answer(Nothing {}))
}

/// `GET /api/v1/usage/{billing_id}`: what was used of a meter, by day and name.
pub(crate) async fn get_usage(
    State(app): State<App>,
    sdk: Sdk<extract::GetUsage>,
    ApiPath(billing_id): ApiPath<String>,
) -> Result<Answer<BilledDaysAnswer>, ApiError> {
    let data = app.backend.billed_usage(sdk.team(), &billing_id).await?;
    Ok(Answer(BilledDaysAnswer { data }))
}

/// `GET /api/v1/customer-billing?workspaceId=&externalMeterId=`: a meter, or `null`.
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

/// `POST /api/v1/customer-billing`: a new meter; one that is there already is the answer, unchanged.
pub(crate) async fn create_customer_billing(
    State(app): State<App>,
    sdk: Sdk<extract::CreateCustomerBilling>,
    provenance: Provenance,
    ApiJson(body): ApiJson<CreateMeter>,
) -> Result<Answer<MeterAnswer>, ApiError> {
    let meter = app.backend.create_meter(&sdk.actor(provenance), &body).await?;
    Ok(Answer(MeterAnswer { billing: Some(meter) }))
}

/// `POST /api/v1/customer-billing/refill`: more credit.
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
