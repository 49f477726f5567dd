//! What the library makes of our types, put right where it cannot know better.

use std::collections::BTreeSet;

use oneloop_protocol::Reason;
use serde_json::{Value, json};

use super::{Object, operations};

/// Members of an answer that are left out when there is nothing to say (`skip_serializing_if`). Every other
/// one is always there, `null` at the least: published clients raise on a missing field (protocol, 2.4).
const SOMETIMES_ABSENT: &[(&str, &str)] = &[
    ("Activity", "address"),
    ("Activity", "requestId"),
    ("ActivityActor", "id"),
    ("ActivityDetail", "enabled"),
    ("ActivityDetail", "expiresAt"),
    ("ActivityDetail", "name"),
    ("ActivityDetail", "overlapSeconds"),
    ("ActivityDetail", "scopes"),
    ("ApiKey", "previousKeyExpiresAt"),
    ("ApiKey", "previousMaskedKey"),
    ("ApiKeysAnswer", "total"),
    ("JwtVerification", "aud"),
    ("JwtVerification", "denied"),
    ("JwtVerification", "rateLimit"),
    ("ErrorDetail", "field"),
    ("ErrorDetail", "reason"),
    ("LinkTokenStatus", "externalBillingId"),
    ("LinkTokenStatus", "grantableScopes"),
    ("LinkTokenStatus", "keyPolicy"),
    ("LinkTokenStatus", "permissions"),
    ("Problem", "field"),
    ("Problem", "reason"),
    ("Verification", "denied"),
    ("Verification", "rateLimit"),
];

/// Left out, or `null` when it is there: a secret that has not been used since it was replaced is not a key without
/// such a secret, and a last page is not a list without pages.
const ABSENT_OR_NULL: &[(&str, &str)] =
    &[("ApiKey", "previousLastUsedAt"), ("ApiKeysAnswer", "nextCursor")];

/// Where a schema is used.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Requests,
    Answers,
}

/// Rewrites the schemas of all components.
pub(super) fn tidy(document: &mut Value) {
    inline_aliases(document);
    simplify_options(document);
    let requests = reached(document, Side::Requests);
    let answers = reached(document, Side::Answers);
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for (name, schema) in schemas.iter_mut() {
        // What a request has, too, may be left out there.
        if answers.contains(name) && !requests.contains(name) {
            complete(name, schema);
        }
    }
    let words: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    schemas["ErrorDetail"]["properties"]["reason"]["examples"] = json!(words);
}

/// Makes every member of an answer required, but for those that may be absent, which then are not `null`.
fn complete(name: &str, schema: &mut Value) {
    // A flattened type: the parts of it that are its own.
    for part in list_mut(schema, "allOf").into_iter().flatten() {
        complete(name, part);
    }
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let Some(properties) = properties else { return };
    let mut required = Vec::new();
    for (property, schema) in properties.iter_mut() {
        if SOMETIMES_ABSENT.contains(&(name, property)) {
            not_null(schema);
        } else if !ABSENT_OR_NULL.contains(&(name, property)) {
            required.push(property.clone());
        }
    }
    schema["required"] = json!(required);
}

fn not_null(schema: &mut Value) {
    if let Some(types) = list_mut(schema, "type") {
        types.retain(|it| it != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let choices = list_mut(schema, "oneOf");
    let only = choices.and_then(|choices| choices.iter().find(|it| it["type"] != "null").cloned());
    if let (Some(Value::Object(only)), Some(members)) = (only, schema.as_object_mut()) {
        members.remove("oneOf");
        members.extend(only);
    }
}

/// `oneOf: [X, null]`, which is how an optional member of another type arrives: what is said of the member goes to
/// the member, and a plain `X` becomes one type with two names.
fn simplify_options(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(simplify_options),
        Value::Array(entries) => entries.iter_mut().for_each(simplify_options),
        _ => {}
    }
    let Some(members) = value.as_object_mut() else { return };
    if members.get("default") == Some(&Value::Null) {
        members.remove("default");
    }
    let choices = members.get_mut("oneOf").and_then(Value::as_array_mut);
    let Some([one, other]) = choices.map(Vec::as_mut_slice) else { return };
    let (null, choice) = if one["type"] == "null" { (one, other) } else { (other, one) };
    let Some(choice) = choice.as_object_mut().filter(|_| null["type"] == "null") else { return };
    let mut said: Object =
        choice.remove("description").map(|it| ("description".to_owned(), it)).into_iter().collect();
    if let Some(kind) = choice.get("type").and_then(Value::as_str).map(str::to_owned) {
        said.append(choice);
        said.insert("type".to_owned(), json!([kind, "null"]));
        members.remove("oneOf");
    }
    members.append(&mut said);
}

fn list_mut<'a>(schema: &'a mut Value, name: &str) -> Option<&'a mut Vec<Value>> {
    schema.get_mut(name).and_then(Value::as_array_mut)
}

/// A type alias (`UnixMillis`) arrives as a component named after what it stands for (`i64`). Those are no
/// types of the API: they are put where they are used.
fn inline_aliases(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    let aliases: Object = schemas
        .iter()
        .filter(|(_, schema)| schema["properties"].is_null() && schema["description"].is_null())
        .filter(|(_, schema)| schema["enum"].is_null() && schema["allOf"].is_null())
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    schemas.retain(|name, _| !aliases.contains_key(name));
    inline(document, &aliases);
}

fn inline(value: &mut Value, aliases: &Object) {
    let target = value["$ref"].as_str().and_then(name_in).and_then(|name| aliases.get(name));
    if let (Some(target), Some(members)) =
        (target.and_then(Value::as_object), value.as_object_mut())
    {
        members.remove("$ref");
        for (name, member) in target {
            members.entry(name.clone()).or_insert_with(|| member.clone());
        }
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|it| inline(it, aliases)),
        Value::Array(entries) => entries.iter_mut().for_each(|it| inline(it, aliases)),
        _ => {}
    }
}

/// The names of the component schemas that requests, or answers, use.
pub(super) fn reached(document: &Value, side: Side) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, _, operation) in operations(document) {
        match side {
            Side::Requests => follow(&operation["requestBody"], document, &mut found),
            Side::Answers => follow(&operation["responses"], document, &mut found),
        }
    }
    if matches!(side, Side::Answers) {
        // Every operation can answer with these; that is added last.
        for name in ["ErrorBody", "ErrorDetail", "Problem"] {
            found.insert(name.to_owned());
        }
    }
    found
}

fn follow(value: &Value, document: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = value["$ref"].as_str().and_then(name_in)
                && found.insert(name.to_owned())
            {
                follow(&document["components"]["schemas"][name], document, found);
            }
            members.values().for_each(|it| follow(it, document, found));
        }
        Value::Array(entries) => entries.iter().for_each(|it| follow(it, document, found)),
        _ => {}
    }
}

/// The schema that a reference names.
pub(super) fn name_in(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}
