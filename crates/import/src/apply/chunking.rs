//! A plan's rows, cut into chunks. The same plan gives the same chunks, however often it is read.

use std::io;

use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::{Outcome, RowPlan};
use oneloop_migrate::source::Row;
use oneloop_protocol::mask;
use oneloop_protocol::migration::{CHUNK_BYTES, Hex32, MigrationRow, ROWS_PER_CHUNK};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::row::to_row;

/// Rows in a chunk: as many as a server takes. The more, the fewer pages of its indexes are written for each.
pub const ROWS: usize = ROWS_PER_CHUNK;

/// Bytes in a chunk, before the row that would be too much.
const BYTES: usize = CHUNK_BYTES - 256 * 1024;

/// Notes that are held in memory: rows that are not sent fill no chunk, however many they are.
const NOTES: usize = 2 * ROWS;

/// What a report says of a row, besides what the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowNote {
    /// Its number.
    pub row: u64,
    /// The line on which it begins.
    pub line: u64,
    /// What identifies it at its source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_id: String,
    /// The plan's code, if the row is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What else is to be said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A chunk.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Its number, from 1; `None` if it holds nothing but notes of rows that are not sent.
    pub number: Option<u32>,
    /// Its lines; empty without a number.
    pub body: Vec<u8>,
    /// How many lines.
    pub rows: u64,
    /// SHA-256 of them without the moments of last use and the state of counters: both move while a migration waits.
    pub digest: Hex32,
    /// Its rows, and those around it that are not sent.
    pub notes: Vec<RowNote>,
}

/// Cuts rows into chunks.
#[derive(Debug)]
pub struct Chunking {
    line: Vec<u8>,
    body: Vec<u8>,
    content: Sha256,
    notes: Vec<RowNote>,
    rows: usize,
    chunks: u32,
    most: usize,
}

impl Default for Chunking {
    fn default() -> Self {
        Self::of(ROWS)
    }
}

impl Chunking {
    /// Chunks of at most `rows` rows. A job has to be sent in the chunks that it was begun with.
    pub fn of(rows: usize) -> Self {
        Self {
            line: Vec::new(),
            body: Vec::new(),
            content: Sha256::new(),
            notes: Vec::new(),
            rows: 0,
            chunks: 0,
            most: rows.clamp(1, ROWS_PER_CHUNK),
        }
    }

    /// Adds a row and what is planned for it. The answer is the chunk before it, if this one begins another.
    ///
    /// # Errors
    ///
    /// If the row cannot be sent, which the plan would have said.
    pub fn push(
        &mut self,
        source: &Row,
        plan: &RowPlan,
        mapping: &Mapping,
    ) -> io::Result<Option<Chunk>> {
        let mut ended = None;
        self.line.clear();
        if let Some(key) = plan.outcome.applied() {
            let shown = source
                .cell(&mapping.columns.key)
                .and_then(|cell| cell.bytes())
                .and_then(|stored| mapping.recipe.to_plaintext(stored))
                .map(|key| mask::migrated(&key));
            let row = to_row(plan.number, key, &mapping.recipe, shown).map_err(io::Error::other)?;
            serde_json::to_writer(&mut self.line, &row)?;
            self.line.push(b'\n');
            let full = self.rows == self.most || self.body.len() + self.line.len() > BYTES;
            // Notes of rows that are not sent fill no chunk, however many they are.
            if self.rows > 0 && full || self.rows == 0 && self.notes.len() > NOTES {
                ended = Some(self.end());
            }
            self.body.extend_from_slice(&self.line);
            self.rows += 1;
            if row.last_used_at.is_some() || row.total_usage_left.is_some() {
                self.line.clear();
                let total_usage_left = row.total_usage_left.map(|_| 0);
                let still = MigrationRow { last_used_at: None, total_usage_left, ..row };
                serde_json::to_writer(&mut self.line, &still)?;
                self.line.push(b'\n');
            }
            self.content.update(&self.line);
        }
        self.notes.push(note(plan));
        Ok(ended)
    }

    /// What was begun and not ended yet.
    pub fn last(&mut self) -> Option<Chunk> {
        (self.rows > 0 || !self.notes.is_empty()).then(|| self.end())
    }

    fn end(&mut self) -> Chunk {
        let number = (self.rows > 0).then(|| {
            self.chunks += 1;
            self.chunks
        });
        // The next one will be about as long.
        let (bytes, notes) = (self.body.len(), self.notes.len());
        let rows = std::mem::take(&mut self.rows) as u64;
        Chunk {
            number,
            rows,
            body: std::mem::replace(&mut self.body, Vec::with_capacity(bytes)),
            digest: Hex32(self.content.finalize_reset().into()),
            notes: std::mem::replace(&mut self.notes, Vec::with_capacity(notes)),
        }
    }
}

/// What is said of a row besides the server's answer.
pub fn note(plan: &RowPlan) -> RowNote {
    let sent = plan.outcome.applied().is_some();
    let message = match &plan.outcome {
        Outcome::Refused { detail, .. } => Some(detail.clone()),
        Outcome::Duplicate { first } => Some(format!("row {first} has the same key")),
        _ => None,
    };
    RowNote {
        row: plan.number,
        line: plan.line,
        source_id: plan.source_id.clone(),
        code: (!sent).then(|| plan.outcome.code().as_str().to_owned()),
        message,
        notes: plan.notes.iter().map(|code| code.as_str().to_owned()).collect(),
    }
}
