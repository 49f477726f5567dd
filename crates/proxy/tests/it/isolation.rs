//! Who may do what: every operation, asked by everybody.
//!
//! The operations come from the OpenAPI document, and so from the router: a new route has to have its row in
//! [`SUBJECTS`], or the first test here fails.

use std::collections::BTreeSet;

use oneloop_protocol::{Access, Resource, Right, Rights, SdkKeyId};
use serde_json::json;

use crate::app::TestApp;
use crate::operations::{Names, Operation, operations};

/// What an operation names, which decides what it says to whom that does not belong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Subject {
    /// Nothing but the caller's own team, or nothing at all.
    Caller,
    /// A workspace, in the path, the query or the body.
    Workspace,
    /// A key in a workspace.
    Key,
    /// A workspace and a customer, in the body.
    Owner,
    /// A link token.
    Token,
    /// A secret, or a word of the team's own: what is another team's is like what is nobody's.
    Word,
}

const SUBJECTS: &[(&str, Subject)] = &[
    ("create_api_key", Subject::Owner),
    ("create_customer_billing", Subject::Workspace),
    ("create_jwt", Subject::Caller),
    ("create_link_token", Subject::Owner),
    ("create_scope", Subject::Workspace),
    ("create_workspace", Subject::Caller),
    ("delete_api_key", Subject::Key),
    ("end_overlap", Subject::Key),
    ("get_api_key", Subject::Key),
    ("get_api_key_activity", Subject::Key),
    ("get_api_key_usage", Subject::Key),
    ("get_customer_billing", Subject::Workspace),
    ("get_health", Subject::Caller),
    ("get_jwks", Subject::Caller),
    ("get_link_token", Subject::Token),
    ("get_readiness", Subject::Caller),
    ("get_usage", Subject::Word),
    ("get_workspace", Subject::Workspace),
    ("list_api_keys", Subject::Workspace),
    ("list_scopes", Subject::Workspace),
    ("list_workspaces", Subject::Caller),
    ("migrate_api_key", Subject::Owner),
    ("patch_api_key", Subject::Key),
    ("patch_workspace", Subject::Workspace),
    ("record_usage", Subject::Word),
    ("refill_api_key", Subject::Key),
    ("refill_customer_billing", Subject::Workspace),
    ("revoke_link_tokens", Subject::Owner),
    ("rotate_api_key", Subject::Key),
    ("rotate_signing_key", Subject::Caller),
    ("verify_api_key", Subject::Word),
    ("verify_jwt", Subject::Word),
];

fn subject(operation: &Operation) -> Subject {
    let row = SUBJECTS.iter().find(|(id, _)| *id == operation.id);
    row.unwrap_or_else(|| panic!("{} has no row in SUBJECTS", operation.id)).1
}

/// A world, what lives in it, and everything that can be asked about that.
async fn setup() -> (TestApp, Names, Vec<Operation>) {
    let app = TestApp::new().await;
    let names = Names::living(&app).await;
    let operations = operations(&names);
    (app, names, operations)
}

/// The operations that ask for a credential and say so when there is none.
fn guarded(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations.iter().filter(|operation| operation.is_guarded() && !operation.is_hidden())
}

/// Those that a link token may do, too.
fn shared(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations.iter().filter(|operation| operation.permission.is_some())
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let rows: BTreeSet<_> = SUBJECTS.iter().map(|(id, _)| (*id).to_owned()).collect();
    let found: BTreeSet<_> = operations(&Names::of_nothing()).into_iter().map(|it| it.id).collect();
    assert_eq!(rows, found);
}

#[tokio::test]
async fn nobody_gets_in_without_a_valid_credential() {
    let (app, names, operations) = setup().await;
    let link = app.link_token("northwind", json!({})).await;
    let revoked = revoked_sdk_key(&app).await;
    let disabled = disabled_sdk_key(&app).await;
    let nobody = app.anonymous();
    let browser = nobody.clone().header("x-link-token", &names.token);
    let strangers = [
        (nobody.clone(), 401, "no_credential"),
        (nobody.clone().header("authorization", ""), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Basic YTpi"), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Bearer"), 401, "invalid_credential"),
        (nobody.clone().header("authorization", "Bearer "), 401, "invalid_credential"),
        (app.bearer("olsdk_nonsense"), 401, "invalid_credential"),
        (app.bearer("é"), 401, "invalid_credential"),
        (app.bearer(&link), 401, "invalid_credential"),
        (app.bearer(&names.key), 401, "invalid_credential"),
        (app.bearer(&revoked), 401, "invalid_credential"),
        (app.bearer(&disabled), 401, "invalid_credential"),
        (nobody.clone().header("x-link-token", ""), 401, "invalid_credential"),
        (nobody.clone().header("x-link-token", "é"), 401, "invalid_credential"),
        (nobody.clone().header("x-link-token", &names.key), 401, "invalid_credential"),
        (nobody.header("x-link-token", "ollt_nonsense"), 401, "invalid_credential"),
        (app.sdk().header("x-link-token", &link), 400, "two_credentials"),
        (app.sdk().header("authorization", "Bearer x"), 400, "two_credentials"),
        (browser.header("x-link-token", &link), 400, "two_credentials"),
    ];
    for operation in guarded(&operations) {
        for (client, status, reason) in &strangers {
            let reply = operation.ask(client).await;
            reply.refused(*status, reason, "");
            let challenge = if *status == 401 { "Bearer realm=\"oneloop\"" } else { "" };
            assert_eq!(reply.header("www-authenticate"), challenge);
        }
    }
}

/// An SDK key with every right that was revoked.
async fn revoked_sdk_key(app: &TestApp) -> String {
    let (key, id) = working_sdk_key(app).await;
    let operator = oneloop_engine::Actor::operator();
    app.engine.revoke_sdk_key(&operator, &id).await.expect("it is revoked");
    key
}

/// An SDK key with every right that was disabled.
async fn disabled_sdk_key(app: &TestApp) -> String {
    let (key, id) = working_sdk_key(app).await;
    let operator = oneloop_engine::Actor::operator();
    app.engine.enable_sdk_key(&operator, &id, false).await.expect("it is disabled");
    key
}

/// Enabled again, it may do what it could before, and no more.
#[tokio::test]
async fn an_sdk_key_that_is_enabled_again_has_its_rights() {
    let (app, _, _) = setup().await;
    let read = Rights::NONE.with(Right(Resource::Workspace, Access::READ));
    let operator = oneloop_engine::Actor::operator();
    let issued = app.engine.create_sdk_key(&operator, &app.team, "reader", read).await;
    let issued = issued.expect("an SDK key");
    let (client, id) = (app.bearer(issued.key.expose()), issued.sdk_key.id);
    for (enabled, wanted) in [(true, 200), (false, 401), (true, 200)] {
        app.engine.enable_sdk_key(&operator, &id, enabled).await.expect("it is switched");
        assert_eq!(client.get("/api/v1/workspace").await.status, wanted);
    }
    let create = client.post("/api/v1/workspace", json!({ "name": "no" })).await;
    create.refused(403, "right_missing", "");
}

/// An SDK key with every right, and its id.
async fn working_sdk_key(app: &TestApp) -> (String, SdkKeyId) {
    let operator = oneloop_engine::Actor::operator();
    let issued = app.engine.create_sdk_key(&operator, &app.team, "server", Rights::ALL).await;
    let issued = issued.expect("an SDK key");
    let key = issued.key.expose().to_owned();
    app.bearer(&key).get("/api/v1/workspace").await.succeeded();
    (key, issued.sdk_key.id)
}

/// Whoever asks for what does not exist to them learns nothing, whatever they bring.
#[tokio::test]
async fn a_hidden_operation_does_not_exist_for_strangers() {
    let (app, names, operations) = setup().await;
    app.open_window().await;
    let hidden: Vec<_> = operations.iter().filter(|operation| operation.is_hidden()).collect();
    assert!(!hidden.is_empty());
    let strangers = [
        app.anonymous(),
        app.bearer("olsdk_nonsense"),
        app.anonymous().header("x-link-token", &names.token),
        app.sdk().header("x-link-token", &names.token),
        app.bearer(&revoked_sdk_key(&app).await),
        app.bearer(&disabled_sdk_key(&app).await),
        app.rival(),
    ];
    for operation in hidden {
        for client in &strangers {
            operation.ask(client).await.refused(404, "unknown_route", "");
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_string_is_not_looked_at() {
    let (app, _, _) = setup().await;
    let link = app.link_token("northwind", json!({})).await;
    for name in ["token", "link_token", "x-link-token", "access_token"] {
        let reply = app.anonymous().get(&format!("{}?{name}={link}", app.path("api-key"))).await;
        reply.refused(401, "no_credential", "");
    }
}

#[tokio::test]
async fn an_sdk_key_needs_exactly_the_right_of_the_operation() {
    let (app, _, operations) = setup().await;
    app.open_window().await;
    let rightless = app.sdk_with(Rights::NONE).await;
    for operation in operations.iter().filter(|operation| operation.is_guarded()) {
        operation.ask(&rightless).await.refused(403, "right_missing", "");
        let right = operation.right.expect("it is guarded");
        let bits = Rights::NONE.with(right).bits();
        let all_others = Rights::from_bits(Rights::ALL.bits() & !bits);
        let almost = app.sdk_with(all_others).await;
        let reply = operation.ask(&almost).await;
        reply.refused(403, "right_missing", "");
        let message = reply["error"]["message"].as_str().expect("a message");
        assert!(message.ends_with(&right.to_string()), "{message}");
        // The token of the example lists and rotates, and its minter can pass on only what it has.
        let passed_on = if operation.id == "create_link_token" {
            [Access::READ, Access::UPDATE].map(|access| Right(Resource::ApiKeys, access)).to_vec()
        } else {
            Vec::new()
        };
        let exact = passed_on.into_iter().fold(Rights::NONE.with(right), Rights::with);
        let exact = app.sdk_with(exact).await;
        operation.ask(&exact).await.succeeded();
    }
}

/// The rights that decisions name. The document shows what the code demands; this says what it ought to.
#[test]
fn the_rights_are_the_decided_ones() {
    let operations = operations(&Names::of_nothing());
    let right = |id: &str| operations.iter().find(|it| it.id == id).and_then(|it| it.right);
    for (id, resource, access) in [
        ("verify_api_key", Resource::ApiKeys, Access::READ),
        ("rotate_api_key", Resource::ApiKeys, Access::UPDATE),
        ("patch_api_key", Resource::ApiKeys, Access::UPDATE),
        ("create_link_token", Resource::ApiKeys, Access::CREATE),
        ("migrate_api_key", Resource::Migration, Access::CREATE),
        ("patch_workspace", Resource::Workspace, Access::UPDATE),
        ("create_scope", Resource::WorkspaceScopes, Access::CREATE),
    ] {
        assert_eq!(right(id), Some(Right(resource, access)), "{id}");
    }
}

#[tokio::test]
async fn a_link_token_does_what_the_widget_needs_and_nothing_else() {
    let (app, names, operations) = setup().await;
    let browser = app.anonymous().header("x-link-token", &names.token);
    for operation in guarded(&operations) {
        if operation.permission.is_some() {
            let reply = operation.ask(&browser).await;
            // The example of a new key says something that is the integrator's affair.
            let passes = subject(operation) != Subject::Owner;
            reply.succeeded_or_refused(passes, (403, "field_not_allowed", "metadata"));
        } else {
            operation.ask(&browser).await.refused(403, "credential_not_accepted", "");
        }
    }
    app.advance(3_600);
    for operation in guarded(&operations) {
        operation.ask(&browser).await.refused(401, "link_token_expired", "");
    }
}

#[tokio::test]
async fn a_revoked_link_token_is_over() {
    let (app, names, operations) = setup().await;
    let browser = app.anonymous().header("x-link-token", &names.token);
    let actor =
        oneloop_engine::Actor { team: Some(app.team.clone()), ..oneloop_engine::Actor::operator() };
    let revoked = app.engine.revoke_link_tokens(&actor, &app.workspace, "northwind").await;
    assert_eq!(revoked.expect("it is revoked"), 1);
    for operation in guarded(&operations) {
        operation.ask(&browser).await.refused(401, "link_token_expired", "");
    }
}

#[tokio::test]
async fn a_link_token_needs_the_permission_and_the_origin_that_were_given_to_it() {
    let (app, _, operations) = setup().await;
    let idle = app.link_with("northwind", json!({ "permissions": [] })).await;
    let origin = json!({ "origins": ["https://app.example.com"] });
    let bound = app.link_with("northwind", origin).await;
    for operation in shared(&operations) {
        if operation.permission.as_deref() == Some("itself") {
            continue;
        }
        operation.ask(&idle).await.refused(403, "permission_missing", "");
        let elsewhere = bound.clone().header("origin", "https://evil.test");
        for client in [&bound, &elsewhere] {
            operation.ask(client).await.refused(403, "origin_not_allowed", "");
        }
    }
}

/// What is somebody else's looks exactly like what is not there: status, body and headers.
#[tokio::test]
async fn another_teams_things_do_not_exist() {
    let (app, names, ours) = setup().await;
    let theirs = app.create_workspace(&app.rival()).await;
    let nowhere = operations(&Names::of_nothing());
    for (ours, nowhere) in ours.iter().zip(&nowhere).filter(|(ours, _)| !ours.is_hidden()) {
        let (not_yours, not_there) =
            (ours.ask(&app.rival()).await, nowhere.ask(&app.rival()).await);
        match subject(ours) {
            Subject::Caller => {
                not_yours.succeeded();
                continue;
            }
            Subject::Word => {}
            Subject::Token => not_yours.refused(404, "unknown_link_token", ""),
            Subject::Workspace | Subject::Key | Subject::Owner => {
                not_yours.refused(404, "unknown_workspace", "");
            }
        }
        assert_eq!(not_yours.bytes, not_there.bytes, "{}", ours.id);
        assert_eq!(headers(&not_yours), headers(&not_there), "{}", ours.id);
    }
    // Nor does our key exist in their workspace, for them or for us.
    let path = format!("/api/v1/workspace/{theirs}/api-key/{}", names.api_key);
    app.rival().get(&path).await.refused(404, "unknown_api_key", "");
    app.sdk().get(&path).await.refused(404, "unknown_workspace", "");
}

/// All headers but the request's own id.
fn headers(reply: &crate::reply::Reply) -> axum::http::HeaderMap {
    let mut headers = reply.headers.clone();
    headers.remove("x-request-id");
    headers
}

/// Another customer of the same workspace, and the same customer in another workspace of the team.
#[tokio::test]
async fn another_link_tokens_things_do_not_exist() {
    let (app, names, ours) = setup().await;
    let sibling = app.create_workspace(&app.sdk()).await;
    let contoso = app.link("contoso").await;
    let elsewhere = app.link_with("northwind", json!({ "workspaceId": sibling })).await;
    let nowhere = operations(&Names {
        api_key: Names::of_nothing().api_key,
        token: Names::of_nothing().token,
        ..names.clone()
    });
    for (ours, nowhere) in shared(&ours).zip(shared(&nowhere)) {
        let (customer, workspace) = (ours.ask(&contoso).await, ours.ask(&elsewhere).await);
        match subject(ours) {
            Subject::Key => {
                customer.refused(404, "unknown_api_key", "");
                assert_eq!(customer.bytes, nowhere.ask(&contoso).await.bytes, "{}", ours.id);
                workspace.refused(404, "unknown_workspace", "");
            }
            Subject::Token => {
                customer.refused(404, "unknown_link_token", "");
                assert_eq!(customer.bytes, nowhere.ask(&contoso).await.bytes, "{}", ours.id);
                workspace.refused(404, "unknown_link_token", "");
            }
            Subject::Owner => {
                customer.refused(403, "other_customer", "customerId");
                workspace.refused(403, "other_workspace", "workspaceId");
            }
            Subject::Workspace => {
                let seen = customer.succeeded().body.to_string();
                assert!(!seen.contains(&names.api_key), "{}: {seen}", ours.id);
                workspace.refused(404, "unknown_workspace", "");
            }
            Subject::Caller | Subject::Word => panic!("{} is no link token's affair", ours.id),
        }
    }
    assert_eq!(app.verdict(&names.key).await, "VALID", "nothing was done to it");
}

#[tokio::test]
async fn a_key_exists_in_its_own_workspace_only() {
    let (app, _, _) = setup().await;
    let other = app.create_workspace(&app.sdk()).await;
    let key = app.create_key("northwind").await;
    let id = key["id"].as_str().expect("an id");
    for (workspace, id) in [(other.as_str(), id), (app.workspace.as_str(), "ak_nonsense")] {
        let path = format!("/api/v1/workspace/{workspace}/api-key/{id}");
        app.sdk().get(&path).await.refused(404, "unknown_api_key", "");
        app.sdk().patch(&path, json!({})).await.refused(404, "unknown_api_key", "");
        app.sdk().delete(&path).await.refused(404, "unknown_api_key", "");
        let rotate = format!("{path}/rotate");
        app.sdk().send("POST", &rotate, "").await.refused(404, "unknown_api_key", "");
    }
    assert_eq!(app.verdict(key["key"].as_str().expect("a secret")).await, "VALID");
}

#[tokio::test]
async fn another_customers_key_does_not_exist_for_a_link_token() {
    let (app, names, _) = setup().await;
    let browser = app.anonymous().header("x-link-token", &names.token);
    let theirs = app.create_key("contoso").await;
    let theirs_path = app.key_path(&theirs);
    let nowhere = app.path("api-key/ak_00000000000000000000000000000000");
    let mut bodies = Vec::new();
    for path in [theirs_path, nowhere] {
        for reply in [
            browser.patch(&path, json!({ "enabled": false })).await,
            browser.send("POST", &format!("{path}/rotate"), "").await,
            browser.delete(&path).await,
        ] {
            reply.refused(404, "unknown_api_key", "");
            bodies.push(reply.bytes);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(app.verdict(theirs["key"].as_str().expect("a secret")).await, "VALID");

    let listed = browser.get(&app.path("api-key?includeDeleted=true")).await.succeeded();
    let keys = listed["apiKeys"].as_array().expect("a list");
    assert!(!keys.is_empty() && keys.iter().all(|key| key["customerId"] == "northwind"));
}

#[tokio::test]
async fn another_workspace_does_not_exist_for_a_link_token() {
    let (app, names, _) = setup().await;
    let browser = app.anonymous().header("x-link-token", &names.token);
    let sibling = app.create_workspace(&app.sdk()).await;
    let foreign = app.create_workspace(&app.rival()).await;
    let mut bodies = Vec::new();
    for workspace in [sibling.as_str(), foreign.as_str(), "ws_nonsense"] {
        let base = format!("/api/v1/workspace/{workspace}");
        for reply in [
            browser.get(&format!("{base}/scopes")).await,
            browser.get(&format!("{base}/api-key")).await,
            browser.patch(&format!("{base}/api-key/ak_1"), json!({})).await,
            browser.delete(&format!("{base}/api-key/ak_1")).await,
            browser.send("POST", &format!("{base}/api-key/ak_1/rotate"), "").await,
        ] {
            reply.refused(404, "unknown_workspace", "");
            bodies.push(reply.bytes);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_link_token_creates_for_its_own_customer_only() {
    let (app, names, _) = setup().await;
    let browser = app.anonymous().header("x-link-token", &names.token);
    let sibling = app.create_workspace(&app.sdk()).await;
    let expires_at = app.engine.now() + 1_000;
    for (more, reason, field) in [
        (json!({ "customerId": "contoso" }), "other_customer", "customerId"),
        (json!({ "customerId": "" }), "other_customer", "customerId"),
        (json!({ "workspaceId": sibling }), "other_workspace", "workspaceId"),
        (json!({ "workspaceId": "" }), "other_workspace", "workspaceId"),
        (json!({ "prefix": "evil" }), "field_not_allowed", "prefix"),
        (json!({ "metadata": { "plan": "enterprise" } }), "field_not_allowed", "metadata"),
        (json!({ "externalMeterId": "free" }), "field_not_allowed", "externalMeterId"),
    ] {
        let mut body = app.new_key("northwind");
        crate::app::merge(&mut body, more);
        browser.post("/api/v1/api-key", body).await.refused(403, reason, field);
    }
    let before = app.sdk().get(&app.path("api-key")).await["apiKeys"].as_array().map(Vec::len);
    assert_eq!(before, Some(1), "nothing was half made");

    let mut body = app.new_key("northwind");
    body["expiresAt"] = json!(expires_at);
    let made = browser.post("/api/v1/api-key", body).await.succeeded();
    assert_eq!(made["apiKey"]["expiresAt"], json!(expires_at));
    assert_eq!(made["apiKey"]["customerId"], "northwind");
}

#[tokio::test]
async fn a_tokens_meter_binds_the_keys_made_with_it() {
    let (app, _, _) = setup().await;
    let billing = json!({ "externalBillingId": "meter-1" });
    let browser = app.link_with("northwind", billing).await;

    let made = browser.post("/api/v1/api-key", app.new_key("northwind")).await.succeeded();

    let body = json!({ "key": made["apiKey"]["key"] });
    let verified = app.sdk().post("/api/v1/api-key/verify", body).await.succeeded();
    assert_eq!(verified["externalMeterId"], "meter-1");
}
