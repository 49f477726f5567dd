//! Verification (endpoint 14): one key in, one verdict out, always with HTTP status 200.

use serde::{Deserialize, Serialize};

use crate::api_key::Metadata;
use crate::error::{FieldError, Reason};
use crate::grant::{Grant, check_count};
use crate::lenient::null_as_default;
use crate::limits;
use crate::meter::{Meter, UsageRequest};
use crate::secret::Secret;
use crate::time::UnixMillis;
use crate::usage::check_route;

/// What a verification found. The first that applies, in this order, is the answer (decisions, "verify
/// precedence"); only a request that passes everything else consumes rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// No such key: never issued, or replaced by rotation. Also: not from this address, see
    /// [`Verification::denied`].
    Invalid,
    /// The key was deleted.
    Deleted,
    /// The key is switched off.
    Disabled,
    /// The key's time is over.
    Expired,
    /// The key lacks a scope that was asked for.
    InvalidScopes,
    /// Too many verifications in a short time.
    RateLimited,
    /// The credit or the counter is used up.
    UsageLimited,
    /// Everything passed; the only verdict that lets a request through.
    Valid,
}

impl Verdict {
    /// Every verdict. Its place here is its number in stored counts: never reorder, only append.
    pub const ALL: [Self; 8] = [
        Self::Invalid,
        Self::Deleted,
        Self::Disabled,
        Self::Expired,
        Self::InvalidScopes,
        Self::RateLimited,
        Self::UsageLimited,
        Self::Valid,
    ];
}

/// The body of `POST /api/v1/api-key/verify`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyRequest {
    /// What the end user presented. One leading `Bearer ` is dropped; empty is INVALID, not an error,
    /// because published middlewares send an absent header that way (protocol, 3.4).
    pub key: Secret,
    /// What the key must be allowed. A bit that is `false` asks for nothing.
    #[serde(default, deserialize_with = "null_as_default")]
    pub requested_scopes: Vec<Grant>,
    /// Counts against this bucket and limit instead of the key's own.
    #[serde(default)]
    pub rate_limit_config: Option<RateLimitConfig>,
    /// Which of the caller's routes it is for, as a pattern (`/users/:id`): counted, see
    /// [`KeyUsage`](crate::usage::KeyUsage).
    #[serde(default)]
    pub route: Option<String>,
    /// What the request uses of the customer's credit.
    #[serde(default)]
    pub billing: Option<UsageRequest>,
    /// The end user's address, checked against the workspace's list; not checked when absent. Our
    /// addition: the address of the connection is the integrator's server.
    #[serde(default)]
    pub client_ip: Option<String>,
}

impl VerifyRequest {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        check_count("requestedScopes", &self.requested_scopes)?;
        if let Some(route) = &self.route {
            check_route("route", route)?;
        }
        if let Some(billing) = &self.billing {
            billing.check()?;
        }
        if let Some(config) = &self.rate_limit_config {
            let (empty, too_long) = (Reason::ExternalIdEmpty, Reason::ExternalIdTooLong);
            limits::check_text(
                "rateLimitConfig.id",
                &config.id,
                &limits::EXTERNAL_ID,
                empty,
                too_long,
            )?;
            if config.limit == 0 {
                let message = "rateLimitConfig.limit must be at least 1";
                return Err(FieldError::new("rateLimitConfig.limit", Reason::OutOfRange, message));
            }
        }
        Ok(())
    }
}

/// A rate limit named by the caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateLimitConfig {
    /// What is counted; calls with one id share one bucket, whatever their keys.
    pub id: String,
    /// Requests a second.
    pub limit: u32,
}

/// Where a rate limit stands after this request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    /// Requests that would still pass right now.
    pub remaining: u32,
    /// When the bucket is full again.
    pub reset_at: UnixMillis,
}

/// The answer: the superset of what every published client generation names (protocol, 2.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The key's id; empty when there is no key.
    pub api_key_id: String,
    /// When the key stops working.
    pub expires_at: Option<UnixMillis>,
    /// What was asked for, echoed.
    pub requested_scopes: Vec<Grant>,
    /// The verdict.
    pub status: Verdict,
    /// Present whenever a limit applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The key's metadata; empty when there is no key.
    pub metadata: Metadata,
    /// The key's meter.
    pub billing: Option<Meter>,
    /// The meter the key is bound to.
    pub external_meter_id: Option<String>,
    /// Whose key it is.
    pub customer_id: Option<String>,
    /// What the key may do; empty when there is no key.
    pub scopes: Vec<Grant>,
    /// Why an existing key is INVALID. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Denied>,
}

/// Why an existing key is refused with a verdict that has no word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Denied {
    /// `clientIp` is not in the workspace's list.
    AddressNotAllowed,
}
