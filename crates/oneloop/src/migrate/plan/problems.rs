//! The rows that somebody should look at, one line of JSON each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use oneloop_migrate::plan::{Code, FieldDiff, Outcome as RowOutcome, RowPlan};
use serde_json::{Value, json};

use crate::failure::{Failure, Outcome};

/// The file. It holds ids of the source and never a key.
#[derive(Debug)]
pub(super) struct Problems {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Problems {
    pub(super) fn create(path: &Path) -> Outcome<Self> {
        let file = File::create(path).map_err(|error| {
            Failure::user(format!("cannot write `{}`", path.display())).because(&error)
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Writes the row's line, if there is something to say of it.
    pub(super) fn note(&mut self, plan: &RowPlan) -> Outcome {
        let unremarkable =
            matches!(plan.outcome.code(), Code::Create | Code::Unchanged) && plan.notes.is_empty();
        if unremarkable {
            return Ok(());
        }
        writeln!(self.file, "{}", line(plan)).map_err(|error| self.failed(&error))
    }

    pub(super) fn finish(mut self) -> Outcome {
        self.file.flush().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::ours(format!("cannot write `{}`", self.path.display())).because(error)
    }
}

fn line(plan: &RowPlan) -> Value {
    let notes: Vec<&str> = plan.notes.iter().map(|note| note.as_str()).collect();
    let mut line = json!({
        "row": plan.number,
        "line": plan.line,
        "id": plan.source_id,
        "code": plan.outcome.code().as_str(),
        "notes": notes,
    });
    let (field, value) = match &plan.outcome {
        RowOutcome::Refused { detail, .. } => ("detail", json!(detail)),
        RowOutcome::Duplicate { first } => ("first", json!(first)),
        RowOutcome::Update { diff, .. }
        | RowOutcome::ConflictSkipped { diff }
        | RowOutcome::ConflictFails { diff } => ("differs", differs(diff)),
        RowOutcome::Create(_) | RowOutcome::Unchanged | RowOutcome::LeftBehind(_) => return line,
    };
    line[field] = value;
    line
}

fn differs(diff: &[FieldDiff]) -> Value {
    diff.iter()
        .map(|it| json!({ "field": it.field, "here": it.here, "source": it.source }))
        .collect()
}
