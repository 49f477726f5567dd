//! Signed tokens with a payload of the integrator's choice (endpoints 23 and 24).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::limits;
use crate::secret::Secret;
use crate::verify::RateLimit;

/// What a token carries: text for text.
pub type Payload = BTreeMap<String, String>;

/// Claims that are ours to set (RFC 7519, section 4.1). `sub` is the integrator's.
pub const RESERVED: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// Seconds that a token works when its request does not say.
pub const DEFAULT_SECONDS: i64 = 60 * 60;
/// Seconds that a token may work at most: a year. For so long a retired signing key is remembered.
pub const SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// The body of `POST /api/v1/jwt`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateJwt {
    /// What it carries.
    pub payload: Payload,
    /// For whom it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// When it stops working, in Unix seconds; [`DEFAULT_SECONDS`] from now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

impl CreateJwt {
    /// Checks every field. `now` is in Unix seconds.
    pub fn check(&self, now: i64) -> Result<(), FieldError> {
        limits::check_metadata("payload", &self.payload)?;
        if let Some(name) = RESERVED.iter().find(|name| self.payload.contains_key(**name)) {
            let field = format!("payload.{name}");
            let message = format!("{field} is a claim that the service sets itself");
            return Err(FieldError::new(field, Reason::ReservedClaim, message));
        }
        check_audience("aud", self.aud.as_deref())?;
        let Some(exp) = self.exp else { return Ok(()) };
        if exp <= now {
            let message =
                format!("exp is {exp}, which is in the past; it is in seconds since 1970");
            return Err(FieldError::new("exp", Reason::ExpiresAtPast, message));
        }
        if exp - now > SECONDS_MAX {
            let message = format!("exp is {exp}; a token works for {SECONDS_MAX} seconds at most");
            return Err(FieldError::new("exp", Reason::OutOfRange, message));
        }
        Ok(())
    }
}

/// `{"jwt": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JwtAnswer {
    /// The token.
    pub jwt: Secret,
}

/// The body of `POST /api/v1/jwt/verify`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct VerifyJwt {
    /// The token. One leading `Bearer ` is dropped.
    pub jwt: Secret,
    /// A limit to count against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit_config: Option<IntervalLimit>,
    /// For whom the token must be. Our addition; not checked when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_aud: Option<String>,
}

/// A rate limit over an interval, named by the caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntervalLimit {
    /// What is counted.
    pub id: String,
    /// Requests an interval.
    pub limit: u32,
    /// `<n>(ms|s|m|h|d)`, up to 31 days.
    pub interval: String,
}

impl VerifyJwt {
    /// Checks every field but the token, and reads the limit's interval.
    pub fn check(&self) -> Result<Option<Duration>, FieldError> {
        check_audience("expectedAud", self.expected_aud.as_deref())?;
        let Some(IntervalLimit { id, limit, interval }) = &self.rate_limit_config else {
            return Ok(None);
        };
        limits::check_external_id("rateLimitConfig.id", id)?;
        if *limit == 0 {
            let message = "rateLimitConfig.limit must be at least 1";
            return Err(FieldError::new("rateLimitConfig.limit", Reason::OutOfRange, message));
        }
        read_interval(interval).map(Some).ok_or_else(|| {
            let field = "rateLimitConfig.interval";
            let message = format!("{field} must be like 500ms, 10s, 5m, 1h or 1d, up to 31d");
            FieldError::new(field, Reason::IntervalInvalid, message)
        })
    }
}

/// Reads `<n>(ms|s|m|h|d)`.
fn read_interval(text: &str) -> Option<Duration> {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60 * 1_000,
        "h" => 60 * 60 * 1_000,
        "d" => DAY,
        _ => return None,
    };
    let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=31 * DAY).contains(&millis).then(|| Duration::from_millis(millis))
}

fn check_audience(field: &str, audience: Option<&str>) -> Result<(), FieldError> {
    audience.map_or(Ok(()), |audience| limits::check_external_id(field, audience))
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JwtStatus {
    /// Signed by this team, not over, and within every limit.
    Valid,
    /// Anything else.
    Invalid,
}

/// Why a token is INVALID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JwtDenied {
    /// It is not a token of ours.
    Malformed,
    /// No signing key of this team made it, or one that was revoked.
    Signature,
    /// Its time is over.
    Expired,
    /// It is for somebody else.
    Audience,
    /// Too many verifications in the interval.
    RateLimited,
}

/// The answer of `POST /api/v1/jwt/verify`, always with status 200. Python needs `payload` and `exp` even when the
/// token is INVALID; they are then empty and 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct JwtVerification {
    /// The verdict.
    pub status: JwtStatus,
    /// What it carries.
    pub payload: Payload,
    /// For whom it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// When it stops working, in Unix seconds.
    pub exp: i64,
    /// Where the limit stands. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// Why it is INVALID. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<JwtDenied>,
}

/// The body of `POST /api/v1/jwt/rotate-key`. Our addition.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RotateSigningKey {
    /// Whether tokens of the former keys stop at once: for a key that leaked.
    pub revoke_old: bool,
}

/// A public key (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwk {
    /// `OKP`
    pub kty: String,
    /// `Ed25519`
    pub crv: String,
    /// `EdDSA`
    pub alg: String,
    /// `sig`
    #[serde(rename = "use")]
    pub usage: String,
    /// Its id, as it stands in the tokens it signed.
    pub kid: String,
    /// The key, in base64url.
    pub x: String,
}

/// `{"keys": […]}` (RFC 7517, section 5)
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Jwks {
    /// The keys, the one in use first.
    pub keys: Vec<Jwk>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_a_number_and_a_unit() {
        let millis = |text| read_interval(text).map(|interval| interval.as_millis());
        for (text, expected) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("5m", 300_000),
            ("1h", 3_600_000),
            ("31d", 2_678_400_000),
        ] {
            assert_eq!(millis(text), Some(expected), "{text}");
        }
        for bad in
            ["", "s", "10", "0s", "-1s", "1.5s", "1 s", "1S", "1w", "32d", "99999999999999999999d"]
        {
            assert_eq!(millis(bad), None, "{bad}");
        }
    }

    #[test]
    fn reserved_claims_and_impossible_ends_are_refused() {
        let body = |payload: &[(&str, &str)], exp| CreateJwt {
            payload: payload
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            aud: None,
            exp,
        };
        let refused = |body: CreateJwt| {
            body.check(1_000).err().map(|error| (error.field.into_owned(), error.reason))
        };
        assert_eq!(refused(body(&[("sub", "ada")], Some(1_001))), None);
        assert_eq!(refused(body(&[], Some(1_000))), Some(("exp".into(), Reason::ExpiresAtPast)));
        let most = 1_000 + SECONDS_MAX;
        assert_eq!(refused(body(&[], Some(most))), None);
        assert_eq!(refused(body(&[], Some(most + 1))), Some(("exp".into(), Reason::OutOfRange)));
        for name in RESERVED {
            let field = format!("payload.{name}");
            assert_eq!(refused(body(&[(name, "x")], None)), Some((field, Reason::ReservedClaim)));
        }
    }
}
