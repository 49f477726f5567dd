//! What can go wrong, as far as a caller can act on it.

use std::path::PathBuf;

use oneloop_protocol::{FieldError, Reason};

/// The cause behind an error, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a question or a change was not answered with a success.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A field breaks a rule (400).
    #[error(transparent)]
    Refused(#[from] FieldError),
    /// The request clashes with what is stored (400).
    #[error("{message}")]
    Conflict {
        /// Which rule.
        reason: Reason,
        /// One sentence for a person.
        message: String,
        /// The field at fault, in the request's own spelling.
        field: Option<String>,
    },
    /// More than this actor may set (403).
    #[error("{message}")]
    Forbidden {
        /// Which limit.
        reason: Reason,
        /// One sentence for a person.
        message: String,
        /// The field at fault, in the request's own spelling.
        field: Option<String>,
    },
    /// Not there, or not the caller's (404).
    #[error("{}", missing(*.0))]
    NotFound(Reason),
    /// The database is busy or down; trying again makes sense (503).
    #[error("the database does not answer")]
    Unavailable(#[source] Cause),
    /// More is asked than can be done at once; trying again makes sense (503). The text says what.
    #[error("{0}")]
    Busy(&'static str),
    /// A bug, or a database that was changed behind our back (500).
    #[error("internal error")]
    Internal(#[source] Cause),
}

impl EngineError {
    pub(crate) fn conflict(
        reason: Reason,
        field: Option<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Conflict { reason, message: message.into(), field }
    }

    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }
}

/// An error and everything behind it, on one line, for the log. The causes of this crate's errors name
/// columns, files and system errors, never values.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// The sentence for something that is not there.
fn missing(reason: Reason) -> &'static str {
    match reason {
        Reason::UnknownWorkspace => "there is no such workspace",
        Reason::UnknownApiKey => "there is no such API key",
        Reason::UnknownLinkToken => "there is no such link token",
        Reason::UnknownSdkKey => "there is no such SDK key",
        Reason::UnknownMigration => "there is no such migration job",
        Reason::UnknownTeam => "there is no such team",
        Reason::UnknownMeter => "there is no such meter",
        _ => "there is no such thing",
    }
}

/// Why an engine does not open. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The pepper file holds another pepper than the one the database was made with.
    #[error(
        "the pepper in `{}` does not belong to the database `{database}`: no key would verify. \
         Restore the pepper file that was made with this database, or point to it",
        file.display()
    )]
    WrongPepper {
        /// The pepper file.
        file: PathBuf,
        /// The database.
        database: String,
    },
    /// A secret that recipes may name is not there.
    #[error("the recipe secret `{place}` cannot be read: {cause}")]
    RecipeSecret {
        /// Where it should be.
        place: String,
        /// Why not.
        cause: std::io::Error,
    },
    /// The database exists, its pepper does not.
    #[error(
        "the database `{database}` needs its pepper, and `{}` is not there. Restore that file from \
         your backup; without it no key can be verified",
        file.display()
    )]
    PepperMissing {
        /// Where the pepper should be.
        file: PathBuf,
        /// The database.
        database: String,
    },
    /// Others than the owner may read the pepper.
    #[error(
        "the pepper file `{}` has mode {mode:04o}, so other users of this machine could read it. \
         Run: chmod 600 '{}'",
        file.display(),
        file.display()
    )]
    PepperTooOpen {
        /// The pepper file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a pepper.
    #[error("`{}` is not a pepper file: it has {found} bytes instead of 32", file.display())]
    PepperMalformed {
        /// The pepper file.
        file: PathBuf,
        /// Its length in bytes.
        found: usize,
    },
    /// The pepper cannot be read or written.
    #[error("cannot use the pepper file `{}`", file.display())]
    Pepper {
        /// The pepper file.
        file: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The database was written by a newer version of this program.
    #[error(
        "the database `{database}` was written by a newer version of this program (schema {found}, \
         this program knows {known}). Start that version, or restore a backup"
    )]
    NewerSchema {
        /// The database.
        database: String,
        /// Its schema version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The connection to Redis cannot be set up. One that does not answer is no such error.
    #[error("the connection to Redis cannot be set up: {0}")]
    Redis(redis::RedisError),
    /// A copy into this database has begun and is not finished.
    #[error(
        "the database `{database}` holds a copy that is not finished. Run `oneloop admin copy` again, \
         or empty the database"
    )]
    HalfCopied {
        /// The database.
        database: String,
    },
    /// The database cannot be opened, read or upgraded.
    #[error("cannot open the database `{database}`")]
    Database {
        /// The database.
        database: String,
        /// Why.
        #[source]
        cause: Cause,
    },
}
