//! `oneloop`: the server and its administration, in one binary.
//!
//! Exit codes: 0 done, 1 something the person at the keyboard can put right, 2 our fault or the machine's, 3 a
//! plan that must not be applied as it is.

mod admin;
mod cli;
mod config;
mod demo;
mod engine;
mod export;
mod failure;
mod logging;
mod migrate;
mod moment;
mod open_files;
mod output;
mod panics;
mod ready_file;
mod serve;
mod stop;
mod usage;
mod welcome;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::{Failure, Outcome};

/// See the reason at the dependency, in the root manifest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::explain(error),
    };
    panics::log_without_data();
    match panics::caught(|| run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::ours("cannot start the runtime").because(&error))?;
    match cli.command {
        Command::Serve(args) => {
            let settings = config::resolve(args.options, args.config.as_deref())?;
            logging::start(settings.log_format, &settings.log_level)?;
            runtime.block_on(serve::run(settings))
        }
        Command::Admin(args) => {
            logging::start_quietly()?;
            runtime.block_on(admin::run(args))
        }
        Command::Export(args) => {
            logging::start_quietly()?;
            runtime.block_on(export::run(args))
        }
        Command::Migrate(args) => {
            logging::start_quietly()?;
            runtime.block_on(migrate::run(args))
        }
        Command::Config => output::verbatim(config::DEFAULT),
        Command::Openapi => output::json(oneloop_proxy::document()),
    }
}
