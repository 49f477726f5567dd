//! What a migration's parts refuse, in words for the command line: what happened, whose business it is, and what to
//! try.

use std::path::Path;

use oneloop_import::database::{DatabaseError, SelectError};
use oneloop_import::file::OpenFileError;
use oneloop_import::open::OpenError;
use oneloop_import::survey::{ColumnsError, LookError};
use oneloop_import::upstream::UpstreamError;
use oneloop_migrate::mapping::MappingError;
use oneloop_migrate::source::SourceError;

use crate::failure::Failure;

pub(super) fn of_mapping(path: &Path, error: &MappingError) -> Failure {
    Failure::user(format!("`{}` is no mapping that can be used: {error}", path.display()))
}

pub(super) fn of_file(error: OpenFileError) -> Failure {
    Failure::user(error.to_string()).because(&error)
}

pub(super) fn of_database(error: DatabaseError) -> Failure {
    let failure = Failure::user(error.to_string()).because(&error);
    match error {
        DatabaseError::Connect { .. } => failure.hint(
            "check the URL, and that this machine may connect; a user that may only read is enough",
        ),
        DatabaseError::NoTable(_) => {
            failure.hint("name it with its schema, or grant this user SELECT on it")
        }
        DatabaseError::NoFile(_) | DatabaseError::Read { .. } => failure,
    }
}

pub(super) fn of_open(error: OpenError) -> Failure {
    match error {
        OpenError::Database(error) => of_database(error),
        OpenError::Upstream(error) => of_upstream(error),
        OpenError::Select(SelectError::Missing { .. }) => Failure::user(error.to_string())
            .hint("correct the names in [columns], or leave the lines out"),
        error => Failure::user(error.to_string()).because(&error),
    }
}

/// Another Oneloop that cannot be read.
pub(super) fn of_upstream(error: UpstreamError) -> Failure {
    match error {
        UpstreamError::Open(error) => of_file(error),
        UpstreamError::File(error) => of_source(&error),
        error @ UpstreamError::NoSdkKey(_) => Failure::user(error.to_string())
            .hint("name the place of the other Oneloop's SDK key, env:NAME or file:PATH"),
        error @ UpstreamError::Line { .. } => Failure::user(error.to_string())
            .hint("each line has the id of a key, once, and the key itself"),
        UpstreamError::Client(error) => {
            Failure::user("the other Oneloop cannot be read").because(&error)
        }
    }
}

/// A source that stops in the middle: a file is the user's business, a database that goes away nobody's.
pub(super) fn of_source(error: &SourceError) -> Failure {
    let failure = match error {
        SourceError::Failed { .. } => Failure::ours("the source could not be read to its end"),
        _ => Failure::user("the source cannot be read"),
    };
    failure.because(error)
}

pub(super) fn of_columns(error: ColumnsError) -> Failure {
    match error {
        ColumnsError::Open(error) => of_file(error),
        ColumnsError::Read(error) => of_source(&error),
        ColumnsError::NoRow => Failure::user(ColumnsError::NoRow.to_string()),
    }
}

pub(super) fn of_look(error: LookError) -> Failure {
    match error {
        LookError::Open(error) => of_open(error),
        LookError::Read(error) => of_source(&error),
    }
}
