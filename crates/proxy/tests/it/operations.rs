//! Every operation of the service, read from its own OpenAPI document, with the ids of a living world in it.
//!
//! The document is built from the router, so what is not in it does not exist: a test over all operations is a
//! test over all routes.

use std::collections::BTreeSet;

use oneloop_protocol::{Access, Resource, Right};
use serde_json::{Value, json};

use crate::app::{Client, TestApp};
use crate::reply::Reply;

/// One operation and its example.
pub(crate) struct Operation {
    /// The name of its handler.
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// `null` when it takes none.
    pub(crate) body: Value,
    /// The members that its body may have.
    pub(crate) fields: BTreeSet<String>,
    /// What an SDK key needs for it; `None` when it asks for no credential.
    pub(crate) right: Option<Right>,
    /// What a link token needs for it; `None` when no link token may.
    pub(crate) permission: Option<String>,
    /// The statuses that are documented.
    pub(crate) statuses: Vec<u16>,
}

impl Operation {
    /// Sends the example. An answer with a status that is not documented fails the test.
    pub(crate) async fn ask(&self, client: &Client) -> Reply {
        let body = if self.body.is_null() { String::new() } else { self.body.to_string() };
        let reply = client.send(&self.method.to_uppercase(), &self.path, body).await;
        assert!(self.statuses.contains(&reply.status), "{}: {reply:?}", self.id);
        reply
    }

    /// Whether it asks for a credential.
    pub(crate) fn is_guarded(&self) -> bool {
        self.right.is_some()
    }

    /// Whether it hides from whoever may not know that it exists.
    pub(crate) fn is_hidden(&self) -> bool {
        self.id == "migrate_api_key"
    }
}

/// The things in a world that the examples name.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) workspace: String,
    pub(crate) api_key: String,
    pub(crate) key: String,
    pub(crate) token: String,
    pub(crate) meter: String,
}

impl Names {
    /// What belongs to `northwind` in Acme's workspace, newly made: a key that has been used, and pays from a meter.
    pub(crate) async fn living(app: &TestApp) -> Self {
        let meter = format!("{}-meter", app.workspace);
        let credit = json!({
            "workspaceId": app.workspace, "externalMeterId": meter, "totalCredits": "1000",
        });
        app.sdk().post("/api/v1/customer-billing", credit).await.succeeded();
        let limits = json!({ "externalMeterId": meter, "totalUsageAllowed": 1_000 });
        let key = app.create_key_with("northwind", limits).await;
        let use_it = json!({ "key": key["key"], "billing": { "usage": "1" } });
        let used = app.sdk().post("/api/v1/api-key/verify", use_it).await.succeeded();
        assert_eq!(used["status"], "VALID");
        let text = |name: &str| key[name].as_str().expect("a text").to_owned();
        Self {
            workspace: app.workspace.to_string(),
            api_key: text("id"),
            key: text("key"),
            token: app.link_token("northwind", json!({})).await,
            meter,
        }
    }

    /// Names of the same form that nothing has.
    pub(crate) fn of_nothing() -> Self {
        Self {
            workspace: format!("ws_{}", "0".repeat(32)),
            api_key: format!("ak_{}", "0".repeat(32)),
            key: "ol_nonsense".to_owned(),
            token: "ollt_nonsense".to_owned(),
            meter: "nonsense".to_owned(),
        }
    }
}

/// All operations, those that take something away last.
pub(crate) fn operations(names: &Names) -> Vec<Operation> {
    let document = oneloop_proxy::document();
    let examples = Names {
        workspace: parameter(document, "workspace"),
        api_key: parameter(document, "api_key"),
        token: parameter(document, "token"),
        meter: parameter(document, "billing_id"),
        key: document["paths"]["/api/v1/api-key/verify"]["post"]["requestBody"]["content"]["application/json"]
            ["example"]["key"]
            .as_str()
            .expect("an example of a key")
            .to_owned(),
    };
    let live = |text: &str| {
        text.replace(&examples.workspace, &names.workspace)
            .replace(&examples.api_key, &names.api_key)
            .replace(&examples.token, &names.token)
            .replace(&examples.key, &names.key)
            .replace(&examples.meter, &names.meter)
    };
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let mut url = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().expect("a name");
                let example = parameter["example"].as_str().unwrap_or_default();
                if parameter["in"] == "query" && parameter["required"] == true {
                    let separator = if url.contains('?') { '&' } else { '?' };
                    url = format!("{url}{separator}{name}={example}");
                }
                url = url.replace(&format!("{{{name}}}"), example);
            }
            let content = &operation["requestBody"]["content"]["application/json"];
            let example = &content["example"];
            let mut fields = BTreeSet::new();
            collect_fields(document, &content["schema"], &mut fields);
            let responses = operation["responses"].as_object().expect("responses");
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.clone(),
                path: live(&url),
                body: serde_json::from_str(&live(&example.to_string())).expect("JSON as before"),
                fields,
                right: operation["x-sdk-key-right"].as_str().map(right),
                permission: operation["x-link-token-permission"].as_str().map(str::to_owned),
                statuses: responses
                    .keys()
                    .map(|status| status.parse().expect("a status"))
                    .collect(),
            });
        }
    }
    operations.sort_by_key(|it| it.method == "delete" || it.id.starts_with("revoke"));
    operations
}

/// The members that a schema has, by whatever way.
fn collect_fields(document: &Value, schema: &Value, fields: &mut BTreeSet<String>) {
    if let Some(place) = schema["$ref"].as_str() {
        let schema = document.pointer(place.trim_start_matches('#')).expect("a schema");
        return collect_fields(document, schema, fields);
    }
    fields.extend(
        schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()),
    );
    for any in ["allOf", "anyOf", "oneOf"] {
        for schema in schema[any].as_array().into_iter().flatten() {
            collect_fields(document, schema, fields);
        }
    }
}

/// The example of a path parameter, wherever it stands.
fn parameter(document: &Value, name: &str) -> String {
    let items = document["paths"].as_object().expect("paths").values();
    let operations = items.flat_map(|item| item.as_object().expect("operations").values());
    let mut parameters =
        operations.flat_map(|it| it["parameters"].as_array().into_iter().flatten());
    let found = parameters.find(|it| it["name"] == name && it["in"] == "path");
    found.and_then(|it| it["example"].as_str()).expect("an example").to_owned()
}

/// `api_keys.read`, and the like.
fn right(text: &str) -> Right {
    let all = [Access::CREATE, Access::READ, Access::UPDATE, Access::DELETE];
    let rights = Resource::ALL.into_iter().flat_map(|it| all.map(|access| Right(it, access)));
    rights.into_iter().find(|right| right.to_string() == text).expect("a right")
}
