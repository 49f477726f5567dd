//! The one place that prints. Data goes to standard output, talk to standard error, so that
//! `oneloop … > file` and `$(oneloop …)` hold data and nothing else.
//!
//! `anstream` drops the colours when the stream is not a terminal or `NO_COLOR` is set; the messages read
//! the same without them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::{Failure, Outcome};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const STRONG: Style = Style::new().bold();

/// Prints data: `text` and a line break.
pub(crate) fn data(text: &str) -> Outcome {
    written(writeln!(anstream::stdout(), "{text}"))
}

/// Prints data as it is, without a line break of its own.
pub(crate) fn verbatim(text: &str) -> Outcome {
    written(write!(anstream::stdout(), "{text}"))
}

/// Prints data for programs: one JSON document, indented, because people look at it too.
pub(crate) fn json(document: &impl Serialize) -> Outcome {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::ours("cannot write the answer as JSON").because(&error))?;
    data(&text)
}

/// Prints rows below a header, each column as wide as its widest cell. Nothing at all without rows: an
/// empty table on standard output would be data.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> Outcome {
    if rows.is_empty() {
        return Ok(());
    }
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].as_str()).chain([header[at]]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |cells: [&str; N]| {
        let padded = cells.iter().enumerate().map(|(at, cell)| format!("{cell:<0$}", width(at)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    data(&format!("{STRONG}{}{STRONG:#}", line(header)))?;
    rows.iter().try_for_each(|row| data(&line(row.each_ref().map(String::as_str))))
}

/// Talks to the person at the terminal.
pub(crate) fn talk(text: &str) {
    to_stderr(format_args!("{text}"));
}

/// Warns, and goes on.
pub(crate) fn warning(text: &str) {
    to_stderr(format_args!("{WARNING}warning{WARNING:#}: {text}"));
}

/// Says what to do next.
pub(crate) fn hint(text: &str) {
    to_stderr(format_args!("{HINT}hint{HINT:#}: {text}"));
}

/// Says why the program ends.
pub(crate) fn failure(failure: &Failure) {
    to_stderr(format_args!("{ERROR}error{ERROR:#}: {failure}"));
    if let Some(advice) = failure.advice() {
        hint(advice);
    }
}

/// Emphasises a word of talk or of a table.
pub(crate) fn strong(text: &str) -> String {
    format!("{STRONG}{text}{STRONG:#}")
}

/// A reader that closed the pipe (`oneloop … | head`) has had enough; that is not an error.
fn written(result: io::Result<()>) -> Outcome {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::ours("cannot write to standard output").because(&error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// When standard error is gone there is nobody left to tell.
fn to_stderr(line: std::fmt::Arguments<'_>) {
    let _gone = writeln!(anstream::stderr(), "{line}");
}
