//! How an engine is opened.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use oneloop_recipe::SecretRef;

use crate::clock::{Clock, SystemClock};
use crate::freshness::Freshness;
pub use crate::postgres_url::PostgresUrl;
use crate::shared_rate::SharedLimits;

/// Everything [`crate::Engine::open`] needs to know.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Where the data is.
    pub database: Database,
    /// Where the pepper is; beside the database, with `.pepper` added to its name, when absent.
    pub pepper_file: Option<PathBuf>,
    /// How long a link token works; 1 hour by default.
    pub link_token_ttl: Duration,
    /// How old an answer from memory may be.
    pub freshness: Freshness,
    /// Where rate limits are counted together with other nodes; each node counts for itself when absent.
    pub shared_limits: Option<SharedLimits>,
    /// The secrets that recipes of migrated keys may name. Read once, at start. `None` for who verifies nothing, such as a
    /// command beside the server: then none is missed.
    pub recipe_secrets: Option<Vec<SecretRef>>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl EngineOptions {
    /// The defaults, for `database`.
    pub fn new(database: Database) -> Self {
        Self {
            database,
            pepper_file: None,
            link_token_ttl: Duration::from_secs(60 * 60),
            freshness: Freshness::default(),
            shared_limits: None,
            recipe_secrets: None,
            clock: Arc::new(SystemClock::new()),
        }
    }

    /// Where the pepper is.
    pub(crate) fn pepper_path(&self) -> PathBuf {
        self.pepper_file.clone().unwrap_or_else(|| self.database.default_pepper_path())
    }
}

/// Which database, written as a URL.
///
/// `Display` and `Debug` are safe to log: they leave out the password that a database URL may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// `sqlite:PATH`: one file, and its `-wal` and `-shm` beside it.
    Sqlite(PathBuf),
    /// `postgres://…`: a database on a server, for any number of nodes.
    Postgres(PostgresUrl),
}

impl Database {
    /// Where the pepper is if nobody says: beside the file, or in the working directory when the database is
    /// on a server.
    pub fn default_pepper_path(&self) -> PathBuf {
        match self {
            Self::Sqlite(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".pepper");
                PathBuf::from(name)
            }
            Self::Postgres(_) => PathBuf::from("oneloop.pepper"),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// A text that names no database. No variant repeats the text: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseParseError {
    /// `sqlite:` with nothing behind it.
    #[error("`sqlite:` needs a path behind it, such as `sqlite:oneloop.db`")]
    NoPath,
    /// `sqlite::memory:`, which every acknowledged write would vanish from.
    #[error("an in-memory database cannot be used: name a file, such as `sqlite:oneloop.db`")]
    InMemory,
    /// `postgres:` with something behind it that is not a URL.
    #[error("this is not a URL such as `postgres://user@host:5432/database`")]
    MalformedUrl,
    /// `postgres://…` that names no database.
    #[error("the URL names no database: write `postgres://user@host:5432/database`")]
    NoDatabase,
    /// Not a scheme that this version knows.
    #[error("a database is written `sqlite:PATH` or `postgres://user@host:5432/database`")]
    UnknownScheme,
}

impl FromStr for Database {
    type Err = DatabaseParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return text.parse().map(Self::Postgres);
        }
        let path = text.strip_prefix("sqlite:").ok_or(DatabaseParseError::UnknownScheme)?;
        // `sqlite:///abs/path` is the same place written as people know it from other tools.
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(DatabaseParseError::NoPath),
            ":memory:" => Err(DatabaseParseError::InMemory),
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_url() {
        let sqlite = |path: &str| Ok(Database::Sqlite(PathBuf::from(path)));
        assert_eq!("sqlite:data/one.db".parse(), sqlite("data/one.db"));
        assert_eq!("sqlite:/srv/one.db".parse(), sqlite("/srv/one.db"));
        assert_eq!("sqlite:///srv/one.db".parse(), sqlite("/srv/one.db"));
        assert_eq!("sqlite:".parse::<Database>(), Err(DatabaseParseError::NoPath));
        assert_eq!("sqlite::memory:".parse::<Database>(), Err(DatabaseParseError::InMemory));
    }

    #[test]
    fn a_refused_url_is_not_repeated() {
        let error = "oracle://scott:tiger@host/db".parse::<Database>().expect_err("unknown");
        assert!(!error.to_string().contains("tiger"));
    }

    #[test]
    fn the_pepper_lies_beside_the_database_by_default() {
        let options = EngineOptions::new(Database::Sqlite(PathBuf::from("data/one.db")));
        assert_eq!(options.pepper_path(), PathBuf::from("data/one.db.pepper"));
    }
}
