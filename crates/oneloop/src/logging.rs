//! Log lines, to standard error. What they must never hold (keys, tokens, the pepper) is kept out where
//! they are written; nothing here could tell a secret from a word.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogLevel};
use crate::failure::{Failure, Outcome};

/// Logs as the settings say.
pub(crate) fn start(format: LogFormat, level: &LogLevel) -> Outcome {
    let filter = EnvFilter::try_new(&level.0).map_err(|error| {
        Failure::user(format!("--log-level `{}` is not valid", level.0)).because(&error)
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match format {
        LogFormat::Text => lines.with_ansi(colour()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|error| Failure::ours("cannot start logging").because(error.as_ref()))
}

/// Logs warnings only: a command that answers in one line should not be buried in others.
pub(crate) fn start_quietly() -> Outcome {
    start(LogFormat::Text, &LogLevel("warn".to_owned()))
}

/// The rule of `output`, which asks `anstream`: colour on a terminal, unless `NO_COLOR` is set.
fn colour() -> bool {
    io::stderr().is_terminal()
        && anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
