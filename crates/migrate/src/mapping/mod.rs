//! The one file that says what a source means: which column is what, how keys were hashed, which permission
//! is which scope, and what to do in doubt.
//!
//! It is TOML with `version = 1`, made to be read, reviewed and kept under version control: no secret stands
//! in it. [`Mapping::render`] writes it with its comments, [`Mapping::parse`] reads it, and a key that this
//! version does not know is refused by name and line instead of being ignored.

mod columns;
mod moment;
mod permissions;
mod policy;
mod proof;
#[cfg(test)]
mod properties;
mod render;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod toml_text;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use columns::{Columns, Flag, FlagTest, Locator, Moment, PermissionColumn};
pub use moment::{MomentError, MomentFormat};
pub use oneloop_recipe::quoted;
pub use permissions::{GrantMap, PermissionFormat, PermissionsError};
pub use policy::{Conflict, OnSight, Policy, Weak};
pub use proof::ProofRecord;
pub use source::{Kind, SourceSpec, Target};
pub use template::{Template, TemplateError};

use crate::recipe::Recipe;

/// The version of the file that this code writes, and the only one it reads.
pub const VERSION: u32 = 1;

/// The mapping of one source into one workspace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapping {
    /// Always [`VERSION`].
    pub version: u32,
    /// Where the rows come from.
    pub source: SourceSpec,
    /// Where the keys go.
    pub target: Target,
    /// Which column is what.
    pub columns: Columns,
    /// Further columns that are kept with the key: metadata key → template.
    #[serde(default)]
    pub metadata: BTreeMap<String, Template>,
    /// How the service turned a key into what it stored.
    pub recipe: Recipe,
    /// What `prove` found, if it has been run.
    pub proof: Option<ProofRecord>,
    /// What each permission of the source means here. One that is missing stops the plan.
    #[serde(default)]
    pub permissions: BTreeMap<String, GrantMap>,
    /// What scopes are called that are created on the way: representation → its texts.
    #[serde(default)]
    pub scopes: BTreeMap<String, ScopeText>,
    /// What every key gets, whatever its row says: for services whose keys have no permissions.
    #[serde(default)]
    pub grants: GrantMap,
    /// What to do in doubt.
    #[serde(default)]
    pub policy: Policy,
}

/// What a scope is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeText {
    /// Its name; its representation, where absent.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
}

/// A mapping file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct MappingError {
    /// The line at fault, counted from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong, naming the key.
    pub message: String,
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    ///
    /// [`MappingError`] with the line of the first mistake.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let at = |offset: usize| text.get(..offset).map(|before| before.matches('\n').count() + 1);
        let mapping: Self = toml::from_str(text).map_err(|error| MappingError {
            line: error.span().and_then(|span| at(span.start)),
            message: error.message().to_owned(),
        })?;
        mapping.check()?;
        Ok(mapping)
    }

    /// Checks what takes more than one key to see.
    ///
    /// # Errors
    ///
    /// [`MappingError`] without a line.
    pub fn check(&self) -> Result<(), MappingError> {
        let refuse = |message: String| Err(MappingError { line: None, message });
        if self.version != VERSION {
            return refuse(format!(
                "version is {}, and this program reads version {VERSION}",
                self.version
            ));
        }
        if let Err(problem) = self.source.check() {
            return refuse(problem);
        }
        if let Err(problem) = self.recipe.check() {
            return refuse(problem.to_string());
        }
        if let Some(place) = self.place_that_repeats_the_key() {
            return refuse(format!(
                "{place} repeats column `{}`, which holds the key: it would be stored, shown and logged",
                self.columns.key
            ));
        }
        let salted = self.recipe.salt.source == crate::recipe::SaltSource::Column;
        if salted && self.columns.salt.is_none() {
            return refuse(
                "columns.salt is missing, and the recipe takes its salt from it".to_owned(),
            );
        }
        if self.recipe.needs_locator() && self.columns.locator.is_none() {
            return refuse(
                "columns.locator is missing: keys of this recipe can only be found by a part of the key \
                 that the table holds in clear"
                    .to_owned(),
            );
        }
        for moment in [&self.columns.created, &self.columns.last_used].into_iter().flatten() {
            if moment.format == MomentFormat::SecondsAfterCreated {
                return refuse("only columns.expires can count from columns.created".to_owned());
            }
        }
        let after_created = |it: &Moment| it.format == MomentFormat::SecondsAfterCreated;
        if self.columns.expires.as_ref().is_some_and(after_created)
            && self.columns.created.is_none()
        {
            return refuse(
                "columns.expires counts from columns.created, which is missing".to_owned(),
            );
        }
        Ok(())
    }

    /// Where a template would carry the key's own column into what is shown.
    fn place_that_repeats_the_key(&self) -> Option<String> {
        let columns = &self.columns;
        let named = [("id", columns.id.as_ref()), ("name", columns.name.as_ref())];
        let named = named.into_iter().chain([("owner", Some(&columns.owner))]);
        let named = named.filter_map(|(name, it)| Some((format!("columns.{name}"), it?)));
        let metadata = self.metadata.iter().map(|(name, it)| (format!("metadata.{name}"), it));
        let texts = columns.texts().chain(columns.metadata.as_deref()).map(Template::column);
        let texts = texts.map(|it| ("a column that is shown".to_owned(), it)).collect::<Vec<_>>();
        named
            .chain(metadata)
            .chain(texts.iter().map(|(place, it)| (place.clone(), it)))
            // Headers are found in any case, so the comparison is in any case too.
            .find(|(_, it)| it.columns().any(|column| column.eq_ignore_ascii_case(&columns.key)))
            .map(|(place, _)| place)
    }

    /// Every representation that the mapping can grant, each once, in order.
    pub fn representations(&self) -> impl Iterator<Item = &str> {
        let all: std::collections::BTreeSet<&str> = self
            .permissions
            .values()
            .chain([&self.grants])
            .flat_map(|grants| grants.0.keys())
            .map(String::as_str)
            .collect();
        all.into_iter()
    }
}
