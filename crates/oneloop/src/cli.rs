//! What the command line looks like. Every sentence here is a help text.

use std::path::PathBuf;

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Args, Parser, Subcommand};
use oneloop_engine::Database;

use crate::admin::AdminCommand;
use crate::config::Options;
use crate::export::ExportArgs;
use crate::migrate::MigrateArgs;

/// Cyan for what can be typed, green for headings: the colours of `cargo` and `uv`.
const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// API keys for your customers: issued, shown and verified on your own server.
#[derive(Debug, Parser)]
#[command(
    name = "oneloop",
    version,
    styles = STYLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    arg_required_else_help = true,
    after_help = "Try `oneloop serve --demo` first: it needs nothing and shows everything."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server: the API, the widget's files and, with --demo, a page to try it on
    Serve(ServeArgs),
    /// Manage teams, SDK keys and the migration window
    ///
    /// Works on the database itself, also while a server runs on it; the server follows within a second.
    /// Every change is recorded in the audit log.
    Admin(AdminArgs),
    /// Bring existing keys along: their holders go on using them, and notice nothing
    Migrate(MigrateArgs),
    /// Write a team's workspaces, scopes and keys as NDJSON, for another installation to take in
    ///
    /// Reads one state of the database, also while a server runs on it, and changes nothing. No secret stands in it: a
    /// key is there as the one-way tag that is stored of it. `oneloop migrate init --from FILE` takes it in, on a server
    /// that knows this installation's pepper as a recipe secret; ids, metadata, counters and the rest come along.
    Export(ExportArgs),
    /// Print the default configuration file, which documents every option
    Config,
    /// Print the OpenAPI document of the API, which a server shows at /openapi.json and /docs
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Read options from this file; `oneloop config` prints one to start from
    #[arg(long, env = "ONELOOP_CONFIG", value_name = "PATH", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: Options,
}

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    #[command(flatten)]
    pub(crate) place: AdminPlace,
    #[command(subcommand)]
    pub(crate) command: AdminCommand,
}

/// Which database, and how to answer. Global: it may stand before or behind the subcommand.
#[derive(Debug, Args)]
pub(crate) struct AdminPlace {
    /// The database to work on: sqlite:PATH or postgres://… [default: sqlite:oneloop.db]
    #[arg(
        long,
        global = true,
        env = "ONELOOP_DATABASE",
        value_name = "URL",
        help_heading = "Global options",
        hide_env_values = true
    )]
    pub(crate) database: Option<Database>,
    /// The pepper file [default: the database's path + ".pepper"]
    #[arg(
        long,
        global = true,
        env = "ONELOOP_PEPPER_FILE",
        value_name = "PATH",
        help_heading = "Global options",
        hide_env_values = true
    )]
    pub(crate) pepper_file: Option<PathBuf>,
    /// Read database and pepper-file from this file, the one `oneloop serve` uses
    #[arg(
        long,
        global = true,
        env = "ONELOOP_CONFIG",
        value_name = "PATH",
        help_heading = "Global options",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// Answer with JSON on standard output
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
