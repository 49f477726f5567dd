//! A plan's chunks, in a temporary file that has no name and is gone with the process.
//!
//! The whole plan is written before the first chunk is sent: only then is its digest known, and what was reviewed
//! is what runs, also where a source can be read only once.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

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

/// Bytes of notes that are held in memory: rows that are not sent fill no chunk, however many they are.
const NOTES: usize = 4 * 1024 * 1024;

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

/// A chunk, read back.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// Its number, from 1; `None` if it holds nothing but notes of rows that are not sent.
    pub number: Option<u32>,
    /// Its lines; empty without a number.
    pub body: Vec<u8>,
    /// SHA-256 of them without the moments of last use and the state of counters: both move while a migration waits.
    pub digest: Hex32,
    /// Its rows, and those around it that are not sent.
    pub notes: Vec<RowNote>,
}

/// Where a chunk stands in the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: Option<u32>,
    start: u64,
    body: usize,
    notes: usize,
    rows: u64,
    digest: Hex32,
}

/// Writes a plan, row by row.
#[derive(Debug)]
pub struct SpoolWriter {
    file: BufWriter<File>,
    at: u64,
    places: Vec<Place>,
    line: Vec<u8>,
    body: Vec<u8>,
    content: Sha256,
    notes: Vec<u8>,
    rows: usize,
    chunks: u32,
    most: usize,
}

/// A plan's chunks.
#[derive(Debug)]
pub struct Spool {
    file: File,
    places: Vec<Place>,
}

impl SpoolWriter {
    /// An empty spool, of chunks with [`ROWS`] rows.
    ///
    /// # Errors
    ///
    /// If there is no place for a temporary file.
    pub fn new() -> io::Result<Self> {
        Self::of_chunks(ROWS)
    }

    /// The same with at most `rows` rows in a chunk. A job has to be sent in the chunks that it was begun with.
    ///
    /// # Errors
    ///
    /// If there is no place for a temporary file.
    pub fn of_chunks(rows: usize) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1024 * 1024, tempfile::tempfile()?),
            at: 0,
            places: Vec::new(),
            line: Vec::new(),
            body: Vec::new(),
            content: Sha256::new(),
            notes: Vec::new(),
            rows: 0,
            chunks: 0,
            most: rows.clamp(1, ROWS_PER_CHUNK),
        })
    }

    /// Adds a row and what is planned for it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn push(&mut self, source: &Row, plan: &RowPlan, mapping: &Mapping) -> io::Result<()> {
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
                self.end_chunk()?;
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
        serde_json::to_writer(&mut self.notes, &note(plan))?;
        self.notes.push(b'\n');
        Ok(())
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let (body, notes) = (self.body.len(), self.notes.len());
        self.file.write_all(&self.body)?;
        self.file.write_all(&self.notes)?;
        let number = (self.rows > 0).then(|| {
            self.chunks += 1;
            self.chunks
        });
        let digest = Hex32(self.content.finalize_reset().into());
        let rows = self.rows as u64;
        self.places.push(Place { number, start: self.at, body, notes, rows, digest });
        self.at += (body + notes) as u64;
        self.body.clear();
        self.notes.clear();
        self.rows = 0;
        Ok(())
    }

    /// The chunks.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn finish(mut self) -> io::Result<Spool> {
        if self.rows > 0 || !self.notes.is_empty() {
            self.end_chunk()?;
        }
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spool { file, places: self.places })
    }
}

impl Spool {
    /// How many chunks are sent.
    pub fn chunks(&self) -> u32 {
        self.places.iter().filter_map(|place| place.number).max().unwrap_or(0)
    }

    /// How many rows are sent.
    pub fn rows(&self) -> u64 {
        self.places.iter().map(|place| place.rows).sum()
    }

    /// How often [`Spool::chunk`] has something to read.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the plan had no row at all.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Reads a chunk back: the one at this place, from 0, in the order of the rows.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn chunk(&mut self, at: usize) -> io::Result<Chunk> {
        let place = self.places.get(at).copied();
        let place = place.ok_or_else(|| io::Error::other(format!("there is no chunk at {at}")))?;
        self.file.seek(SeekFrom::Start(place.start))?;
        let mut reader = BufReader::with_capacity(256 * 1024, &self.file);
        let mut body = vec![0; place.body];
        reader.read_exact(&mut body)?;
        let mut notes = vec![0; place.notes];
        reader.read_exact(&mut notes)?;
        let notes: Result<Vec<RowNote>, _> =
            serde_json::Deserializer::from_slice(&notes).into_iter().collect();
        Ok(Chunk { number: place.number, digest: place.digest, body, notes: notes? })
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
