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
use oneloop_protocol::migration::{CHUNK_BYTES, Hex32};
use serde::{Deserialize, Serialize};

use crate::row::to_row;

/// Rows in a chunk: so many that committing it costs little, and so few that nobody waits long behind it.
pub const ROWS: usize = 5_000;

/// Bytes in a chunk, before the row that would be too much.
const BYTES: usize = CHUNK_BYTES - 256 * 1024;

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
    /// Its number, from 1.
    pub number: u32,
    /// Its lines. Empty only if the plan sends nothing at all.
    pub body: Vec<u8>,
    /// SHA-256 of them.
    pub digest: Hex32,
    /// Its rows, and those around it that are not sent.
    pub notes: Vec<RowNote>,
}

/// Where a chunk stands in the file.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: u64,
    body: usize,
    notes: usize,
    rows: u64,
}

/// Writes a plan, row by row.
#[derive(Debug)]
pub struct SpoolWriter {
    file: BufWriter<File>,
    at: u64,
    places: Vec<Place>,
    body: Vec<u8>,
    notes: Vec<u8>,
    rows: usize,
    workspace: String,
}

/// A plan's chunks.
#[derive(Debug)]
pub struct Spool {
    file: File,
    places: Vec<Place>,
}

impl SpoolWriter {
    /// An empty spool.
    ///
    /// # Errors
    ///
    /// If there is no place for a temporary file.
    pub fn new(mapping: &Mapping) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1024 * 1024, tempfile::tempfile()?),
            at: 0,
            places: Vec::new(),
            body: Vec::new(),
            notes: Vec::new(),
            rows: 0,
            workspace: mapping.target.workspace.to_string(),
        })
    }

    /// Adds a row and what is planned for it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn push(&mut self, source: &Row, plan: &RowPlan, mapping: &Mapping) -> io::Result<()> {
        let start = self.body.len();
        if let Some(key) = plan.outcome.applied() {
            let shown = source
                .cell(&mapping.columns.key)
                .and_then(|cell| cell.bytes())
                .and_then(|stored| mapping.recipe.to_plaintext(stored))
                .map(|key| mask::migrated(&key));
            let row = to_row(plan.number, key, &mapping.recipe, shown).map_err(io::Error::other)?;
            serde_json::to_writer(&mut self.body, &row)?;
            self.body.push(b'\n');
        }
        let sent = self.body.len() - start;
        if self.rows > 0 && sent > 0 && (self.rows == ROWS || self.body.len() > BYTES) {
            let row = self.body.split_off(start);
            self.end_chunk()?;
            self.body = row;
        }
        self.rows += usize::from(sent > 0);
        serde_json::to_writer(&mut self.notes, &note(plan))?;
        self.notes.push(b'\n');
        Ok(())
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        let (body, notes) = (self.body.len(), self.notes.len());
        self.file.write_all(&self.body)?;
        self.file.write_all(&self.notes)?;
        self.places.push(Place { start: self.at, body, notes, rows: self.rows as u64 });
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

    /// Where the keys go.
    pub fn workspace(&self) -> &str {
        &self.workspace
    }
}

impl Spool {
    /// How many chunks have rows to send: all of them, but for one that holds nothing but notes.
    pub fn chunks(&self) -> u32 {
        let sending = self.places.iter().filter(|place| place.rows > 0).count();
        u32::try_from(sending).unwrap_or(u32::MAX)
    }

    /// How many rows are sent.
    pub fn rows(&self) -> u64 {
        self.places.iter().map(|place| place.rows).sum()
    }

    /// Every chunk's number, from 1; the last may have no rows to send.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        1..=u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// Reads a chunk back.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn chunk(&mut self, number: u32) -> io::Result<Chunk> {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let place = at.and_then(|at| self.places.get(at)).copied();
        let place = place.ok_or_else(|| io::Error::other(format!("there is no chunk {number}")))?;
        self.file.seek(SeekFrom::Start(place.start))?;
        let mut reader = BufReader::with_capacity(256 * 1024, &self.file);
        let mut body = vec![0; place.body];
        reader.read_exact(&mut body)?;
        let mut notes = vec![0; place.notes];
        reader.read_exact(&mut notes)?;
        let notes: Result<Vec<RowNote>, _> =
            serde_json::Deserializer::from_slice(&notes).into_iter().collect();
        Ok(Chunk { number, digest: Hex32::sha256(&body), body, notes: notes? })
    }
}

fn note(plan: &RowPlan) -> RowNote {
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
