//! What an operation may refuse: it follows from what it takes.
//!
//! The sentences stand in `error.rs` and the rules; here is only which status can come out of which kind of
//! request. A status that a handler declares by itself is left as it is.

use serde_json::{Map, Value, json};

use super::{Object, each_operation, id_of};
use crate::problem;

/// Operations that do not exist for whoever may not know of them: 404 instead of 401.
const HIDDEN: &[&str] = &["migrate_api_key"];

/// Operations whose body names a key by its secret, which may be nobody's.
const BY_SECRET: &[&str] = &["record_usage"];

/// Status, the response's name, and what it means.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("400", "Refused", "The request breaks a rule, or clashes with what is stored; see `reason`."),
    ("401", "Unauthenticated", "There is no credential, or it does not work."),
    ("403", "Forbidden", "The credential works, and may not do this."),
    ("404", "NotFound", "It is not there, or not yours: the answer is the same."),
    ("413", "BodyTooLarge", "The body is larger than 1 MiB."),
    ("500", "Internal", "A bug on our side."),
    ("503", "Unavailable", "Try again: a dependency is down, or the request took too long."),
];

/// Declares the refusals once, and refers to them from every operation that can answer with them.
pub(super) fn add(document: &mut Value) {
    let responses: Map<_, _> = REFUSALS
        .iter()
        .map(|(status, name, says)| ((*name).to_owned(), response(status, says)))
        .collect();
    document["components"]["responses"] = responses.into();

    let schemas = document["components"]["schemas"].clone();
    each_operation(document, |path, operation| {
        let refers: Vec<_> = REFUSALS
            .iter()
            .filter(|(status, _, _)| can_answer(status, path, operation, &schemas))
            .collect();
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            return;
        };
        for response in responses.values_mut() {
            if response["description"] == "" {
                response["description"] = "Done.".into();
            }
        }
        for (status, name, _) in refers {
            let refer = json!({ "$ref": format!("#/components/responses/{name}") });
            responses.entry(*status).or_insert(refer);
        }
    });
}

fn can_answer(status: &str, path: &str, operation: &Object, schemas: &Value) -> bool {
    let takes_credential = operation["security"] != json!([]);
    let takes_body = operation.contains_key("requestBody");
    let takes_query = operation.get("parameters").is_some_and(|list| {
        list.as_array().into_iter().flatten().any(|parameter| parameter["in"] == "query")
    });
    match status {
        "400" => takes_credential || takes_body || takes_query,
        "401" => takes_credential && !HIDDEN.contains(&id_of(operation)),
        "403" => takes_credential,
        "404" => {
            path.contains('{')
                || HIDDEN.contains(&id_of(operation))
                || BY_SECRET.contains(&id_of(operation))
                || names_workspace(operation, schemas)
        }
        "413" => takes_body,
        _ => true,
    }
}

/// Whether the body or the query names a workspace, which may be somebody else's.
fn names_workspace(operation: &Object, schemas: &Value) -> bool {
    const NAME: &str = "workspaceId";
    let in_query = operation.get("parameters").is_some_and(|list| {
        list.as_array().into_iter().flatten().any(|parameter| parameter["name"] == NAME)
    });
    let body = operation.get("requestBody");
    let schema = body.and_then(|it| it["content"]["application/json"]["schema"]["$ref"].as_str());
    let name = schema.and_then(|it| it.rsplit_once('/')).map(|(_, name)| name);
    in_query || name.is_some_and(|name| !schemas[name]["properties"][NAME].is_null())
}

fn response(status: &str, says: &str) -> Value {
    let mut response = json!({
        "description": says,
        "content": {
            "application/json": { "schema": { "$ref": "#/components/schemas/ErrorBody" } },
            problem::MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" } },
        },
    });
    let header = |says: &str| json!({ "description": says, "schema": { "type": "string" } });
    match status {
        "401" => response["headers"]["WWW-Authenticate"] = header("Which credential is asked for."),
        "503" => {
            response["headers"]["Retry-After"] = header("Seconds until it is worth trying again.");
        }
        _ => {}
    }
    response
}
