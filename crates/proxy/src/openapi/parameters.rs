//! What stands in the path, and what stands in the query of several operations.

use serde_json::{Value, json};

use super::examples::{API_KEY, LINK_TOKEN, METER, TEAM, WORKSPACE};
use super::{Object, each_operation};

/// The names of path parameters in this crate's routes: what they are, and an example.
const PATH: &[(&str, &str, &str)] = &[
    ("workspace", "The workspace's id.", WORKSPACE),
    ("api_key", "The key's id.", API_KEY),
    ("token", "The link token itself.", LINK_TOKEN),
    ("team", "The team's id.", TEAM),
    ("billing_id", "A meter's id, what you call it, or the word that usage was charged to.", METER),
];

/// The same for what a query has to say.
const QUERY: &[(&str, &str)] = &[("workspaceId", WORKSPACE), ("externalMeterId", METER)];

/// Declares the parameters that the path names. One that is not in the list above gets no example, which a
/// test does not let pass.
pub(super) fn add(document: &mut Value) {
    each_operation(document, |path, operation| {
        let names = path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = names.map(parameter).collect();
        parameters.extend(declared(operation));
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
    });
}

fn parameter(name: &str) -> Value {
    let known = PATH.iter().find(|(known, _, _)| *known == name);
    let (says, example) = known.map_or(("", ""), |(_, says, example)| (*says, *example));
    json!({
        "name": name, "in": "path", "required": true,
        "description": says, "schema": { "type": "string", "minLength": 1 }, "example": example,
    })
}

/// What the handler declares by itself: its query. `null` cannot be written there.
fn declared(operation: &mut Object) -> Vec<Value> {
    let mut parameters = match operation.remove("parameters") {
        Some(Value::Array(parameters)) => parameters,
        _ => Vec::new(),
    };
    parameters.retain(|it| it["in"] != "path");
    for parameter in &mut parameters {
        let example = QUERY.iter().find(|(name, _)| parameter["name"] == *name);
        if let Some((_, example)) = example.filter(|_| parameter["required"] == true) {
            parameter["example"] = (*example).into();
        }
        if let Some(Value::Array(types)) = parameter.pointer_mut("/schema/type") {
            types.retain(|it| it != "null");
            if let [only] = types.as_slice() {
                parameter["schema"]["type"] = only.clone();
            }
        }
    }
    parameters
}
