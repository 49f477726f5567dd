//! Every limit of the wire, on both sides of its edge: the field, the reason, and the number in the text.

use std::collections::BTreeMap;

use oneloop_protocol::limits::{self, check_metadata};
use oneloop_protocol::{
    CreateApiKey, CreateLinkToken, CreateScope, CreateWorkspace, FieldError, Grant, KeyPolicy,
    MigrateApiKey, Reason, RotateApiKey, Secret, grant::Access,
};

const NOW: i64 = 1_800_000_000_000;

fn create() -> CreateApiKey {
    CreateApiKey {
        name: "ci".to_owned(),
        workspace_id: "ws_1".into(),
        customer_id: "northwind".to_owned(),
        enabled: true,
        scopes: Vec::new(),
        prefix: None,
        expires_at: None,
        total_usage_allowed: None,
        external_meter_id: None,
        metadata: None,
    }
}

fn migrate(key: &str) -> MigrateApiKey {
    MigrateApiKey {
        key: Secret::new(key),
        name: "ci".to_owned(),
        workspace_id: "ws_1".into(),
        customer_id: "northwind".to_owned(),
        enabled: true,
        scopes: Vec::new(),
        metadata: None,
        expires_at: None,
        created_at: None,
        last_used_at: None,
        prefix: None,
    }
}

/// The refusal names this field, gives this reason, and spells the limit.
#[track_caller]
fn refused(result: Result<(), FieldError>, field: &str, reason: Reason, limit: &str) {
    let error = result.expect_err("over the limit");
    assert_eq!((error.field.as_ref(), error.reason), (field, reason));
    assert!(error.message.contains(field) && error.message.contains(limit), "{}", error.message);
}

#[test]
fn names_have_1_to_255_characters() {
    let named = |name: String| CreateWorkspace { name }.check();
    assert_eq!(named("ж".repeat(255)), Ok(()), "characters, not bytes");
    refused(named("ж".repeat(256)), "name", Reason::NameTooLong, "255");
    refused(named(String::new()), "name", Reason::NameEmpty, "empty");
    refused(named(" \u{3000}".to_owned()), "name", Reason::NameEmpty, "blank");
    refused(named("a\0b".to_owned()), "name", Reason::ControlCharacter, "control");
}

#[test]
fn customer_ids_have_1_to_255_characters() {
    let of = |customer_id: String| CreateApiKey { customer_id, ..create() }.check(NOW);
    assert_eq!(of("c".repeat(255)), Ok(()));
    refused(of("c".repeat(256)), "customerId", Reason::CustomerIdTooLong, "255");
    refused(of(String::new()), "customerId", Reason::CustomerIdEmpty, "empty");
}

#[test]
fn representations_have_128_characters_of_a_small_alphabet() {
    let of = |representation: &str| {
        CreateScope {
            name: "n".to_owned(),
            representation: representation.to_owned(),
            description: None,
        }
        .check()
    };
    assert_eq!(of("a-Z_0.9:x/y"), Ok(()));
    assert_eq!(of(&"r".repeat(128)), Ok(()));
    refused(of(&"r".repeat(129)), "representation", Reason::RepresentationTooLong, "128");
    refused(of("has space"), "representation", Reason::RepresentationInvalid, "letters");
    refused(of("naïve"), "representation", Reason::RepresentationInvalid, "letters");
    refused(of(""), "representation", Reason::RepresentationEmpty, "empty");
}

#[test]
fn descriptions_have_1000_characters() {
    let of = |length: usize| {
        let description = Some("d".repeat(length));
        CreateScope { name: "n".to_owned(), representation: "r".to_owned(), description }.check()
    };
    assert_eq!(of(1000), Ok(()));
    refused(of(1001), "description", Reason::DescriptionTooLong, "1000");
}

#[test]
fn prefixes_have_16_characters_of_a_small_alphabet() {
    let of = |prefix: &str| CreateApiKey { prefix: Some(prefix.to_owned()), ..create() }.check(NOW);
    assert_eq!(of("acme_live"), Ok(()));
    assert_eq!(of(&"p".repeat(16)), Ok(()));
    refused(of(&"p".repeat(17)), "prefix", Reason::PrefixTooLong, "16");
    refused(of("a-b"), "prefix", Reason::PrefixInvalid, "letters");
    refused(of(""), "prefix", Reason::PrefixEmpty, "empty");
}

#[test]
fn brought_keys_have_8_to_512_bytes() {
    assert_eq!(migrate(&"k".repeat(8)).check(), Ok(()));
    assert_eq!(migrate(&"k".repeat(512)).check(), Ok(()));
    refused(migrate(&"k".repeat(7)).check(), "key", Reason::KeyTooShort, "8");
    refused(migrate(&"k".repeat(513)).check(), "key", Reason::KeyTooLong, "512");
    refused(migrate(&"ж".repeat(257)).check(), "key", Reason::KeyTooLong, "514 bytes");
}

#[test]
fn a_refused_key_is_not_quoted() {
    let error = migrate("canary").check().expect_err("too short");
    assert!(!error.message.contains("canary"));
}

#[test]
fn a_key_has_256_grants() {
    let of = |count: usize| {
        let scopes = (0..count).map(|n| Grant::new(format!("s{n}"), Access::READ)).collect();
        CreateApiKey { scopes, ..create() }.check(NOW)
    };
    assert_eq!(of(256), Ok(()));
    refused(of(257), "scopes", Reason::TooManyGrants, "256");
}

#[test]
fn metadata_has_50_entries_of_64_and_1024_characters() {
    let entries = |count: usize| {
        (0..count).map(|n| (format!("k{n}"), String::new())).collect::<BTreeMap<_, _>>()
    };
    let one = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    assert_eq!(check_metadata("metadata", &entries(50)), Ok(()));
    refused(check_metadata("metadata", &entries(51)), "metadata", Reason::TooManyMetadata, "50");
    assert_eq!(check_metadata("metadata", &one(&"k".repeat(64), &"v".repeat(1024))), Ok(()));
    refused(
        check_metadata("metadata", &one(&"k".repeat(65), "")),
        "metadata",
        Reason::MetadataKeyTooLong,
        "64",
    );
    refused(
        check_metadata("metadata", &one("", "v")),
        "metadata",
        Reason::MetadataKeyEmpty,
        "empty",
    );
    let long = check_metadata("metadata", &one("k", &"v".repeat(1025)));
    refused(long, "metadata.k", Reason::MetadataValueTooLong, "1024");
    let nul = check_metadata("metadata", &one("k", "\0"));
    refused(nul, "metadata.k", Reason::ControlCharacter, "U+0000");
}

#[test]
fn an_expiry_in_seconds_is_told_apart_from_one_in_milliseconds() {
    let of = |expires_at| CreateApiKey { expires_at: Some(expires_at), ..create() }.check(NOW);
    assert_eq!(of(NOW + 1), Ok(()));
    refused(of(NOW), "expiresAt", Reason::ExpiresAtPast, "milliseconds");
    refused(of(NOW / 1000), "expiresAt", Reason::ExpiresAtPast, "milliseconds");
    refused(of(0), "expiresAt", Reason::OutOfRange, "between 1");
    refused(of(limits::MOMENT_MAX + 1), "expiresAt", Reason::OutOfRange, "253402300799999");
}

#[test]
fn a_migrated_key_may_have_expired_already() {
    let expired = MigrateApiKey { expires_at: Some(1), ..migrate("12345678") };
    assert_eq!(expired.check(), Ok(()));
}

#[test]
fn an_overlap_lasts_30_days_at_most() {
    let of = |seconds| RotateApiKey { overlap_seconds: Some(seconds) }.check();
    assert_eq!(of(2_592_000), Ok(()));
    refused(of(2_592_001), "overlapSeconds", Reason::OutOfRange, "2592000");
}

#[test]
fn a_link_token_names_32_exact_origins() {
    let of = |origins: Vec<String>| {
        CreateLinkToken { origins, ..CreateLinkToken::new("ws_1".into(), "c") }.check()
    };
    assert_eq!(of(vec!["https://app.example.com".to_owned(); 32]), Ok(()));
    refused(of(vec!["https://a.example".to_owned(); 33]), "origins", Reason::TooManyOrigins, "32");
    refused(of(vec!["*".to_owned()]), "origins[0]", Reason::OriginInvalid, "exact");
}

#[test]
fn a_link_token_works_for_a_minute_to_a_day() {
    let of = |ttl_seconds| {
        CreateLinkToken { ttl_seconds, ..CreateLinkToken::new("ws_1".into(), "c") }.check()
    };
    for seconds in [None, Some(60), Some(86_400)] {
        assert_eq!(of(seconds), Ok(()));
    }
    refused(of(Some(59)), "ttlSeconds", Reason::OutOfRange, "60");
    refused(of(Some(86_401)), "ttlSeconds", Reason::OutOfRange, "86400");
}

#[test]
fn a_key_policy_is_possible_to_keep() {
    let of = |policy| {
        let key_policy = Some(policy);
        CreateLinkToken { key_policy, ..CreateLinkToken::new("ws_1".into(), "c") }.check()
    };
    let lifetimes = |least, most| KeyPolicy {
        min_lifetime_seconds: Some(least),
        max_lifetime_seconds: Some(most),
        ..KeyPolicy::default()
    };
    assert_eq!(of(lifetimes(1, 1)), Ok(()));
    let (least, most) = ("keyPolicy.minLifetimeSeconds", "keyPolicy.maxLifetimeSeconds");
    refused(of(lifetimes(0, 1)), least, Reason::OutOfRange, "between 1");
    refused(of(lifetimes(1, u64::MAX)), most, Reason::OutOfRange, "316224000");
    refused(of(lifetimes(2, 1)), least, Reason::OutOfRange, "more than");
    let overlap = KeyPolicy { max_overlap_seconds: Some(2_592_001), ..KeyPolicy::default() };
    refused(of(overlap), "keyPolicy.maxOverlapSeconds", Reason::OutOfRange, "2592000");
}
