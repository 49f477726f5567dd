//! A verification as JSON, written by hand.
//!
//! serde_json looks at each byte of each text to see whether it needs escaping, and that was the largest part of
//! what a verification costs after the socket. Here texts are looked at many bytes at once, and the names of
//! fields not at all. A test holds every answer to what serde makes of it; what is rare is left to serde.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use http_body_util::Full;
use oneloop_protocol::verify::{Denied, RateLimit};
use oneloop_protocol::{Grant, Verdict, Verification};
use serde::Serialize;

use super::USUAL_BYTES;
use crate::error::ApiError;

/// Headers that a response has room for: this one's, the envelope's, and one more.
const HEADERS: usize = 6;

/// The answer to a verification.
pub(crate) struct Verified(pub(crate) Verification);

impl Verified {
    /// The response, with its body in one piece.
    pub(crate) fn respond(verification: Verification) -> Result<Response<Full<Bytes>>, ApiError> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        Self::write(&mut json, &verification)?;
        let mut response = Response::new(Full::from(json));
        let mut headers = HeaderMap::with_capacity(HEADERS);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Adds the body to `out`.
    pub(crate) fn write(out: &mut Vec<u8>, verification: &Verification) -> Result<(), ApiError> {
        write(out, verification).map_err(|error| ApiError::Internal(error.into()))
    }
}

impl IntoResponse for Verified {
    fn into_response(self) -> Response {
        Self::respond(self.0).map_or_else(ApiError::into_response, |it| it.map(Body::new))
    }
}

fn write(out: &mut Vec<u8>, verification: &Verification) -> serde_json::Result<()> {
    // Names every field: one that is added cannot be forgotten here.
    let Verification {
        api_key_id,
        expires_at,
        requested_scopes,
        status,
        rate_limit,
        metadata,
        billing,
        external_meter_id,
        customer_id,
        scopes,
        denied,
    } = verification;
    out.extend_from_slice(br#"{"apiKeyId":"#);
    text(out, api_key_id)?;
    out.extend_from_slice(br#","expiresAt":"#);
    rare(out, expires_at.as_ref())?;
    out.extend_from_slice(br#","requestedScopes":"#);
    grants(out, requested_scopes)?;
    out.extend_from_slice(br#","status":""#);
    out.extend_from_slice(word(*status));
    out.push(b'"');
    if let Some(limit) = rate_limit {
        out.extend_from_slice(br#","rateLimit":"#);
        rare::<RateLimit>(out, Some(limit))?;
    }
    out.extend_from_slice(br#","metadata":"#);
    if metadata.is_empty() {
        out.extend_from_slice(b"{}");
    } else {
        rare(out, Some(metadata))?;
    }
    out.extend_from_slice(br#","billing":"#);
    rare(out, billing.as_ref())?;
    out.extend_from_slice(br#","externalMeterId":"#);
    optional_text(out, external_meter_id.as_deref())?;
    out.extend_from_slice(br#","customerId":"#);
    optional_text(out, customer_id.as_deref())?;
    out.extend_from_slice(br#","scopes":"#);
    grants(out, scopes)?;
    if let Some(denied) = denied {
        out.extend_from_slice(br#","denied":"#);
        rare::<Denied>(out, Some(denied))?;
    }
    out.push(b'}');
    Ok(())
}

fn grants(out: &mut Vec<u8>, grants: &[Grant]) -> serde_json::Result<()> {
    out.push(b'[');
    for (at, grant) in grants.iter().enumerate() {
        let Grant { id, representation, create, read, update, del } = grant;
        out.extend_from_slice(if at == 0 { b"{" } else { b",{" });
        if let Some(id) = id {
            out.extend_from_slice(br#""id":"#);
            text(out, id.as_str())?;
            out.push(b',');
        }
        out.extend_from_slice(br#""representation":"#);
        text(out, representation)?;
        out.extend_from_slice(br#","create":"#);
        boolean(out, *create);
        out.extend_from_slice(br#","read":"#);
        boolean(out, *read);
        out.extend_from_slice(br#","update":"#);
        boolean(out, *update);
        out.extend_from_slice(br#","del":"#);
        boolean(out, *del);
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

fn word(verdict: Verdict) -> &'static [u8] {
    match verdict {
        Verdict::Invalid => b"INVALID",
        Verdict::Deleted => b"DELETED",
        Verdict::Disabled => b"DISABLED",
        Verdict::Expired => b"EXPIRED",
        Verdict::InvalidScopes => b"INVALID_SCOPES",
        Verdict::RateLimited => b"RATE_LIMITED",
        Verdict::UsageLimited => b"USAGE_LIMITED",
        Verdict::Valid => b"VALID",
    }
}

fn boolean(out: &mut Vec<u8>, value: bool) {
    out.extend_from_slice(if value { b"true" } else { b"false" });
}

fn optional_text(out: &mut Vec<u8>, value: Option<&str>) -> serde_json::Result<()> {
    match value {
        Some(value) => text(out, value),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

fn text(out: &mut Vec<u8>, value: &str) -> serde_json::Result<()> {
    // No early end: without one the compiler looks at sixteen bytes at a time.
    let plain = value
        .bytes()
        .fold(true, |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\'));
    if !plain {
        return serde_json::to_writer(out, value);
    }
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
    Ok(())
}

fn rare<T: Serialize>(out: &mut Vec<u8>, value: Option<&T>) -> serde_json::Result<()> {
    match value {
        Some(value) => serde_json::to_writer(out, value),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use oneloop_protocol::{Access, ScopeId};

    use super::*;

    /// Every verdict, each field there and absent, and texts that need escaping and that do not.
    #[test]
    fn what_is_written_is_what_serde_writes() {
        let texts = ["", "plain", "ünï🔑", "\"quoted\"", "back\\slash", "\n\u{1}\u{7f}", "/<&>"];
        for (at, status) in Verdict::ALL.into_iter().enumerate() {
            for (bits, value) in (0_u8..).zip(texts) {
                let there = (at + usize::from(bits)) % 2 == 0;
                let grant = |id: Option<&str>| Grant {
                    id: id.map(ScopeId::from),
                    ..Grant::new(value, Access::from_bits(bits << 1 | u8::from(there)))
                };
                let verification = Verification {
                    api_key_id: value.to_owned(),
                    expires_at: there.then_some(1_795_420_800_000),
                    requested_scopes: vec![grant(None); usize::from(bits) % 3],
                    status,
                    rate_limit: there.then_some(RateLimit { remaining: 3, reset_at: 7 }),
                    metadata: (0..bits).map(|at| (at.to_string(), value.to_owned())).collect(),
                    billing: None,
                    external_meter_id: there.then(|| value.to_owned()),
                    customer_id: (!there).then(|| value.to_owned()),
                    scopes: vec![grant(Some("sc_1")), grant(None)],
                    denied: there.then_some(Denied::AddressNotAllowed),
                };
                let mut written = Vec::new();
                write(&mut written, &verification).expect("it can be written");
                let expected = serde_json::to_string(&verification).expect("it can be written");
                assert_eq!(String::from_utf8(written).expect("text"), expected);
            }
        }
    }
}
