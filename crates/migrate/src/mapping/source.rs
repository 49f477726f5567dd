//! Where rows come from and where keys go.

use oneloop_protocol::WorkspaceId;
use serde::Deserialize;

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
    /// Another Oneloop, or its export.
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
    /// A path, `-` for standard input, or for a database `env:NAME` of a variable that holds its URL.
    pub location: String,
    /// The table, for a database.
    pub table: Option<String>,
    /// An SQL condition that rows must meet, for a database. It is shown before it runs.
    #[serde(rename = "where")]
    pub filter: Option<String>,
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
        match (self.kind.is_database(), &self.table, &self.filter) {
            (true, None, _) => Err("source.table is missing".to_owned()),
            (false, Some(_), _) => Err("source.table is for databases".to_owned()),
            (false, _, Some(_)) => Err("source.where is for databases".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The workspace that the keys go to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its id.
    pub workspace: WorkspaceId,
}
