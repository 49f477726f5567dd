//! In which fields the key that is here differs from the row that is brought.

use oneloop_protocol::migration::{FieldDiff, MigrationRow as SourceRow};
use oneloop_protocol::{Access, UnixMillis};

use crate::grants::PackedGrants;
use crate::store::{ApiKeyRow, ScopeRow};

/// The fields that differ. When a key was last used is not compared: it moves by itself. So does its counter,
/// of which only is compared whether there is one. What the source does not know (`createdAt`, `prefix`,
/// `externalMeterId`, `totalUsageLeft`) is as it is here.
pub(super) fn differences(
    here: &ApiKeyRow,
    wanted: &ApiKeyRow,
    source: &SourceRow,
    catalogue: &[ScopeRow],
) -> Vec<FieldDiff> {
    let mut found = Vec::new();
    let mut compare = |field: &str, differs: bool, here: String, source: String| {
        if differs {
            found.push(FieldDiff { field: field.to_owned(), here, source });
        }
    };
    compare("name", here.name != wanted.name, here.name.clone(), wanted.name.clone());
    compare(
        "customerId",
        here.customer_id != wanted.customer_id,
        here.customer_id.clone(),
        wanted.customer_id.clone(),
    );
    if sorted(&here.grants) != sorted(&wanted.grants) {
        compare("scopes", true, words(&here.grants, catalogue), words(&wanted.grants, catalogue));
    }
    compare(
        "enabled",
        here.enabled != wanted.enabled,
        here.enabled.to_string(),
        wanted.enabled.to_string(),
    );
    compare(
        "deleted",
        here.deleted != wanted.deleted,
        here.deleted.to_string(),
        wanted.deleted.to_string(),
    );
    compare(
        "expiresAt",
        here.expires_at != wanted.expires_at,
        moment(here.expires_at),
        moment(wanted.expires_at),
    );
    compare(
        "createdAt",
        source.created_at.is_some_and(|created_at| created_at != here.created_at),
        here.created_at.to_string(),
        moment(source.created_at),
    );
    if here.metadata != wanted.metadata {
        let text = |row: &ApiKeyRow| {
            let words: Vec<_> =
                row.metadata.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
            words.join(" ")
        };
        compare("metadata", true, text(here), text(wanted));
    }
    for (field, here, source) in [
        ("prefix", &here.prefix, &source.prefix),
        ("externalMeterId", &here.external_meter_id, &source.external_meter_id),
    ] {
        let differs = source.is_some() && source != here;
        compare(
            field,
            differs,
            here.clone().unwrap_or_default(),
            source.clone().unwrap_or_default(),
        );
    }
    let starts = source.total_usage_left.filter(|_| here.usage_left.is_none());
    compare(
        "totalUsageLeft",
        starts.is_some(),
        "not counted".to_owned(),
        starts.unwrap_or_default().to_string(),
    );
    found
}

/// `here` as the source has it. Its secret, its id and its last use stay, and so does its counter, if it has
/// one: verifications here have taken their share of it.
pub(super) fn updated(
    here: &ApiKeyRow,
    wanted: &ApiKeyRow,
    source: &SourceRow,
    now: UnixMillis,
) -> ApiKeyRow {
    ApiKeyRow {
        name: wanted.name.clone(),
        customer_id: wanted.customer_id.clone(),
        grants: wanted.grants.clone(),
        metadata: wanted.metadata.clone(),
        enabled: wanted.enabled,
        deleted: wanted.deleted,
        expires_at: wanted.expires_at,
        created_at: source.created_at.unwrap_or(here.created_at),
        prefix: source.prefix.clone().or_else(|| here.prefix.clone()),
        masked_key: source.masked_key.clone().unwrap_or_else(|| here.masked_key.clone()),
        external_meter_id: source
            .external_meter_id
            .clone()
            .or_else(|| here.external_meter_id.clone()),
        usage_left: here.usage_left.or(source.total_usage_left),
        updated_at: now,
        ..here.clone()
    }
}

/// Grants as sets: their order means nothing.
fn sorted(grants: &PackedGrants) -> Vec<(u16, u8)> {
    let mut pairs: Vec<_> = grants.iter().map(|(number, access)| (number, access.bits())).collect();
    pairs.sort_unstable();
    pairs
}

/// Grants by representation, in its order.
pub(super) fn named<'c>(
    grants: &PackedGrants,
    catalogue: &'c [ScopeRow],
) -> Vec<(&'c str, Access)> {
    let name = |number: u16| {
        let at = catalogue.binary_search_by_key(&number, |scope| scope.number).ok()?;
        catalogue.get(at).map(|scope| scope.representation.as_str())
    };
    let mut named: Vec<_> =
        grants.iter().filter_map(|(number, access)| Some((name(number)?, access))).collect();
    named.sort_unstable_by_key(|(representation, _)| *representation);
    named
}

fn words(grants: &PackedGrants, catalogue: &[ScopeRow]) -> String {
    let words: Vec<_> = named(grants, catalogue)
        .into_iter()
        .map(|(representation, access)| format!("{representation}:{access}"))
        .collect();
    words.join(" ")
}

fn moment(moment: Option<UnixMillis>) -> String {
    moment.map_or_else(|| "never".to_owned(), |millis| millis.to_string())
}
