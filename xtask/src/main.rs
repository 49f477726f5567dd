//! The repository's own tools, run as `cargo xtask <command>`.
//!
//! `package` makes `dist/`, `example` builds an application that uses the widget as a library, `size` holds the widget to
//! its budget, `bench` prints the benchmarks as ratios. The tests of this crate watch the repository itself: its layers, its links, its names.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod anonymous;
mod bench;
mod command;
mod example;
mod files;
mod npm;
mod package;
mod report;
mod short_names;
mod size;
mod stamp;
mod unreachable;
mod unreferenced;
mod wasm;

/// The repository's own tools.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the widget and the demo page into `dist/`, and prints what each file weighs.
    Package {
        /// How much time to spend on making it small.
        #[arg(long, value_enum, default_value_t = wasm::Profile::Release)]
        profile: wasm::Profile,
    },
    /// Builds the Leptos application of `examples/leptos-app` into `target/leptos-app`.
    Example,
    /// Prints what `dist/widget` weighs; fails when it weighs more than allowed.
    Size {
        /// The most bytes the widget may take, compressed with brotli.
        #[arg(long)]
        max_brotli: Option<u64>,
        /// The most bytes, compressed with brotli, the element may take without its wasm.
        #[arg(long)]
        max_entry_brotli: Option<u64>,
    },
    /// Runs the benchmarks, all or one, and prints their ratios; a PostgreSQL is started for them.
    Bench {
        /// Which one, such as `verify`, or `service` for those of the service.
        name: Option<String>,
        /// What that benchmark takes, such as how many rows.
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Package { profile } => package::run(profile),
        Command::Example => example::run(),
        Command::Size { max_brotli, max_entry_brotli } => {
            size::run(size::Budget { total: max_brotli, entry: max_entry_brotli })
        }
        Command::Bench { name, arguments } => bench::run(name.as_deref(), &arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}
