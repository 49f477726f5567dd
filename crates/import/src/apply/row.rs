//! A planned key as a line of a chunk.

use std::collections::BTreeMap;

use oneloop_migrate::plan::{KeyForm, PlannedKey};
use oneloop_protocol::migration::{Base64Bytes, Hex32, HexBytes, MigrationRow, Words};
use oneloop_recipe::Recipe;

/// A key whose stored value the recipe cannot read: the plan would have refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {0}: the stored value is not written as the recipe says")]
pub struct UnreadableValue(pub u64);

/// The line for a key. `masked_key` is what may be shown of it, where the key itself was at hand.
///
/// # Errors
///
/// [`UnreadableValue`]
pub fn to_row(
    number: u64,
    key: &PlannedKey,
    recipe: &Recipe,
    masked_key: Option<String>,
) -> Result<MigrationRow, UnreadableValue> {
    let attributes = &key.attributes;
    let scopes: BTreeMap<_, _> = attributes
        .grants
        .iter()
        .map(|grant| (grant.representation.clone(), Words(grant.access())))
        .collect();
    let mut row = MigrationRow {
        row: number,
        digest: None,
        recipe_digest: None,
        stored: None,
        salt: None,
        locator: None,
        identity: None,
        id: attributes.id.clone(),
        name: attributes.name.clone(),
        customer_id: attributes.customer_id.clone(),
        scopes,
        enabled: attributes.enabled,
        deleted: attributes.deleted,
        expires_at: attributes.expires_at,
        created_at: attributes.created_at,
        last_used_at: attributes.last_used_at,
        metadata: attributes.metadata.clone(),
        prefix: attributes.prefix.clone(),
        masked_key: masked_key.or_else(|| attributes.masked_key.clone()),
        external_meter_id: attributes.external_meter_id.clone(),
        total_usage_left: attributes.uses_left,
    };
    match &key.form {
        KeyForm::Native(digest) => row.digest = Some(Hex32(*digest.as_bytes())),
        KeyForm::Legacy { stored, salt, locator } => {
            row.identity = Some(Hex32(*key.identity.as_bytes()));
            if recipe.needs_locator() {
                row.stored = Some(Base64Bytes(stored.to_vec()));
                row.salt = salt.as_ref().map(|salt| Base64Bytes(salt.to_vec()));
                row.locator = locator.clone();
            } else {
                let digest = recipe.stored_digest(stored).ok_or(UnreadableValue(number))?;
                row.recipe_digest = Some(HexBytes(digest.to_vec()));
            }
        }
    }
    Ok(row)
}
