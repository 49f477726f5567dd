//! All that xtask says: results to stdout, progress and errors to stderr.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place that prints")]

use std::fmt::Display;
use std::time::Instant;

/// A line of the result.
pub(crate) fn line(text: impl Display) {
    println!("{text}");
}

/// Why it failed, with its causes.
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Runs one step and says how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    let result = work()?;
    eprintln!("  {name:<34} {:>6.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}
