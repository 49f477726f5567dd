//! How much a key is used, for charts: counts of verifications by day and by route. Our addition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::id::ApiKeyId;
use crate::limits;
use crate::verify::Verdict;

/// Days that one question may ask for.
pub const DAYS: std::ops::RangeInclusive<u32> = 1..=400;
/// Days when the question names none.
pub const DEFAULT_DAYS: u32 = 30;
/// Characters in a route.
pub const ROUTE_MAX: usize = 255;

/// Verifications by verdict; a verdict that did not occur is not there.
pub type Statuses = BTreeMap<Verdict, u64>;

/// The answer of `GET …/api-key/{akid}/usage`: at most a second behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyUsage {
    /// Whose it is.
    pub api_key_id: ApiKeyId,
    /// Every day asked for, oldest first, those without use too; the last one is today. Days are UTC.
    pub days: Vec<DayUsage>,
    /// The same verifications by route, the most used first.
    pub routes: Vec<RouteUsage>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DayUsage {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    /// All verifications.
    pub total: u64,
    /// The same by verdict.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<Verdict, u64>))]
    pub statuses: Statuses,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RouteUsage {
    /// As verify was given it; `null` when it was given none, `*` for those past the first few hundred of a day.
    pub route: Option<String>,
    /// All verifications.
    pub total: u64,
    /// The same by verdict.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<Verdict, u64>))]
    pub statuses: Statuses,
}

/// `{"usage": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyUsageAnswer {
    /// The usage.
    pub usage: KeyUsage,
}

/// Reads how many days a query asks for.
pub fn read_days(text: Option<&str>) -> Result<u32, FieldError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(DEFAULT_DAYS) };
    text.parse().ok().filter(|days| DAYS.contains(days)).ok_or_else(|| {
        let message =
            format!("days must be a whole number from {} to {}", DAYS.start(), DAYS.end());
        FieldError::new("days", Reason::InvalidQuery, message)
    })
}

/// Checks a route.
pub fn check_route(field: &str, route: &str) -> Result<(), FieldError> {
    let too_long = Reason::RouteTooLong;
    limits::check_text(field, route, &(0..=ROUTE_MAX), too_long, too_long)
}
