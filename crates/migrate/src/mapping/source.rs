//! Where rows come from and where keys go.

use std::collections::BTreeMap;

use oneloop_protocol::WorkspaceId;
use serde::Deserialize;

use crate::recipe::SecretRef;

/// What kind of source it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
    /// An SQLite file.
    Sqlite,
    /// Another Oneloop, by its API. Its export is NDJSON.
    Oneloop,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Csv, Self::Ndjson, Self::Postgres, Self::Mysql, Self::Sqlite, Self::Oneloop];

    /// Its word in a mapping file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Sqlite => "sqlite",
            Self::Oneloop => "oneloop",
        }
    }

    /// Whether it is a database, with tables.
    pub fn is_database(self) -> bool {
        matches!(self, Self::Postgres | Self::Mysql | Self::Sqlite)
    }
}

/// The source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// What it is.
    pub kind: Kind,
    /// A path, `-` for standard input, for a database `env:NAME` of a variable that holds its URL, or for another Oneloop
    /// its address.
    pub location: String,
    /// The table, for a database.
    pub table: Option<String>,
    /// An SQL condition that rows must meet, for a database. It is shown before it runs.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// For a file: only rows in which these columns have these values are rows.
    #[serde(default)]
    pub only: BTreeMap<String, String>,
    /// For another Oneloop: the workspace there.
    pub workspace: Option<WorkspaceId>,
    /// For another Oneloop: where its SDK key is kept.
    #[serde(rename = "sdk-key")]
    pub sdk_key: Option<SecretRef>,
    /// For another Oneloop: the file with the keys, whose columns are `id` and `key`. Its API shows none.
    pub keys: Option<String>,
    /// The name of the origin that the mapping was made from.
    pub origin: Option<String>,
}

impl SourceSpec {
    /// Checks that the pieces fit, and that no password stands in the file.
    ///
    /// # Errors
    ///
    /// One sentence, which does not repeat the location.
    pub fn check(&self) -> Result<(), String> {
        if self.location.is_empty() {
            return Err("source.location is empty".to_owned());
        }
        let user = self.location.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        if user.is_some_and(|(user, _)| user.contains(':')) {
            return Err(
                "source.location holds a password; put the URL into an environment variable and \
                        write env:NAME"
                    .to_owned(),
            );
        }
        self.check_oneloop()?;
        if self.kind.is_database() && !self.only.is_empty() {
            return Err("source.only is for files; for a database, write source.where".to_owned());
        }
        match (self.kind.is_database(), &self.table, &self.filter) {
            (true, None, _) => Err("source.table is missing".to_owned()),
            (false, Some(_), _) => Err("source.table is for databases".to_owned()),
            (false, _, Some(_)) => Err("source.where is for databases".to_owned()),
            _ => Ok(()),
        }
    }

    fn check_oneloop(&self) -> Result<(), String> {
        let given = [
            ("workspace", self.workspace.is_some()),
            ("sdk-key", self.sdk_key.is_some()),
            ("keys", self.keys.is_some()),
        ];
        if self.kind != Kind::Oneloop {
            let stray = given.into_iter().find(|(_, given)| *given);
            return stray.map_or(Ok(()), |(name, _)| {
                Err(format!("source.{name} is for another Oneloop, read by its API"))
            });
        }
        if !self.location.starts_with("https://") && !self.location.starts_with("http://") {
            return Err("source.location must be the address of the other Oneloop".to_owned());
        }
        if let Some((name, _)) = given.into_iter().find(|(_, given)| !given) {
            return Err(format!("source.{name} is missing"));
        }
        Ok(())
    }
}

/// The workspace that the keys go to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its id.
    pub workspace: WorkspaceId,
}
