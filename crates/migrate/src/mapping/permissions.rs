//! How a source writes permissions, and what each becomes.

use std::collections::BTreeMap;

use oneloop_protocol::limits::check_representation;
use oneloop_protocol::{Access, Grant};
use serde::{Deserialize, Deserializer};

/// How a column holds permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermissionFormat {
    /// `["a", "b"]`
    JsonArray,
    /// `{"files": ["read", "write"]}`: each becomes `files:read`, `files:write`.
    JsonMap,
    /// `a,b`
    Comma,
    /// `a b`, as OAuth writes scopes.
    Space,
    /// The whole cell is one.
    Single,
    /// `{a,b}`, as PostgreSQL prints `text[]`.
    PostgresArray,
    /// `---\n- a\n- :b\n`, as Rails serialises an array.
    YamlList,
}

/// A cell that is not written as its format says. Does not repeat the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the permissions are not written in this format")]
pub struct PermissionsError;

impl PermissionFormat {
    /// Every format.
    pub const ALL: [Self; 7] = [
        Self::JsonArray,
        Self::JsonMap,
        Self::Comma,
        Self::Space,
        Self::Single,
        Self::PostgresArray,
        Self::YamlList,
    ];

    /// Its word in a mapping file.
    pub fn word(self) -> &'static str {
        match self {
            Self::JsonArray => "json-array",
            Self::JsonMap => "json-map",
            Self::Comma => "comma",
            Self::Space => "space",
            Self::Single => "single",
            Self::PostgresArray => "postgres-array",
            Self::YamlList => "yaml-list",
        }
    }

    /// The permissions in a cell, as they are spelled there. Nothing, NULL and JSON's `null` are none.
    ///
    /// # Errors
    ///
    /// [`PermissionsError`] if the cell is written otherwise.
    pub fn read(self, cell: &str) -> Result<Vec<String>, PermissionsError> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Ok(Vec::new());
        }
        let owned = |text: &str| text.trim().to_owned();
        let mut found = match self {
            Self::JsonArray => json::<Vec<String>>(cell)?,
            Self::JsonMap => json::<BTreeMap<String, Vec<String>>>(cell)?
                .into_iter()
                .flat_map(|(resource, actions)| {
                    actions.into_iter().map(move |action| format!("{resource}:{action}"))
                })
                .collect(),
            Self::Comma => cell.split(',').map(owned).collect(),
            Self::Space => cell.split_whitespace().map(owned).collect(),
            Self::Single => vec![owned(cell)],
            Self::PostgresArray => postgres_array(cell)?,
            Self::YamlList => yaml_list(cell)?,
        };
        found.retain(|permission| !permission.is_empty());
        Ok(found)
    }
}

fn json<'c, T: Deserialize<'c> + Default>(cell: &'c str) -> Result<T, PermissionsError> {
    serde_json::from_str::<Option<T>>(cell)
        .map(Option::unwrap_or_default)
        .map_err(|_| PermissionsError)
}

/// Elements with a comma, a quote or a backslash in them are quoted in ways that no permission needs: they
/// are refused.
fn postgres_array(cell: &str) -> Result<Vec<String>, PermissionsError> {
    let inside =
        cell.strip_prefix('{').and_then(|it| it.strip_suffix('}')).ok_or(PermissionsError)?;
    let element = |text: &str| {
        let text = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
        let plain = !text.contains(['"', '\\', '{', '}']);
        plain.then(|| text.to_owned()).ok_or(PermissionsError)
    };
    if inside.is_empty() { Ok(Vec::new()) } else { inside.split(',').map(element).collect() }
}

/// The one shape that Rails writes for an array of words; other YAML is refused.
fn yaml_list(cell: &str) -> Result<Vec<String>, PermissionsError> {
    let body = cell.strip_prefix("---").ok_or(PermissionsError)?.trim();
    if body == "[]" {
        return Ok(Vec::new());
    }
    let element = |line: &str| {
        let word = line.strip_prefix("- ").ok_or(PermissionsError)?.trim();
        let word = word.trim_matches(['"', '\'']).trim_start_matches(':');
        let plain = !word.is_empty() && !word.contains([' ', '"', '\'', '{', '[', '&', '*', '#']);
        plain.then(|| word.to_owned()).ok_or(PermissionsError)
    };
    body.lines().map(element).collect()
}

/// Scopes and what is granted on each: `{ deployments = "create+read" }`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantMap(pub BTreeMap<String, Access>);

impl GrantMap {
    /// Adds the rights of `other`.
    pub fn add(&mut self, other: &Self) {
        for (representation, access) in &other.0 {
            let held = self.0.entry(representation.clone()).or_insert(Access::NONE);
            *held = held.union(*access);
        }
    }

    /// The grants, in order of their representation; one that grants nothing is left out.
    pub fn to_grants(&self) -> Vec<Grant> {
        self.0
            .iter()
            .filter(|(_, access)| **access != Access::NONE)
            .map(|(representation, access)| Grant::new(representation, *access))
            .collect()
    }
}

impl<'de> Deserialize<'de> for GrantMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let words = BTreeMap::<String, String>::deserialize(deserializer)?;
        let mut grants = BTreeMap::new();
        for (representation, text) in words {
            check_representation("the scope", &representation).map_err(D::Error::custom)?;
            let access = access(&text).ok_or_else(|| {
                D::Error::custom(format!(
                    "`{text}` is no access to `{representation}`: join create, read, update and delete by +, \
                     or write all or nothing"
                ))
            })?;
            grants.insert(representation, access);
        }
        Ok(Self(grants))
    }
}

/// Reads `create+read`, `all`, `nothing`.
fn access(text: &str) -> Option<Access> {
    match text {
        "all" => return Some(Access::ALL),
        "nothing" => return Some(Access::NONE),
        _ => {}
    }
    text.split('+').try_fold(Access::NONE, |sum, word| {
        Some(sum.union(match word {
            "create" => Access::CREATE,
            "read" => Access::READ,
            "update" => Access::UPDATE,
            "delete" => Access::DELETE,
            _ => return None,
        }))
    })
}
