//! The limits of the fields in a request, as `oneloop_protocol::limits` checks them.

use std::ops::RangeInclusive;

use oneloop_protocol::{limits, meter, usage};
use serde_json::{Value, json};

use super::Object;
use super::schemas::{Side, reached};

enum Limit {
    /// Characters, and which ones.
    Text(RangeInclusive<usize>, Option<&'static str>),
    /// Entries of a list.
    Items(usize),
    /// The value of a number.
    Number(RangeInclusive<i64>),
    /// A key's metadata.
    Metadata,
}

/// Property, the one schema in which it means this (`""`: every one of a request), and its limit.
///
/// A name that a request merely looks for, such as a scope that a verification asks for, has none: what
/// cannot exist is not granted.
const LIMITS: &[(&str, &str, Limit)] = &[
    ("name", "", Limit::Text(limits::NAME, None)),
    ("customerId", "", Limit::Text(limits::CUSTOMER_ID, None)),
    ("externalMeterId", "", Limit::Text(limits::EXTERNAL_ID, None)),
    ("externalBillingId", "", Limit::Text(limits::EXTERNAL_ID, None)),
    ("id", "RateLimitConfig", Limit::Text(limits::EXTERNAL_ID, None)),
    ("id", "UsageRequest", Limit::Text(limits::EXTERNAL_ID, None)),
    ("usageName", "", Limit::Text(0..=*limits::EXTERNAL_ID.end(), None)),
    ("route", "", Limit::Text(0..=usage::ROUTE_MAX, None)),
    ("representation", "CreateScope", Limit::Text(limits::REPRESENTATION, Some(REPRESENTATION))),
    ("description", "", Limit::Text(0..=limits::DESCRIPTION_MAX, None)),
    ("prefix", "", Limit::Text(limits::PREFIX, Some(PREFIX))),
    ("defaultKeyPrefix", "", Limit::Text(limits::PREFIX, Some(PREFIX))),
    // In bytes, which for the letters of most keys is the same.
    ("key", "MigrateApiKey", Limit::Text(limits::KEY, None)),
    ("scopes", "", Limit::Items(limits::GRANTS_PER_KEY)),
    ("requestedScopes", "", Limit::Items(limits::GRANTS_PER_KEY)),
    ("grantableScopes", "", Limit::Items(limits::GRANTS_PER_KEY)),
    ("origins", "", Limit::Items(limits::ORIGINS)),
    ("defaultAllowedIPs", "", Limit::Items(limits::ALLOWED_IPS)),
    ("limit", "RateLimitConfig", Limit::Number(1..=u32::MAX as i64)),
    ("defaultRateLimitPerSecond", "", Limit::Number(1..=u32::MAX as i64)),
    ("defaultExpiration", "", Limit::Number(1..=limits::MOMENT_MAX)),
    ("expiresAt", "", Limit::Number(1..=limits::MOMENT_MAX)),
    ("overlapSeconds", "", Limit::Number(0..=limits::OVERLAP_SECONDS_MAX as i64)),
    ("totalUsageAllowed", "", Limit::Number(1..=meter::COUNTER_MAX as i64)),
    ("metadata", "", Limit::Metadata),
    ("payload", "CreateJwt", Limit::Metadata),
    ("aud", "CreateJwt", Limit::Text(limits::EXTERNAL_ID, None)),
    ("expectedAud", "", Limit::Text(limits::EXTERNAL_ID, None)),
    ("id", "IntervalLimit", Limit::Text(limits::EXTERNAL_ID, None)),
    ("limit", "IntervalLimit", Limit::Number(1..=u32::MAX as i64)),
];

const REPRESENTATION: &str = "^[A-Za-z0-9_.:/-]*$";
const PREFIX: &str = "^[A-Za-z0-9_]*$";

/// Adds them to every schema that only requests use.
pub(super) fn add(document: &mut Value) {
    let answered = reached(document, Side::Answers);
    for name in reached(document, Side::Requests) {
        // What answers use, too, keeps the limits of what it was made from.
        if answered.contains(&name) {
            continue;
        }
        let properties = document.pointer_mut(&format!("/components/schemas/{name}/properties"));
        for (property, schema) in properties.and_then(Value::as_object_mut).into_iter().flatten() {
            let limit = LIMITS.iter().find(|(known, only_in, _)| {
                known == property && (only_in.is_empty() || *only_in == name)
            });
            if let (Some((_, _, limit)), Some(schema)) = (limit, schema.as_object_mut()) {
                limit.write(schema);
            }
        }
    }
}

impl Limit {
    fn write(&self, schema: &mut Object) {
        let mut set = |name: &str, value: Value| schema.insert(name.to_owned(), value);
        match self {
            Self::Text(length, pattern) => {
                set("minLength", (*length.start()).into());
                set("maxLength", (*length.end()).into());
                if let Some(pattern) = pattern {
                    set("pattern", (*pattern).into());
                }
            }
            Self::Items(most) => {
                set("maxItems", (*most).into());
            }
            Self::Number(range) => {
                set("minimum", (*range.start()).into());
                set("maximum", (*range.end()).into());
            }
            Self::Metadata => {
                set("maxProperties", limits::METADATA_ENTRIES.into());
                let (least, most) = limits::METADATA_KEY.into_inner();
                set("propertyNames", json!({ "minLength": least, "maxLength": most }));
                let value = json!({ "type": "string", "maxLength": limits::METADATA_VALUE_MAX });
                set("additionalProperties", value);
            }
        }
    }
}
