//! Services known by name: what their tables look like, as their own documents say.
//!
//! An origin is a fragment of a mapping file, and everything in it may be changed there. Its permissions are
//! left to the user where the service lets applications choose their words.

mod aws_api_gateway;
mod better_auth;
mod crates_io;
mod devise_token;
mod django_rest_framework_authtoken;
mod django_rest_knox;
mod djangorestframework_api_key;
mod doorkeeper;
mod fit;
#[cfg(test)]
mod fit_tests;
mod generic;
mod gitlab_pat;
mod guess;
mod kong_key_auth;
mod laravel_sanctum;
mod look;
mod oneloop;
#[cfg(test)]
mod samples;
mod strapi;
#[cfg(test)]
mod tests;
mod tyk;
mod unkey;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use fit::{Fit, Needed, SourceColumn, detect};
pub use guess::{Guess, guess};
pub use look::{Learnt, Look};

use crate::mapping::{
    Columns, GrantMap, Kind, Mapping, MappingError, Policy, SourceSpec, Target, Template, VERSION,
};
use crate::recipe::Recipe;

/// A service known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its name for `--origin`.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The table it uses by default; `None` for services that are exported to files.
    pub table: Option<&'static str>,
    /// The documents that the rest was taken from.
    pub documents: &'static str,
    /// What the user should know before trusting it.
    pub remarks: &'static str,
    /// `[columns]`, `[metadata]`, `[recipe]` and `[grants]` of a mapping.
    fragment: &'static str,
    /// Other recipes that versions or settings of the service use: `prove` tries them after the first.
    alternatives: &'static [&'static str],
    /// Permissions that are the service's own words, for `init` to ask about. Where applications choose the
    /// words, the rows have to be asked.
    pub permissions: &'static [&'static str],
}

/// The part of a mapping that an origin fills in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fragment {
    columns: Columns,
    #[serde(default)]
    metadata: BTreeMap<String, Template>,
    recipe: Recipe,
}

/// Every origin, in alphabetical order, `generic` last.
pub const ALL: &[Origin] = &[
    aws_api_gateway::ORIGIN,
    better_auth::ORIGIN,
    crates_io::ORIGIN,
    devise_token::ORIGIN,
    django_rest_framework_authtoken::ORIGIN,
    django_rest_knox::ORIGIN,
    djangorestframework_api_key::ORIGIN,
    doorkeeper::ORIGIN,
    gitlab_pat::ORIGIN,
    kong_key_auth::ORIGIN,
    laravel_sanctum::ORIGIN,
    oneloop::ORIGIN,
    strapi::ORIGIN,
    tyk::ORIGIN,
    unkey::ORIGIN,
    generic::ORIGIN,
];

/// The origin of that name. Hyphens may stand for underscores.
pub fn find(name: &str) -> Option<&'static Origin> {
    let name = name.replace('-', "_");
    ALL.iter().find(|origin| origin.name == name)
}

impl Origin {
    /// A mapping of this origin's rows, read from `location`, into `workspace`.
    ///
    /// # Errors
    ///
    /// [`MappingError`] if kind and location do not go together; the fragment itself is tested.
    pub fn mapping(
        &self,
        kind: Kind,
        location: &str,
        workspace: &str,
    ) -> Result<Mapping, MappingError> {
        let Fragment { columns, metadata, recipe } = self.fragment()?;
        let table = kind.is_database().then(|| self.table.unwrap_or("api_keys").to_owned());
        let mapping = Mapping {
            version: VERSION,
            source: SourceSpec {
                kind,
                location: location.to_owned(),
                table,
                filter: None,
                only: BTreeMap::new(),
                workspace: None,
                sdk_key: None,
                keys: None,
                origin: Some(self.name.to_owned()),
            },
            target: Target { workspace: workspace.into() },
            columns,
            metadata,
            recipe,
            proof: None,
            // None is mapped beforehand: an unmapped permission stops the plan, a guessed one would not.
            permissions: BTreeMap::new(),
            scopes: BTreeMap::new(),
            grants: GrantMap::default(),
            policy: Policy::default(),
        };
        mapping.check()?;
        Ok(mapping)
    }

    /// A mapping of this origin's rows that fits those columns. Where it is from and goes to is for the caller to say.
    ///
    /// # Errors
    ///
    /// [`MappingError`] never happens for an origin of [`ALL`], which a test holds.
    pub fn over(&self, columns: &[SourceColumn]) -> Result<Fit, MappingError> {
        self.mapping(Kind::Ndjson, "-", "").map(|mapping| mapping.fitted(columns))
    }

    /// The recipes to suspect, the documented default first.
    ///
    /// # Errors
    ///
    /// [`MappingError`] never happens for an origin of [`ALL`], which a test holds.
    pub fn suspects(&self) -> Result<Vec<Recipe>, MappingError> {
        let mut suspects = vec![self.fragment()?.recipe];
        for text in self.alternatives {
            let recipe = text.parse::<Recipe>();
            suspects.push(
                recipe.map_err(|error| MappingError { line: None, message: error.to_string() })?,
            );
        }
        Ok(suspects)
    }

    fn fragment(&self) -> Result<Fragment, MappingError> {
        toml::from_str(self.fragment)
            .map_err(|error| MappingError { line: None, message: error.message().to_owned() })
    }
}
