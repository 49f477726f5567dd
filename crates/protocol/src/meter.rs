//! A customer's credit: the billing meter, and what verify and its neighbours say of usage (endpoints 13, 15, 19
//! to 22).

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::error::{FieldError, Reason};
use crate::id::WorkspaceId;
use crate::limits;
use crate::secret::Secret;
use crate::time::IsoTime;

/// The name of usage that was given none.
pub const DEFAULT_USAGE_NAME: &str = "default";

/// Credit and what is used of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Meter {
    /// Its id.
    pub id: String,
    /// All credit ever added.
    pub total_credits: Amount,
    /// What of it is used.
    pub used_credits: Amount,
    /// Whether use may go past the credit.
    pub allow_overages: bool,
    /// With overages: the most that may ever be used.
    pub spend_cap: Option<Amount>,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it last changed, its usage apart.
    pub updated_at: IsoTime,
}

/// What a request uses, in the words of every client generation (protocol, 3.7). `null` and `{}` are nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UsageRequest {
    /// Older clients: the meter to charge, which need not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Older clients: charge the meter named like the customer. Published ones get it wrong, so it decides only
    /// when there is no `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_customer_id_for_billing: Option<bool>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Amount>,
    /// Of what; [`DEFAULT_USAGE_NAME`] when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_name: Option<String>,
}

impl UsageRequest {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        if let Some(id) = &self.id {
            limits::check_external_id("billing.id", id)?;
        }
        check_usage_name("billing.usageName", self.usage_name.as_deref())
    }
}

fn check_usage_name(field: &str, name: Option<&str>) -> Result<(), FieldError> {
    name.filter(|name| !name.is_empty())
        .map_or(Ok(()), |name| limits::check_external_id(field, name))
}

/// The body of `POST /api/v1/api-key/record-usage`: usage that is known only after the request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordUsage {
    /// Whose usage it is.
    pub key: Secret,
    /// How much.
    #[serde(default)]
    pub usage: Option<Amount>,
    /// Of what; [`DEFAULT_USAGE_NAME`] when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_name: Option<String>,
}

impl RecordUsage {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        check_usage_name("usageName", self.usage_name.as_deref())
    }
}

/// The body of `POST /api/v1/customer-billing`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateMeter {
    /// What the integrator calls it.
    pub external_meter_id: String,
    /// Where it belongs.
    pub workspace_id: WorkspaceId,
    /// Credit to begin with.
    #[serde(default)]
    pub total_credits: Option<Amount>,
    /// Whether use may go past the credit.
    #[serde(default)]
    pub allow_overages: Option<bool>,
    /// With overages: the most that may ever be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_cap: Option<Amount>,
}

impl CreateMeter {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_external_id("externalMeterId", &self.external_meter_id)
    }
}

/// The body of `POST /api/v1/customer-billing/refill`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RefillMeter {
    /// Where the meter is.
    pub workspace_id: WorkspaceId,
    /// Which.
    pub external_meter_id: String,
    /// Credit to add.
    pub refill: Amount,
}

impl RefillMeter {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_external_id("externalMeterId", &self.external_meter_id)?;
        check_positive("refill", self.refill)
    }
}

/// The body of `POST …/api-key/{akid}/refill`: older clients' counter of a single key.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefillApiKey {
    /// Verifications to add.
    pub amount: Amount,
}

impl RefillApiKey {
    /// Checks the amount, which is counted in JSON numbers.
    pub fn check(&self) -> Result<u64, FieldError> {
        check_positive("amount", self.amount)?;
        check_counter("amount", self.amount.get())
    }
}

/// The most that a single key's counter can hold: what a JSON number can hold exactly.
pub const COUNTER_MAX: u64 = (1 << 53) - 1;

/// Checks that a counter fits into a JSON number.
pub fn check_counter(field: &str, count: u128) -> Result<u64, FieldError> {
    u64::try_from(count).ok().filter(|count| *count <= COUNTER_MAX).ok_or_else(|| {
        let message = format!("{field} is {count}; the limit is {COUNTER_MAX}");
        FieldError::new(field, Reason::OutOfRange, message)
    })
}

fn check_positive(field: &str, amount: Amount) -> Result<(), FieldError> {
    if amount > Amount::ZERO {
        return Ok(());
    }
    Err(FieldError::new(field, Reason::OutOfRange, format!("{field} must be at least 1")))
}

/// `{"billing": …}`: a meter, or `null` if there is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeterAnswer {
    /// The meter.
    pub billing: Option<Meter>,
}

/// What was used of one meter, under one name, on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct BilledDay {
    /// The meter's id; the caller's own word for it where there is no meter.
    pub billing_id: String,
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    /// How much.
    pub total_billing_usage: Amount,
    /// Of what.
    pub billing_usage_name: String,
}

/// `{"data": […]}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BilledDaysAnswer {
    /// Oldest first.
    pub data: Vec<BilledDay>,
}
