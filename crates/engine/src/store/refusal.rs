//! What a database's refusal means to the engine.

use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

use super::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let transient = match &error {
            sqlx::Error::Io(_)
            // A server, or a proxy before it, that ended in the middle of a greeting.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(refusal) if refusal.is_unique_violation() => {
                return Self::Duplicate(error.into());
            }
            sqlx::Error::Database(refusal) => is_transient(refusal.as_ref()),
            _ => false,
        };
        if transient { Self::Unavailable(error.into()) } else { Self::Other(error.into()) }
    }
}

/// Whether trying again makes sense.
fn is_transient(refusal: &dyn DatabaseError) -> bool {
    let Some(code) = refusal.code() else { return false };
    if refusal.try_downcast_ref::<PgDatabaseError>().is_some() {
        return is_transient_state(&code);
    }
    // SQLite, the primary result code: BUSY, LOCKED, IOERR, FULL, CANTOPEN.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14))
}

/// PostgreSQL's SQLSTATE, appendix A of its manual.
fn is_transient_state(code: &str) -> bool {
    match code {
        // Read-only: a standby that was promoted away from. Out of a lock's or a statement's time. Ended by an
        // administrator, by a crash of a neighbour, or for idling in a transaction; starting up; I/O error.
        "25006" | "25P03" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "57P05" | "58030" => {
            true
        }
        // Connection, transaction rolled back (serialisation, deadlock), out of memory, disk or connections.
        _ => ["08", "40", "53"].iter().any(|class| code.starts_with(class)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        for code in ["08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03", "25006"] {
            assert!(is_transient_state(code), "{code}");
        }
        // Syntax, a missing table, a check constraint, a wrong password.
        for code in ["42601", "42P01", "23514", "28P01"] {
            assert!(!is_transient_state(code), "{code}");
        }
    }
}
