//! From the rows of a chunk to the rows of a table: what takes time and needs no turn.

use std::collections::{HashMap, HashSet};

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::migration::{KeyMaterial, MigrationRow as SourceRow};
use oneloop_protocol::{FieldError, Reason, UnixMillis};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::grants::PackedGrants;
use crate::id;
use crate::recipes::RecipeSpec;
use crate::store::{ApiKeyRow, LegacyKeyRow, MigrationRow, ScopeRow};
use crate::stored_value::StoredValue;
use crate::tag::Tag;

/// A row as it would be stored.
pub(super) struct Prepared {
    pub(super) key: ApiKeyRow,
    pub(super) legacy: Option<LegacyKeyRow>,
}

/// What all rows of a chunk share.
pub(super) struct Ground<'g> {
    pub(super) job: &'g MigrationRow,
    pub(super) recipe: Option<&'g RecipeSpec>,
    pub(super) catalogue: &'g [ScopeRow],
    pub(super) now: UnixMillis,
}

impl Engine {
    /// Every row, or why it cannot become a key.
    pub(super) fn prepare(
        &self,
        rows: &[SourceRow],
        ground: &Ground<'_>,
    ) -> Result<Vec<Result<Prepared, FieldError>>, EngineError> {
        let numbers: HashMap<&str, u16> = ground
            .catalogue
            .iter()
            .map(|scope| (scope.representation.as_str(), scope.number))
            .collect();
        let mut seen = HashSet::with_capacity(rows.len());
        rows.iter()
            .map(|row| match row.check() {
                Err(error) => Ok(Err(error)),
                Ok(()) if !seen.insert(row.row) => {
                    let message = format!("row {} stands twice in the chunk", row.row);
                    Ok(Err(FieldError::new("row", Reason::OutOfRange, message)))
                }
                Ok(()) => self.prepare_row(row, ground, &numbers),
            })
            .collect()
    }

    fn prepare_row(
        &self,
        row: &SourceRow,
        ground: &Ground<'_>,
        numbers: &HashMap<&str, u16>,
    ) -> Result<Result<Prepared, FieldError>, EngineError> {
        let Ground { job, recipe, now, .. } = ground;
        let grants = match pack(row, numbers) {
            Ok(grants) => grants,
            Err(error) => return Ok(Err(error)),
        };
        let id = match &row.id {
            None => match row.created_at {
                Some(created_at) => id::of_age(created_at)?,
                None => self.fresh_id(*now),
            },
            Some(id) => match id.bits() {
                Some(bits) => bits,
                None => {
                    let message = "id is not an id of this service";
                    return Ok(Err(FieldError::new("id", Reason::OutOfRange, message)));
                }
            },
        };
        let (tag, legacy) = match (row.material(), recipe) {
            (Err(error), _) => return Ok(Err(error)),
            (Ok(KeyMaterial::Native(digest)), _) => {
                let digest = KeyDigest::from_bytes(digest.0);
                (Tag::of_key(self.pepper(), job.team, &digest), None)
            }
            (Ok(KeyMaterial::Recipe(digest)), Some(recipe)) if !recipe.needs_row() => {
                let hash = &recipe.hash;
                (Tag::of_recipe_digest(self.pepper(), job.team, hash, &digest.0), None)
            }
            (Ok(KeyMaterial::Stored(stored)), Some(recipe)) if recipe.needs_row() => {
                let salt = row.salt.as_ref().map(|salt| salt.0.as_slice());
                if let Err(error) = recipe.check_stored(&stored.0, salt) {
                    return Ok(Err(error));
                }
                // `material` has seen to both.
                let identity = row.identity().copied().unwrap_or_default();
                let locator = row.locator.as_deref().unwrap_or_default();
                let number = job.recipe.unwrap_or(0);
                let legacy = LegacyKeyRow {
                    api_key: id,
                    team: job.team,
                    recipe: number,
                    locator: self.locator_mac(job.team, number, locator),
                    sealed: StoredValue::close(self.pepper(), id, salt, &stored.0)?,
                };
                (Tag::of_legacy_row(self.pepper(), job.team, &identity), Some(legacy))
            }
            (Ok(_), recipe) => return Ok(Err(wrong_material(*recipe))),
        };
        let key = ApiKeyRow {
            id,
            team: job.team,
            workspace: job.workspace,
            customer_id: row.customer_id.clone(),
            name: row.name.clone(),
            prefix: row.prefix.clone(),
            masked_key: row.masked_key.clone().unwrap_or_else(|| "****".to_owned()),
            tag,
            recipe: row.digest.is_none().then_some(job.recipe).flatten(),
            previous_tag: None,
            previous_until: None,
            previous_masked_key: None,
            previous_last_used_at: None,
            grants,
            metadata: row.metadata.clone(),
            external_meter_id: row.external_meter_id.clone(),
            meter: None,
            usage_left: row.total_usage_left,
            enabled: row.enabled,
            deleted: row.deleted,
            migrated: true,
            // Not the workspace's default lifetime: that is for new keys, and would end old ones early.
            expires_at: row.expires_at,
            created_at: row.created_at.unwrap_or(*now),
            updated_at: *now,
            last_used_at: row.last_used_at,
            revision: 0,
        };
        Ok(Ok(Prepared { key, legacy }))
    }
}

fn pack(row: &SourceRow, numbers: &HashMap<&str, u16>) -> Result<PackedGrants, FieldError> {
    let number = |representation: &String| {
        numbers.get(representation.as_str()).copied().ok_or_else(|| {
            let field = format!("scopes.{representation}");
            let message = format!("{field} is not defined by the workspace");
            FieldError::new(field, Reason::UnknownScope, message)
        })
    };
    row.scopes.iter().map(|(name, words)| Ok((number(name)?, words.0))).collect()
}

/// The row brings its secret in a form that the job's recipe does not have.
fn wrong_material(recipe: Option<&RecipeSpec>) -> FieldError {
    let (field, message) = match recipe {
        None => ("recipeDigest", "the job has no recipe, so each row must bring `digest`"),
        Some(recipe) if recipe.needs_row() => {
            ("stored", "keys of this recipe are recognised by their row: bring `stored`")
        }
        Some(_) => ("recipeDigest", "keys of this recipe are looked up: bring `recipeDigest`"),
    };
    FieldError::new(field, Reason::MissingField, message)
}
