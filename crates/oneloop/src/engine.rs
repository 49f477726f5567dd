//! Opens the engine, and puts what it refuses into words for the command line: what happened, and what to
//! try, apart from each other.

use std::path::Path;

use oneloop_engine::{Database, Engine, EngineError, EngineOptions, OpenError};
use oneloop_protocol::Reason;

use crate::failure::{Failure, Outcome};

/// Opens the engine.
pub(crate) async fn open(options: EngineOptions) -> Outcome<Engine> {
    if let Database::Sqlite(path) = &options.database {
        directory_of(path)?;
    }
    Engine::open(options).await.map_err(unopened)
}

/// Whether the directory is there in which SQLite would make its file: its own words would be "unable to open
/// database file".
fn directory_of(path: &Path) -> Outcome {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if dir.is_dir() {
        return Ok(());
    }
    let (dir, path) = (dir.display(), path.display());
    Err(Failure::user(format!("cannot create `{path}`: there is no directory `{dir}`"))
        .hint(format!("create it with `mkdir -p '{dir}'`, or name another database with `--database sqlite:PATH`")))
}

/// Why the engine did not open.
pub(crate) fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::WrongPepper { file, database } => Failure::user(format!(
            "the pepper in `{}` does not belong to the database `{database}`",
            file.display()
        ))
        .hint("restore the pepper file that was made with this database, or name it with `--pepper-file PATH`; with any other, no key would verify"),
        OpenError::PepperMissing { file, database } => Failure::user(format!(
            "the database `{database}` needs its pepper, and there is no `{}`",
            file.display()
        ))
        .hint("restore the file from your backup, copy it from another node, or name it with `--pepper-file PATH`; without it no key can be verified"),
        OpenError::PepperTooOpen { file, mode } => Failure::user(format!(
            "other users of this machine could read the pepper file `{}` (mode {mode:04o})",
            file.display()
        ))
        .hint(format!("make it private with `chmod 600 '{}'`", file.display())),
        error @ OpenError::PepperMalformed { .. } => Failure::user(error.to_string())
            .hint("a pepper file is made by `oneloop` itself, together with the database"),
        OpenError::Pepper { file, cause } => {
            Failure::user(format!("cannot use the pepper file `{}`", file.display())).because(&cause)
        }
        error @ OpenError::RecipeSecret { .. } => Failure::user(error.to_string())
            .hint("`recipe-secrets` names files (`file:PATH`, `binary-file:PATH`) and environment variables (`env:NAME`) that hold a secret; take out the ones that no recipe needs any more"),
        OpenError::NewerSchema { database, found, known } => Failure::user(format!(
            "the database `{database}` was written by a newer version of this program (schema {found}; this one knows {known})"
        ))
        .hint("start that version, or restore a backup from before"),
        error @ OpenError::Redis(_) => Failure::user(error.to_string())
            .hint("check the URL: `rediss://` needs this machine's root certificates"),
        OpenError::HalfCopied { database } => Failure::user(format!(
            "the database `{database}` holds a copy that is not finished"
        ))
        .hint("run the same `oneloop admin copy` again, and it goes on; or empty the database"),
        OpenError::Database { database, cause } => {
            let failure =
                Failure::ours(format!("cannot open the database `{database}`")).because(cause.as_ref());
            if database.starts_with("postgres:") {
                return failure.hint("check that the server runs, and the URL: user, password, host, port and database");
            }
            failure
        }
    }
}

/// Why the engine did not do what it was asked.
pub(crate) fn refused(error: EngineError) -> Failure {
    match error {
        EngineError::Refused(error) => Failure::user(error.to_string()),
        EngineError::Conflict { message, .. } | EngineError::Forbidden { message, .. } => {
            Failure::user(message)
        }
        EngineError::NotFound(reason) => {
            let failure = Failure::user(error.to_string());
            match reason {
                Reason::UnknownTeam => failure.hint("`oneloop admin team list` lists them"),
                Reason::UnknownSdkKey => {
                    failure.hint("`oneloop admin sdk-key list --all` lists them")
                }
                _ => failure,
            }
        }
        EngineError::Unavailable(_) => Failure::ours("the database does not answer")
            .because(&error)
            .hint("another process may hold it; try again"),
        EngineError::Busy(_) => Failure::user(error.to_string()),
        EngineError::Internal(_) => Failure::ours("this should not have happened").because(&error),
    }
}
