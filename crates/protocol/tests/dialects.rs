//! The ways published clients write one and the same request (protocol, 2.3), and the answers the
//! strictest of them can read (protocol, 2.4).

use oneloop_protocol::{
    ApiKey, CreateApiKey, IsoTime, IssuedApiKey, MigrateApiKey, Patch, PatchApiKey, RotateApiKey,
    Secret, Verdict, Verification, VerifyRequest, workspace::PatchWorkspace,
};
use serde_json::{Value, json};

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).expect("a published client sends this")
}

#[test]
fn python_writes_null_for_what_is_unset() {
    let body: CreateApiKey = read(json!({
        "name": "n", "workspaceId": "ws_1", "customerId": "c", "enabled": true, "scopes": null,
        "prefix": null, "expiresAt": null, "externalMeterId": null, "metadata": null,
    }));
    assert!(body.scopes.is_empty() && body.prefix.is_none() && body.metadata.is_none());

    let patch: PatchApiKey = read(json!({"name": null, "enabled": null, "scopes": null}));
    assert!(patch.name.is_none() && patch.enabled.is_none() && patch.scopes.is_none());
}

#[test]
fn go_leaves_out_empty_arrays() {
    let body: VerifyRequest = read(json!({"key": "k"}));
    assert!(body.requested_scopes.is_empty());
    let body: CreateApiKey =
        read(json!({"name": "n", "workspaceId": "ws_1", "customerId": "c", "enabled": true}));
    assert!(body.scopes.is_empty());
}

#[test]
fn unknown_fields_of_older_and_newer_clients_are_ignored() {
    let body: VerifyRequest =
        read(json!({"key": "k", "requestedScopes": [], "route": "/x", "billing": {"usage": 1}}));
    assert_eq!(body.key.expose(), "k");
}

#[test]
fn a_missing_bit_is_an_error_and_not_a_silent_false() {
    let body =
        json!({"key": "k", "requestedScopes": [{"representation": "billing", "read": true}]});
    let error = serde_json::from_value::<VerifyRequest>(body).expect_err("create is missing");
    assert!(error.to_string().contains("create"), "{error}");
}

#[test]
fn workspace_patches_tell_absent_from_null() {
    let patch: PatchWorkspace = read(json!({"defaultAllowedIPs": [], "defaultKeyPrefix": null}));
    assert_eq!(patch.default_allowed_ips, Patch::Value(vec![]));
    assert_eq!(patch.default_key_prefix, Patch::Null);
    assert_eq!(patch.default_expiration, Patch::Absent);
    assert_eq!(
        serde_json::to_value(&patch).expect("serialises"),
        json!({"defaultAllowedIPs": [], "defaultKeyPrefix": null})
    );
}

#[test]
fn rotate_reads_an_empty_object() {
    let body: RotateApiKey = read(json!({}));
    assert_eq!(body.overlap_seconds, None);
}

#[test]
fn debug_of_a_request_shows_no_key() {
    let verify: VerifyRequest = read(json!({"key": "canary-0001"}));
    let migrate: MigrateApiKey = read(json!({
        "key": "canary-0002", "name": "n", "workspaceId": "ws_1", "customerId": "c", "enabled": true, "scopes": [],
    }));
    assert!(!format!("{verify:?}{migrate:?}").contains("canary"));
}

fn api_key() -> ApiKey {
    ApiKey {
        id: "ak_1".into(),
        name: "n".to_owned(),
        masked_key: "ol_****abcd".to_owned(),
        prefix: None,
        expires_at: None,
        total_usage_left: None,
        limit_usage: false,
        scopes: Vec::new(),
        enabled: true,
        customer_id: None,
        deleted: false,
        created_at: IsoTime("2024-01-01T00:00:00.000Z".to_owned()),
        updated_at: IsoTime("2024-01-01T00:00:00.000Z".to_owned()),
        last_used_at: None,
        billing_id: None,
        previous_key_expires_at: None,
        previous_masked_key: None,
        previous_last_used_at: None,
    }
}

#[test]
fn an_api_key_is_the_published_superset() {
    assert_eq!(
        serde_json::to_value(api_key()).expect("serialises"),
        json!({
            "id": "ak_1", "name": "n", "maskedKey": "ol_****abcd", "prefix": null, "expiresAt": null,
            "totalUsageLeft": null, "limitUsage": false, "scopes": [], "enabled": true, "customerId": null,
            "deleted": false, "createdAt": "2024-01-01T00:00:00.000Z", "updatedAt": "2024-01-01T00:00:00.000Z",
            "lastUsedAt": null, "billingId": null,
        })
    );
}

#[test]
fn an_issued_key_is_an_api_key_and_its_secret() {
    let issued = IssuedApiKey { api_key: api_key(), key: Secret::new("ol_x") };
    let wire = serde_json::to_value(issued).expect("serialises");
    assert_eq!((&wire["id"], &wire["key"]), (&json!("ak_1"), &json!("ol_x")));
}

#[test]
fn a_verification_carries_all_that_python_requires() {
    let unknown = Verification {
        api_key_id: String::new(),
        expires_at: None,
        requested_scopes: Vec::new(),
        status: Verdict::Invalid,
        rate_limit: None,
        metadata: Default::default(),
        billing: None,
        external_meter_id: None,
        customer_id: None,
        scopes: Vec::new(),
        denied: None,
    };
    assert_eq!(
        serde_json::to_value(unknown).expect("serialises"),
        json!({
            "apiKeyId": "", "expiresAt": null, "requestedScopes": [], "status": "INVALID", "metadata": {},
            "billing": null, "externalMeterId": null, "customerId": null, "scopes": [],
        })
    );
}

#[test]
fn verdicts_are_spelled_as_published() {
    use Verdict::*;
    let all =
        [Invalid, Deleted, Disabled, Expired, InvalidScopes, RateLimited, UsageLimited, Valid];
    let words = [
        "INVALID",
        "DELETED",
        "DISABLED",
        "EXPIRED",
        "INVALID_SCOPES",
        "RATE_LIMITED",
        "USAGE_LIMITED",
        "VALID",
    ];
    assert_eq!(serde_json::to_value(all).expect("serialises"), json!(words));
}
