//! `oneloop admin`: what an operator does on the database itself, audited, also while a server runs.

mod answers;
mod audit;
mod copy;
mod jwt_key;
mod migration_window;
mod rights;
mod sdk_key;
mod team;
mod verify_audit;

use clap::Subcommand;
use oneloop_engine::{Database, Engine};

use crate::cli::{AdminArgs, AdminPlace};
use crate::config::{self, Storage};
use crate::failure::{Failure, Outcome};
use crate::{engine as service, output};

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Create and list teams: the accounts that own workspaces and SDK keys
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Create, list, disable and revoke SDK keys: the credentials of your own servers
    #[command(subcommand)]
    SdkKey(sdk_key::SdkKeyCommand),
    /// Rotate the key pairs that JWTs are signed with
    #[command(subcommand)]
    JwtKey(jwt_key::JwtKeyCommand),
    /// Open, show and close the window in which existing keys may be brought along
    ///
    /// The migration endpoints do not exist (404) outside of this window, from any other address, or for
    /// an SDK key without the right `migration:create`. The window shuts itself.
    #[command(subcommand)]
    MigrationWindow(migration_window::WindowCommand),
    /// Show who changed what, newest first
    Audit(audit::AuditArgs),
    /// Look whether the audit log is what was written, line by line
    ///
    /// Names the first line that was changed, put in or removed, and ends with 1. Lines that were cut off at the end are
    /// noticed, too, unless an earlier state of the whole database was put back: against that, keep the head that this
    /// prints, and give it to the next look.
    VerifyAudit(verify_audit::VerifyAuditArgs),
    /// Move an installation to another database, from SQLite to PostgreSQL or back
    ///
    /// Copies every table in batches, then compares a digest of each on both sides. Interrupted, it goes on where
    /// it was when it is run again. Nothing may run on the source meanwhile, and no server starts on the target
    /// before both are the same. --database and --pepper-file are not looked at.
    Copy(copy::CopyArgs),
}

/// How to answer: tables and sentences for people, or JSON for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    People,
    Json,
}

/// Runs one command on the database that the options name.
pub(crate) async fn run(args: AdminArgs) -> Outcome {
    let AdminArgs { place, command } = args;
    let AdminPlace { database, pepper_file, config, json } = place;
    let answer = if json { Answer::Json } else { Answer::People };
    // Opens two databases itself, and no engine on either.
    let command = match command {
        AdminCommand::Copy(args) => return copy::run(args, answer).await,
        command => command,
    };
    let storage = config::resolve_storage(database, pepper_file, config.as_deref())?;

    let engine = open(storage, may_create(&command)).await?;
    let outcome = match command {
        AdminCommand::Team(command) => team::run(&engine, command, answer).await,
        AdminCommand::SdkKey(command) => sdk_key::run(&engine, command, answer).await,
        AdminCommand::JwtKey(command) => jwt_key::run(&engine, command, answer).await,
        AdminCommand::MigrationWindow(command) => {
            migration_window::run(&engine, command, answer).await
        }
        AdminCommand::Audit(args) => audit::run(&engine, &args, answer).await,
        AdminCommand::VerifyAudit(args) => verify_audit::run(&engine, &args, answer).await,
        AdminCommand::Copy(args) => copy::run(args, answer).await,
    };
    // Also after a refusal: what was written before it must reach the disk.
    engine.close().await;
    outcome
}

/// Only creating a team makes sense on a database that is not there yet. For the rest a missing file is a
/// mistyped path, and creating an empty database in its place would hide that.
fn may_create(command: &AdminCommand) -> bool {
    matches!(command, AdminCommand::Team(team::TeamCommand::Create { .. }))
}

async fn open(storage: Storage, may_create: bool) -> Outcome<Engine> {
    // On a server the database itself was created by somebody, and on purpose.
    let Database::Sqlite(path) = &storage.database else {
        return service::open(storage.options()).await;
    };
    let (exists, shown) = (path.exists(), storage.database.to_string());
    if !exists && !may_create {
        return Err(Failure::user(format!("there is no database at `{}`", path.display())).hint(
            "name yours with `--database sqlite:PATH`, or create one with `oneloop admin team create NAME`",
        ));
    }
    let engine = service::open(storage.options()).await?;
    if !exists {
        output::talk(&format!("Created the database {shown}."));
    }
    Ok(engine)
}
