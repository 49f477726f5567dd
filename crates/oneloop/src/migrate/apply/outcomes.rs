//! The outcome file: what became of every row, one line of JSON each. Programs match its `code`; people read on to
//! its `message`.

use std::collections::BTreeMap;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use oneloop_import::apply::chunking::RowNote;
use oneloop_migrate::plan::Code;
use oneloop_protocol::ApiKeyId;
use oneloop_protocol::migration::{FieldDiff, RowAnswer, RowOutcome};
use serde::Serialize;
use tempfile::TempPath;

use crate::failure::{Failure, Outcome};

/// The file. It holds ids of both sides, and neither keys nor stored values.
#[derive(Debug)]
pub(in super::super) struct Outcomes {
    path: PathBuf,
    file: BufWriter<File>,
    /// Where it is written until it is finished, if not in its place.
    draft: Option<TempPath>,
    counts: BTreeMap<&'static str, (u64, &'static str)>,
    refused: u64,
    conflicts: u64,
}

/// A line of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    row: u64,
    line: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'a ApiKeyId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    differs: &'a [FieldDiff],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Outcomes {
    pub(in super::super) fn create(path: &Path) -> Outcome<Self> {
        let file = File::create(path).map_err(|error| {
            Failure::user(format!("cannot write `{}`", path.display())).because(&error)
        })?;
        Ok(Self::writing(path, file, None))
    }

    fn writing(path: &Path, file: File, draft: Option<TempPath>) -> Self {
        let (path, file) = (path.to_owned(), BufWriter::new(file));
        Self { path, file, draft, counts: BTreeMap::new(), refused: 0, conflicts: 0 }
    }

    /// The same, in the place of an earlier one only when it is finished: until then that one is the true one.
    pub(in super::super) fn replace(path: &Path) -> Outcome<Self> {
        // A device or a pipe is written to, and never replaced.
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            return Self::create(path);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new("."));
        let draft = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)
            .map_err(|error| {
                Failure::user(format!("cannot write beside `{}`", path.display())).because(&error)
            })?;
        let (file, draft) = draft.into_parts();
        Ok(Self::writing(path, file, Some(draft)))
    }

    /// Writes the lines of rows: of those that were answered for, and of those around them that were not sent.
    pub(in super::super) fn rows(
        &mut self,
        notes: &[RowNote],
        answers: &[RowAnswer],
    ) -> io::Result<()> {
        let mut answers = answers.iter().peekable();
        for note in notes {
            match answers.next_if(|answer| answer.row == note.row) {
                Some(answer) => self.answered(note, answer)?,
                None => self.not_sent(note)?,
            }
        }
        if answers.next().is_some() {
            return Err(io::Error::other("the server answered for rows that were not sent"));
        }
        // Whoever looks while it runs, or after it was stopped, finds whole lines.
        self.file.flush()
    }

    /// Writes the line of a row that the server answered for.
    fn answered(&mut self, note: &RowNote, answer: &RowAnswer) -> io::Result<()> {
        let RowAnswer { outcome, id, diff, reason, field, message, .. } = answer;
        self.count(outcome.as_str(), outcome.meaning());
        let here = [RowOutcome::Created, RowOutcome::Updated, RowOutcome::Unchanged];
        // There is a key, by policy as it was here.
        let conflict = *outcome == RowOutcome::Conflict;
        self.conflicts += u64::from(conflict);
        self.refused += u64::from(!conflict && !here.contains(outcome));
        self.write(&Line {
            row: note.row,
            line: note.line,
            id: &note.source_id,
            code: outcome.as_str(),
            api_key_id: id.as_ref(),
            reason: reason.as_deref(),
            field: field.as_deref(),
            differs: diff,
            notes: &note.notes,
            message: message.as_deref(),
        })
    }

    /// Writes the line of a row that the plan leaves out.
    fn not_sent(&mut self, note: &RowNote) -> io::Result<()> {
        // A row that should have been answered for has no code of the plan.
        let code = note.code.as_deref().ok_or_else(|| {
            io::Error::other(format!("the server did not answer for row {}", note.row))
        })?;
        let known = Code::ALL.iter().find(|known| known.as_str() == code);
        if let Some(known) = known {
            self.count(known.as_str(), known.meaning());
            self.refused += u64::from(known.refuses());
        }
        self.write(&Line {
            row: note.row,
            line: note.line,
            id: &note.source_id,
            code,
            api_key_id: None,
            reason: None,
            field: None,
            differs: &[],
            notes: &note.notes,
            message: note.message.as_deref(),
        })
    }

    fn count(&mut self, code: &'static str, meaning: &'static str) {
        self.counts.entry(code).or_insert((0, meaning)).0 += 1;
    }

    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }

    /// How many keys were there already, differ, and were left as they are.
    pub(in super::super) fn conflicts(&self) -> u64 {
        self.conflicts
    }

    /// How many rows became no key, though no policy leaves them out: refused by the plan or by the server.
    pub(in super::super) fn refused(&self) -> u64 {
        self.refused
    }

    /// How many rows had which outcome, with what it means.
    pub(in super::super) fn counts(
        &self,
    ) -> impl Iterator<Item = (&'static str, u64, &'static str)> {
        self.counts.iter().map(|(code, (rows, meaning))| (*code, *rows, *meaning))
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    pub(in super::super) fn finish(&mut self) -> Outcome {
        let mut placed = self.file.flush();
        if let (Ok(()), Some(draft)) = (&placed, self.draft.take()) {
            placed = draft.persist(&self.path).map_err(|error| error.error);
        }
        placed.map_err(|error| {
            Failure::ours(format!("cannot write `{}`", self.path.display())).because(&error)
        })
    }
}
