//! `oneloop migrate`: bringing existing keys along, from the first look at their table to the last report.

mod apply;
mod ask;
mod check_access;
mod from;
mod init;
mod mapping_file;
pub(crate) mod numbers;
mod origins;
mod plan;
mod planned;
mod problem;
pub(crate) mod progress;
mod prove;
mod reconcile;
mod report;
mod rollback;
mod server;
mod status;

use clap::{Args, Subcommand};

use crate::admin::Answer;
use crate::failure::Outcome;

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Answer with JSON on standard output
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Look at the source, and write the mapping file
    ///
    /// Reads the names and types of the columns, and the first rows to learn how moments and permissions are
    /// written. Asks what it cannot see, or, with --yes, names the option that says it.
    Init(init::InitArgs),
    /// Find out from a real key how keys were hashed, and note it in the mapping
    ///
    /// Works offline. Neither keys nor stored values are kept, sent or printed.
    Prove(prove::ProveArgs),
    /// Say what would be done with every row, and why; nothing is written
    ///
    /// Exit codes: 0 it can be applied, 1 something to put right, 2 our fault or the machine's, 3 it stops at rows
    /// that need a decision, such as permissions that nobody mapped.
    Plan(plan::PlanArgs),
    /// Knock at the migration gate, and say which of its conditions fails
    CheckAccess(server::ServerArgs),
    /// Send the plan that was reviewed; stopped at any instant, the same command goes on
    ///
    /// Needs an SDK key with the right `migration`, and an open window (`oneloop admin migration-window`). Keys are
    /// hashed here: no key in clear is sent. Exit codes: 0 every key is there, 1 something to put right, 2 our fault
    /// or the machine's, 3 rows that became no key.
    Apply(apply::ApplyArgs),
    /// Say where the jobs on a server stand
    Status(status::StatusArgs),
    /// Read the source again, and hold every row against the key that it became
    ///
    /// Writes nothing on the server but the sums of the comparison. Exit codes: 0 every key is there as it is in the
    /// source, 1 something to put right, 2 our fault or the machine's, 3 something differs.
    Reconcile(reconcile::ReconcileArgs),
    /// Show what the server attests about a job, signed
    Report(report::ReportArgs),
    /// Check offline that a report is genuine
    VerifyReport(report::VerifyReportArgs),
    /// Undo a job: remove what it created, and make what it updated as it was
    ///
    /// Keys that were edited since are left alone and named, unless --force is given (exit code 3). A key that was
    /// rotated since is never removed but marked as deleted: its old secret has to stay refused.
    Rollback(rollback::RollbackArgs),
    /// Let a job wait
    Pause(status::JobArgs),
    /// Let a paused job go on
    Resume(status::JobArgs),
    /// List the services whose tables are known by name
    Origins,
}

/// Runs one step of a migration.
pub(crate) async fn run(args: MigrateArgs) -> Outcome {
    let MigrateArgs { json, command } = args;
    let answer = if json { Answer::Json } else { Answer::People };
    match command {
        MigrateCommand::Init(args) => init::run(args, answer).await,
        MigrateCommand::Prove(args) => prove::run(&args, answer),
        MigrateCommand::Plan(args) => plan::run(args, answer).await,
        MigrateCommand::Apply(args) => apply::run(args, answer).await,
        MigrateCommand::Status(args) => status::run(args, answer).await,
        MigrateCommand::Reconcile(args) => reconcile::run(args, answer).await,
        MigrateCommand::Report(args) => report::run(args, answer).await,
        MigrateCommand::VerifyReport(args) => report::verify_report(&args, answer),
        MigrateCommand::Rollback(args) => rollback::run(args, answer).await,
        MigrateCommand::CheckAccess(args) => check_access::run(args, answer).await,
        MigrateCommand::Pause(args) => status::pause(args, answer).await,
        MigrateCommand::Resume(args) => status::resume(args, answer).await,
        MigrateCommand::Origins => origins::run(answer),
    }
}
