//! Rows that are not on the server as they are in the source, one line of JSON each.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use oneloop_import::apply::chunking::Chunk;
use oneloop_protocol::migration::{Comparison, RowOutcome};
use serde_json::json;

use super::super::numbers::grouped;
use crate::failure::{Failure, Outcome};
use crate::output;

/// Rows that are shown one by one; the file has all.
const SHOWN: usize = 20;

/// The file. It holds ids of both sides, and neither keys nor stored values.
#[derive(Debug)]
pub(super) struct Differences {
    path: PathBuf,
    file: BufWriter<File>,
    rows: u64,
    shown: Vec<[String; 4]>,
}

impl Differences {
    pub(super) fn create(path: &Path) -> Outcome<Self> {
        let file = File::create(path).map_err(|error| {
            Failure::user(format!("cannot write `{}`", path.display())).because(&error)
        })?;
        let file = BufWriter::new(file);
        Ok(Self { path: path.to_owned(), file, rows: 0, shown: Vec::new() })
    }

    /// Writes what differs in a chunk. A comparison that begins again begins the file again.
    pub(super) fn chunk(&mut self, chunk: &Chunk, comparison: &Comparison) -> io::Result<()> {
        if comparison.chunks == 1 && self.rows > 0 {
            *self =
                Self::create(&self.path).map_err(|error| io::Error::other(error.to_string()))?;
        }
        let mut notes = chunk.notes.iter();
        for difference in &comparison.differences {
            let note = notes.find(|note| note.row == difference.row);
            let (line, id) = note.map_or((0, ""), |note| (note.line, note.source_id.as_str()));
            let code = match difference.outcome {
                RowOutcome::Conflict => "different",
                _ => "missing",
            };
            let entry = json!({
                "row": difference.row,
                "line": line,
                "id": id,
                "code": code,
                "apiKeyId": difference.id,
                "differs": difference.diff,
            });
            writeln!(self.file, "{entry}")?;
            self.rows += 1;
            if self.shown.len() < SHOWN {
                let fields: Vec<&str> =
                    difference.diff.iter().map(|diff| diff.field.as_str()).collect();
                let row = difference.row.to_string();
                self.shown.push([row, id.to_owned(), code.to_owned(), fields.join(", ")]);
            }
        }
        Ok(())
    }

    /// How many rows differ.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn finish(&mut self) -> Outcome {
        self.file.flush().map_err(|error| {
            Failure::ours(format!("cannot write `{}`", self.path.display())).because(&error)
        })
    }

    /// The first of them, for people.
    pub(super) fn show(&self) -> Outcome {
        if self.shown.is_empty() {
            return Ok(());
        }
        output::data("")?;
        output::table(["ROW", "ID", "", "FIELDS"], &self.shown)?;
        let more = self.rows - self.shown.len() as u64;
        if more > 0 {
            output::talk(&format!("… and {} more in {}.", grouped(more), self.path.display()));
        }
        Ok(())
    }
}
