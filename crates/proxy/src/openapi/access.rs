//! Who may call an operation, from the table of demands.

use oneloop_protocol::LinkTokenPermissions;
use serde_json::{Value, json};

use super::{each_operation, id_of};
use crate::extract::{DEMANDS, Demanded};

/// Declares the two credentials, and says for each operation which of them it takes and what it demands.
/// An operation without a line in the table asks for no credential.
pub(super) fn add(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "sdkKey": {
            "type": "http", "scheme": "bearer",
            "description": "An SDK key of a team: for its servers only.",
        },
        "linkToken": {
            "type": "apiKey", "in": "header", "name": "X-Link-Token",
            "description": "A link token: for the browser of one customer, in one workspace.",
        },
    });
    each_operation(document, |_, operation| {
        let demanded = DEMANDS.iter().find(|it| is_named(it, id_of(operation)));
        let Some(Demanded { right, permission, .. }) = demanded else {
            operation.insert("security".to_owned(), json!([]));
            return;
        };
        let mut security = vec![json!({ "sdkKey": [] })];
        operation.insert("x-sdk-key-right".to_owned(), right.to_string().into());
        if let Some(permission) = permission {
            security.push(json!({ "linkToken": [] }));
            operation.insert("x-link-token-permission".to_owned(), words(*permission).into());
        }
        operation.insert("security".to_owned(), security.into());
    });
}

/// `itself` for the operation that needs no permission, because a token asks about itself.
fn words(permission: LinkTokenPermissions) -> String {
    let words: Vec<_> = permission.words().collect();
    if words.is_empty() { "itself".to_owned() } else { words.join("+") }
}

/// Whether a demand is that of the handler `id`: `ListApiKeys` of `list_api_keys`.
fn is_named(demanded: &Demanded, id: &str) -> bool {
    id.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .eq(demanded.operation.chars())
}
