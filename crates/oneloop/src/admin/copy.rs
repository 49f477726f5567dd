//! `oneloop admin copy`: moves an installation to another database.

use std::time::{Duration, Instant};

use clap::Args;
use oneloop_engine::{
    ComparedTable, Copied, CopyError, CopyOptions, CopyStep, Database, TableDigest,
};
use serde_json::json;

use super::Answer;
use crate::failure::{Failure, Outcome};
use crate::migrate::numbers::grouped;
use crate::{engine as service, output};

/// Between two lines about how far a copy is.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Hexadecimal digits of a digest that a table shows: enough to compare by eye. JSON has all 64.
const SHOWN_DIGITS: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// What is copied: sqlite:PATH or postgres://… Nothing may run on it
    #[arg(long, env = "ONELOOP_COPY_FROM", value_name = "URL", hide_env_values = true)]
    from: Database,
    /// Where it goes: a new database of the other kind, or one that a copy was interrupted in
    #[arg(long, env = "ONELOOP_COPY_TO", value_name = "URL", hide_env_values = true)]
    to: Database,
}

pub(super) async fn run(args: CopyArgs, answer: Answer) -> Outcome {
    let CopyArgs { from, to } = args;
    let (source, target) = (from.to_string(), to.to_string());
    let (former_pepper, pepper) = (from.default_pepper_path(), to.default_pepper_path());
    output::talk(&format!("Copying {source} to {target}."));
    let mut last = Instant::now();
    let mut progress = |step: CopyStep| {
        if last.elapsed() >= LINE_EVERY {
            last = Instant::now();
            output::talk(&line(&step));
        }
    };
    let copied =
        oneloop_engine::copy(&CopyOptions::new(from, to), &mut progress).await.map_err(refused)?;
    show(&copied, answer, &source, &target)?;
    if !copied.is_equal() {
        let differing = copied.tables.iter().filter(|table| !table.is_equal());
        let names: Vec<_> = differing.map(|table| table.name.as_str()).collect();
        return Err(Failure::user(format!("the copy is not the same in {}", names.join(", "))).hint(
            "something else wrote to one of the two meanwhile: empty the target and copy again; no server starts on it as it is",
        ));
    }
    let rows = copied.tables.iter().map(|table| table.from.rows).sum();
    output::talk(&format!("Both hold the same: {} rows.", grouped(rows)));
    output::hint(&format!(
        "the pepper is in neither database: copy the file that belongs to {source} (`{}`, unless you named another) to every node of {target}, as `{}` or where `--pepper-file` says",
        former_pepper.display(),
        pepper.display(),
    ));
    Ok(())
}

fn line(step: &CopyStep) -> String {
    let CopyStep { comparing, table, rows, of } = step;
    let doing = if *comparing { "Comparing" } else { "Copying" };
    format!("{doing} {table}: {} of {} rows", grouped(*rows), grouped(*of))
}

fn show(copied: &Copied, answer: Answer, source: &str, target: &str) -> Outcome {
    if let Some(rows) = copied.resumed_at {
        output::talk(&format!("Went on with an earlier copy, after {} rows.", grouped(rows)));
    }
    if answer == Answer::Json {
        let tables: Vec<_> = copied.tables.iter().map(table_json).collect();
        let (resumed_at, equal) = (copied.resumed_at, copied.is_equal());
        return output::json(&json!({
            "from": source, "to": target, "resumedAt": resumed_at, "equal": equal, "tables": tables,
        }));
    }
    let rows: Vec<_> = copied.tables.iter().map(row).collect();
    output::table(["TABLE", "ROWS", "SOURCE", "TARGET", ""], &rows)
}

fn table_json(table: &ComparedTable) -> serde_json::Value {
    let side = |side: &TableDigest| json!({ "rows": side.rows, "sha256": side.sha256 });
    let (from, to, equal) = (side(&table.from), side(&table.to), table.is_equal());
    json!({ "table": table.name, "from": from, "to": to, "equal": equal })
}

fn row(table: &ComparedTable) -> [String; 5] {
    let digits = |sha256: &str| sha256.chars().take(SHOWN_DIGITS).collect();
    let rows = match (table.from.rows, table.to.rows) {
        (from, to) if from == to => grouped(from),
        (from, to) => format!("{}, {}", grouped(from), grouped(to)),
    };
    let mark = if table.is_equal() { "" } else { "differs" };
    let (from, to) = (digits(&table.from.sha256), digits(&table.to.sha256));
    [table.name.clone(), rows, from, to, mark.to_owned()]
}

/// Why nothing was copied, or not all.
fn refused(error: CopyError) -> Failure {
    let again = "what is there already stays: run the same command again, and it goes on";
    match error {
        CopyError::Open(error) => service::unopened(error),
        error @ CopyError::SameKind => Failure::user(error.to_string()).hint(
            "this copies between SQLite and PostgreSQL; within one kind use VACUUM INTO, or pg_dump",
        ),
        error @ CopyError::NoInstallation { .. } => {
            Failure::user(error.to_string()).hint("name yours with `--from`")
        }
        error @ CopyError::InUse { .. } => Failure::user(error.to_string())
            .hint("stop every server on it first: what they write meanwhile would be lost"),
        error @ (CopyError::NotEmpty { .. } | CopyError::OtherCopy { .. }) => {
            Failure::user(error.to_string()).hint("name a new, empty database with `--to`")
        }
        error @ CopyError::SourceChanged { .. } => {
            Failure::user(error.to_string()).hint("empty the target, and copy again from the start")
        }
        error @ CopyError::HalfCopied { .. } => Failure::user(error.to_string())
            .hint("finish that copy first, with the command that began it"),
        error @ CopyError::Overtaken { .. } => {
            Failure::user(error.to_string()).hint("let it finish")
        }
        error @ CopyError::Schema { .. } => Failure::ours(error.to_string()),
        CopyError::Database { database, cause } => {
            Failure::ours(format!("the database `{database}` refused"))
                .because(cause.as_ref())
                .hint(again)
        }
    }
}
