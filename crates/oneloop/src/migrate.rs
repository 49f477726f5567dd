//! `oneloop migrate`: bringing existing keys along, from the first look at their table to the last report.

mod ask;
mod from;
mod init;
mod mapping_file;
mod numbers;
mod origins;
mod plan;
mod problem;
mod progress;
mod prove;

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
        MigrateCommand::Origins => origins::run(answer),
    }
}
