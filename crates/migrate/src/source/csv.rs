//! Comma-separated values.
//!
//! # Source
//!
//! RFC 4180, and what programs write in its name: byte order marks, UTF-16, LF or CRLF, line breaks and
//! doubled quotes inside quotes. The first record names the columns. A record with another number of cells is
//! an error, because every cell after a stray comma would be another column's.

use std::io::Read;
use std::ops::ControlFlow;

use csv_core::{ReadFieldResult, Reader};
use zeroize::{Zeroize, Zeroizing};

use super::decode::{Charset, Utf8Reader};
use super::row::{Cell, Header, Row};
use super::{Limits, Place, Sink, Source, SourceError};

/// A CSV file.
#[derive(Debug)]
pub struct Csv<R> {
    input: Utf8Reader<R>,
    limits: Limits,
    delimiter: u8,
}

impl<R: Read> Csv<R> {
    /// A file with commas, within the usual limits.
    pub fn new(input: R) -> Self {
        Self::with(input, Charset::default(), b',', Limits::default())
    }

    /// A file with another delimiter, encoding or limits.
    pub fn with(input: R, charset: Charset, delimiter: u8, limits: Limits) -> Self {
        Self { input: Utf8Reader::new(input, charset), limits, delimiter }
    }
}

impl<R: Read> Source for Csv<R> {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut records = Records::new(&mut self.input, self.delimiter, self.limits);
        let Some(first) = records.next()? else { return Err(SourceError::Empty) };
        let header = header(first)?;
        let expected = header.names().len();
        let mut number = 0;
        while let Some(Record { line, cells }) = records.next()? {
            number += 1;
            let found = cells.len();
            if found != expected {
                let place = Place { line, column: None };
                return Err(SourceError::Ragged { place, found, expected });
            }
            let cells = cells.into_iter().map(Cell::Value).collect();
            if sink.row(Row { number, line, header: header.clone(), cells })
                == ControlFlow::Break(())
            {
                break;
            }
        }
        Ok(())
    }
}

/// Checks the first record: every column has a name of its own.
fn header(record: Record) -> Result<Header, SourceError> {
    let Record { line, cells } = record;
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    for (at, cell) in cells.iter().enumerate() {
        let place = Place { line, column: Some(at + 1) };
        let name = String::from_utf8_lossy(cell).trim().to_owned();
        if name.is_empty() {
            return Err(SourceError::UnnamedColumn(place));
        }
        if names.contains(&name) {
            return Err(SourceError::DuplicateColumn { place, name });
        }
        names.push(name);
    }
    Ok(Header::new(names))
}

struct Record {
    line: u64,
    cells: Vec<Zeroizing<Vec<u8>>>,
}

/// What is fed to the parser after the end. If the file ended outside quotes, the parser ends the record at
/// hand and reads one more of exactly one cell; inside quotes, it swallows all of it.
const SENTINEL: &[u8] = b"\nx\n";

struct Records<'r, R> {
    input: &'r mut Utf8Reader<R>,
    parser: Reader,
    limits: Limits,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    ended: bool,
    /// The cell at hand; one byte longer than a cell may be, so that filling it means too large.
    cell: Zeroizing<Vec<u8>>,
}

impl<'r, R: Read> Records<'r, R> {
    fn new(input: &'r mut Utf8Reader<R>, delimiter: u8, limits: Limits) -> Self {
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let buffer = vec![0; 32 * 1024].into_boxed_slice();
        let cell = Zeroizing::new(vec![0; limits.cell + 1]);
        Self { input, parser, limits, buffer, at: 0, end: 0, ended: false, cell }
    }

    /// The next record; `None` at the end.
    fn next(&mut self) -> Result<Option<Record>, SourceError> {
        let mut record = Record { line: self.parser.line(), cells: Vec::new() };
        let (mut filled, mut bytes, mut begun) = (0, 0, false);
        loop {
            if self.at == self.end {
                self.fill(record.line)?;
            }
            let input = self.buffer.get(self.at..self.end).unwrap_or_default();
            let output = self.cell.get_mut(filled..).unwrap_or_default();
            let before = self.parser.line();
            let (result, read, written) = self.parser.read_field(input, output);
            if !begun {
                // Line ends before the record belong to the one before it, or are empty lines.
                let consumed = input.get(..read).unwrap_or_default();
                let blank = consumed.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
                record.line = before + blank.clone().filter(|byte| **byte == b'\n').count() as u64;
                begun = blank.count() < read;
            }
            self.at += read;
            filled += written;
            bytes += written;
            let place = Place { line: record.line, column: Some(record.cells.len() + 1) };
            if filled > self.limits.cell {
                return Err(too_large(place, "the cell", self.limits.cell, "bytes"));
            }
            if bytes > self.limits.row {
                return Err(too_large(place, "the row", self.limits.row, "bytes"));
            }
            match result {
                ReadFieldResult::InputEmpty if self.ended && self.at == self.end => {
                    return Err(SourceError::OpenQuote(Place { column: None, ..place }));
                }
                ReadFieldResult::InputEmpty => {}
                ReadFieldResult::OutputFull => {
                    return Err(too_large(place, "the cell", self.limits.cell, "bytes"));
                }
                ReadFieldResult::Field { record_end } => {
                    let text = self.cell.get(..filled).unwrap_or_default();
                    record.cells.push(Zeroizing::new(text.to_vec()));
                    self.cell.get_mut(..filled).unwrap_or_default().zeroize();
                    filled = 0;
                    if record.cells.len() > self.limits.columns {
                        return Err(too_large(place, "the row", self.limits.columns, "columns"));
                    }
                    if record_end {
                        return Ok(Some(record).filter(|record| !self.is_sentinel(record)));
                    }
                }
                ReadFieldResult::End => return Ok(None),
            }
        }
    }

    fn is_sentinel(&self, record: &Record) -> bool {
        let one = matches!(record.cells.as_slice(), [cell] if cell.as_slice() == b"x");
        self.ended && self.at == self.end && one
    }

    fn fill(&mut self, line: u64) -> Result<(), SourceError> {
        let place = Place { line, column: None };
        self.at = 0;
        self.end = match self.input.read(&mut self.buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let charset = self.input.charset();
                return Err(SourceError::NotText { place, charset });
            }
            Err(source) => return Err(SourceError::Io { place, source }),
        };
        if self.end == 0 && !self.ended {
            self.ended = true;
            self.end = SENTINEL.len();
            if let Some(room) = self.buffer.get_mut(..SENTINEL.len()) {
                room.copy_from_slice(SENTINEL);
            }
        }
        Ok(())
    }
}

fn too_large(place: Place, what: &'static str, limit: usize, unit: &str) -> SourceError {
    SourceError::TooLarge { place, what, limit: format!("{limit} {unit}") }
}
