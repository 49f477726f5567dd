//! Where a PostgreSQL database is, and who asks.

use std::fmt;
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::options::DatabaseParseError;

/// `postgres://user:password@host:port/database`, with the parameters that libpq knows: `sslmode`, `sslrootcert`,
/// `sslcert`, `sslkey`, `host` (also a socket's directory), `application_name`, `options`.
///
/// What the URL leaves out comes from `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, `PGSSLMODE` and
/// the password file (`PGPASSFILE`, `~/.pgpass`).
#[derive(Clone)]
pub struct PostgresUrl {
    /// As it was written, password and all.
    text: String,
    /// Boxed: it is large, and most databases are a path.
    options: Box<PgConnectOptions>,
}

impl PostgresUrl {
    /// How to connect. Statements go to no log: the engine says what it does, by ids.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.options).disable_statement_logging()
    }
}

impl FromStr for PostgresUrl {
    type Err = DatabaseParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Without the cause: it may repeat a part of the text.
        let options: PgConnectOptions =
            text.parse().map_err(|_| DatabaseParseError::MalformedUrl)?;
        if options.get_database().is_none() {
            // The server would take the user's name for it, which nobody means here.
            return Err(DatabaseParseError::NoDatabase);
        }
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("oneloop") };
        Ok(Self { text: text.to_owned(), options: Box::new(options) })
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for PostgresUrl {}

/// Without password and parameters.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, database) = (self.options.get_username(), self.options.get_database());
        let (host, port) = (self.options.get_host(), self.options.get_port());
        match self.options.get_socket() {
            Some(socket) => write!(f, "postgres://{user}@[{}]:{port}/", socket.display())?,
            None => write!(f, "postgres://{user}@{host}:{port}/")?,
        }
        f.write_str(database.unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        text.parse().expect(text)
    }

    #[test]
    fn neither_display_nor_debug_has_the_password() {
        for text in [
            "postgres://ada:tiger@db.example.com/keys",
            "postgresql://ada@db.example.com:5432/keys?password=tiger&sslmode=require",
        ] {
            let shown = format!("{} {:?}", url(text), url(text));
            let wanted = "postgres://ada@db.example.com:5432/keys";
            assert_eq!(shown, format!("{wanted} {wanted}"), "{text}");
        }
        let socket = url("postgres://ada:tiger@localhost/keys?host=/run/postgresql");
        assert_eq!(socket.to_string(), "postgres://ada@[/run/postgresql]:5432/keys");
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_repeating_it() {
        for (text, wanted) in [
            ("postgres://ada:tiger@host", DatabaseParseError::NoDatabase),
            ("postgres://ada:tiger@host/", DatabaseParseError::NoDatabase),
            ("postgres://ada:tiger@host:port/keys", DatabaseParseError::MalformedUrl),
            ("postgres://ada:tiger@host/keys?sslmode=tiger", DatabaseParseError::MalformedUrl),
        ] {
            let error = text.parse::<PostgresUrl>().expect_err(text);
            assert!(!error.to_string().contains("tiger"), "{error}");
            assert_eq!(error, wanted, "{text}");
        }
    }
}
