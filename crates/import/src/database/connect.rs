//! Where a database is, and the one transaction in which it is read.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use zeroize::Zeroizing;

use super::table::Table;
use super::wire::Wire;
use super::{Dialect, TableName, mysql, postgres, sqlite};

/// What is said of our connection in the server's lists of sessions.
const APPLICATION: &str = "oneloop migrate";

/// Where a database is. `Debug` shows no part of it: a URL may hold a password.
#[derive(Clone)]
pub enum Location {
    /// `postgres://…` or `mysql://…`
    Url(Dialect, Zeroizing<String>),
    /// The path of an SQLite file.
    File(std::path::PathBuf),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({:?}, …)", self.dialect())
    }
}

/// A URL that names no database that can be read. Does not repeat the URL: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database's URL begins with postgres://, mysql://, mariadb:// or sqlite:")]
pub struct LocationError;

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, LocationError> {
        let (scheme, rest) = url.split_once(':').ok_or(LocationError)?;
        let secret = |text: String| Zeroizing::new(text);
        match scheme {
            "postgres" | "postgresql" => Ok(Self::Url(Dialect::Postgres, secret(url.to_owned()))),
            "mysql" => Ok(Self::Url(Dialect::Mysql, secret(url.to_owned()))),
            // The driver knows one scheme for both.
            "mariadb" => Ok(Self::Url(Dialect::Mysql, secret(format!("mysql:{rest}")))),
            "sqlite" if !rest.is_empty() => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                Ok(Self::File(path.split('?').next().unwrap_or(path).into()))
            }
            _ => Err(LocationError),
        }
    }
}

impl Location {
    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Url(dialect, _) => *dialect,
            Self::File(_) => Dialect::Sqlite,
        }
    }
}

/// A database that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file is not there.
    #[error("there is no SQLite file `{}`", .0.display())]
    NoFile(std::path::PathBuf),
    /// It cannot be reached, or refuses.
    #[error("cannot connect to the {} database", .dialect.title())]
    Connect {
        /// Which.
        dialect: Dialect,
        /// Why. Drivers repeat no password.
        #[source]
        cause: sqlx::Error,
    },
    /// There is no such table, or none that this user may see.
    #[error("there is no table `{0}`")]
    NoTable(TableName),
    /// A statement failed.
    #[error("the {} database refused to be read", .dialect.title())]
    Read {
        /// Which.
        dialect: Dialect,
        /// Why.
        #[source]
        cause: sqlx::Error,
    },
}

/// A connection that can only read, and sees one moment.
#[derive(Debug)]
pub struct Connection {
    pub(super) wire: Wire,
}

impl Connection {
    /// Connects, and begins the transaction.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] if it is not there, cannot be reached or refuses.
    pub async fn open(location: &Location) -> Result<Self, DatabaseError> {
        let dialect = location.dialect();
        let wire = connect(location).await?;
        let mut connection = Self { wire };
        let begin = match dialect {
            Dialect::Postgres => postgres::BEGIN,
            Dialect::Mysql => mysql::BEGIN,
            Dialect::Sqlite => sqlite::BEGIN,
        };
        let began = connection.wire.run(begin).await;
        began.map_err(|cause| DatabaseError::Connect { dialect, cause })?;
        Ok(connection)
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.wire.dialect()
    }

    /// The tables and views that may be read, without the database's own, in alphabetical order.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Read`].
    pub async fn tables(&mut self) -> Result<Vec<TableName>, DatabaseError> {
        let tables = match self.dialect() {
            Dialect::Postgres => postgres::tables(&mut self.wire).await,
            Dialect::Mysql => mysql::tables(&mut self.wire).await,
            Dialect::Sqlite => sqlite::tables(&mut self.wire).await,
        };
        tables.map_err(|cause| self.failed(cause))
    }

    /// What a table looks like.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::NoTable`], [`DatabaseError::Read`].
    pub async fn table(&mut self, name: &TableName) -> Result<Table, DatabaseError> {
        let table = match self.dialect() {
            Dialect::Postgres => postgres::table(&mut self.wire, name).await,
            Dialect::Mysql => mysql::table(&mut self.wire, name).await,
            Dialect::Sqlite => sqlite::table(&mut self.wire, name).await,
        };
        table
            .map_err(|cause| self.failed(cause))?
            .ok_or_else(|| DatabaseError::NoTable(name.clone()))
    }

    /// Ends the transaction and the connection. What goes wrong meanwhile concerns nobody: nothing was written.
    pub async fn close(self) {
        let _gone = self.wire.close().await;
    }

    pub(super) fn failed(&self, cause: sqlx::Error) -> DatabaseError {
        DatabaseError::Read { dialect: self.dialect(), cause }
    }
}

async fn connect(location: &Location) -> Result<Wire, DatabaseError> {
    let dialect = location.dialect();
    let failed = |cause| DatabaseError::Connect { dialect, cause };
    match location {
        // Statements are not logged: a slow one would be, and with it the user's own condition.
        Location::Url(Dialect::Mysql, url) => {
            let options = url.parse::<MySqlConnectOptions>().map_err(failed)?;
            options.disable_statement_logging().connect().await.map(Wire::Mysql).map_err(failed)
        }
        Location::Url(_, url) => {
            let options = url.parse::<PgConnectOptions>().map_err(failed)?;
            let options = options.application_name(APPLICATION).disable_statement_logging();
            options.connect().await.map(Wire::Postgres).map_err(failed)
        }
        Location::File(path) => {
            if !path.is_file() {
                return Err(DatabaseError::NoFile(path.clone()));
            }
            sqlite_options(path).connect().await.map(Wire::Sqlite).map_err(failed)
        }
    }
}

fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).read_only(true).disable_statement_logging()
}
