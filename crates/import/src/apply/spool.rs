//! A plan's chunks, in a temporary file that has no name and is gone with the process.
//!
//! The whole plan is written before the first chunk is sent: only then is its digest known, and what was reviewed
//! is what runs, also where a source can be read only once.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::RowPlan;
use oneloop_migrate::source::Row;
use oneloop_protocol::migration::Hex32;

use super::chunking::{Chunk, Chunking, RowNote};

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
    chunking: Chunking,
    notes: Vec<u8>,
}

/// A plan's chunks.
#[derive(Debug)]
pub struct Spool {
    file: File,
    places: Vec<Place>,
}

impl SpoolWriter {
    /// An empty spool, of chunks as they are cut by `chunking`.
    ///
    /// # Errors
    ///
    /// If there is no place for a temporary file.
    pub fn new(chunking: Chunking) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1024 * 1024, tempfile::tempfile()?),
            at: 0,
            places: Vec::new(),
            chunking,
            notes: Vec::new(),
        })
    }

    /// Adds a row and what is planned for it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn push(&mut self, source: &Row, plan: &RowPlan, mapping: &Mapping) -> io::Result<()> {
        match self.chunking.push(source, plan, mapping)? {
            Some(chunk) => self.write(&chunk),
            None => Ok(()),
        }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.notes.clear();
        for note in &chunk.notes {
            serde_json::to_writer(&mut self.notes, note)?;
            self.notes.push(b'\n');
        }
        self.file.write_all(&chunk.body)?;
        self.file.write_all(&self.notes)?;
        let (body, notes) = (chunk.body.len(), self.notes.len());
        let Chunk { number, digest, rows, .. } = *chunk;
        self.places.push(Place { number, start: self.at, body, notes, rows, digest });
        self.at += (body + notes) as u64;
        Ok(())
    }

    /// The chunks.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn finish(mut self) -> io::Result<Spool> {
        if let Some(chunk) = self.chunking.last() {
            self.write(&chunk)?;
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
        let Place { number, rows, digest, .. } = place;
        Ok(Chunk { number, body, rows, digest, notes: notes? })
    }
}
