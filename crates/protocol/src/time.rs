//! The two ways a moment is written on the wire.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Key and link-token expiry, and `rateLimit.resetAt`, are in
/// this unit (decisions, "times").
pub type UnixMillis = i64;

/// An ISO 8601 moment in UTC with milliseconds and `Z`, such as `2026-11-23T08:00:00.000Z`.
///
/// Kept as text: the engine formats it, and a browser reads it with its own `Date`, so no date library is
/// part of the widget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = DateTime))]
#[serde(transparent)]
pub struct IsoTime(pub String);
