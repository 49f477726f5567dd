//! One example for every operation. `tests/it/openapi.rs` sends each of them to the real router, in a world
//! where the ids below are exchanged for living ones.

use serde_json::{Value, json};

use super::{each_operation, id_of};

/// The id of a workspace with the scopes `deployments` and `metrics`.
pub(super) const WORKSPACE: &str = "ws_0190163d8694739faea5966c26f8ad91";
/// The id of a key of `northwind` in it.
pub(super) const API_KEY: &str = "ak_0190163d86947f3eb1c27d2f6a90c8e4";
/// A link token of `northwind`.
pub(super) const LINK_TOKEN: &str = "ollt_4Yt0vQzWm8nKx2sRb7LcJd5GhP1aEfU3iOy6TqHwXk9";
/// A meter that the key spends from.
pub(super) const METER: &str = "northwind-credits";
/// The id of a team.
pub(super) const TEAM: &str = "tm_0190163d86947a1c9b3f5e7d20c4a6f8";
/// A token that nobody signed.
const JWT: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImprXzAifQ.eyJleHAiOjB9.AAAA";
/// The secret of the key.
const KEY: &str = "ol_8Qm2VxTz5nRbKc7LwJd4GhP1aEfU3iOy6TqHsYk9Zt0vB1c2D3e";
/// 2099-01-01T00:00:00Z, in Unix milliseconds.
const EXPIRES_AT: i64 = 4_070_908_800_000;

/// Puts the example of each body where OpenAPI wants it.
pub(super) fn add(document: &mut Value) {
    each_operation(document, |_, operation| {
        let example = body_of(id_of(operation));
        let content = operation.get_mut("requestBody").map(|body| &mut body["content"]);
        if let (Some(content), Some(example)) = (content, example) {
            content["application/json"]["example"] = example;
        }
    });
}

fn body_of(operation: &str) -> Option<Value> {
    let reads = json!({
        "representation": "deployments", "create": false, "read": true, "update": false, "del": false,
    });
    Some(match operation {
        "create_workspace" => json!({ "name": "Production" }),
        "patch_workspace" => json!({
            "defaultKeyPrefix": "acme",
            "defaultAllowedIPs": ["192.0.2.0/24", "2001:db8::/32"],
            "defaultRateLimitPerSecond": 50,
            "defaultExpiration": null,
        }),
        "create_scope" => json!({
            "name": "Invoices", "representation": "invoices", "description": "Reading and paying them",
        }),
        "create_api_key" => json!({
            "name": "ci-deploy", "workspaceId": WORKSPACE, "customerId": "northwind", "enabled": true,
            "scopes": [reads], "expiresAt": EXPIRES_AT, "metadata": { "plan": "team" },
        }),
        "patch_api_key" => json!({ "name": "ci-deploy-eu", "enabled": false }),
        "rotate_api_key" => json!({ "overlapSeconds": 86_400 }),
        "refill_api_key" => json!({ "amount": 1_000 }),
        "record_usage" => json!({ "key": KEY, "usage": "12", "usageName": "tokens" }),
        "create_customer_billing" => json!({
            "workspaceId": WORKSPACE, "externalMeterId": METER, "totalCredits": "10000",
        }),
        "refill_customer_billing" => json!({
            "workspaceId": WORKSPACE, "externalMeterId": METER, "refill": "5000",
        }),
        "verify_api_key" => json!({
            "key": KEY, "requestedScopes": [reads], "clientIp": "192.0.2.7",
            "rateLimitConfig": { "id": "northwind", "limit": 100 },
        }),
        "create_jwt" => json!({
            "payload": { "sub": "northwind", "plan": "team" }, "aud": "https://api.example.com",
        }),
        "verify_jwt" => json!({
            "jwt": JWT, "expectedAud": "https://api.example.com",
            "rateLimitConfig": { "id": "northwind", "limit": 100, "interval": "1m" },
        }),
        "rotate_signing_key" => json!({ "revokeOld": false }),
        "create_link_token" => json!({
            "workspaceId": WORKSPACE, "customerId": "northwind",
            "permissions": ["list", "create", "rotate"], "origins": ["https://app.example.com"],
        }),
        "revoke_link_tokens" => json!({ "workspaceId": WORKSPACE, "customerId": "northwind" }),
        "migrate_api_key" => json!({
            "key": "Zk3v9QpLm2Xw8RtYb5Nc", "name": "legacy", "workspaceId": WORKSPACE,
            "customerId": "northwind", "enabled": true, "scopes": [reads],
            "createdAt": "2021-03-04T05:06:07.000Z",
        }),
        _ => return None,
    })
}
