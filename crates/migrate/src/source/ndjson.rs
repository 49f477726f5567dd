//! One JSON object a line (newline-delimited JSON, also called JSON Lines).
//!
//! The objects may differ in their keys: the header of a row is its own object's. Numbers and booleans become
//! their text; objects and arrays become JSON text, which is how permissions arrive; `null` is no value.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::decode::{Charset, Utf8Reader};
use super::row::{Cell, Header, Row};
use super::{Limits, Place, Sink, Source, SourceError};

/// An NDJSON file.
#[derive(Debug)]
pub struct Ndjson<R> {
    input: BufReader<Utf8Reader<R>>,
    limits: Limits,
}

impl<R: Read> Ndjson<R> {
    /// A file within the usual limits.
    pub fn new(input: R) -> Self {
        Self::with(input, Charset::default(), Limits::default())
    }

    /// A file with another encoding or limits.
    pub fn with(input: R, charset: Charset, limits: Limits) -> Self {
        Self { input: BufReader::new(Utf8Reader::new(input, charset)), limits }
    }

    /// Reads a line into `line`; false at the end.
    fn line(&mut self, line: &mut Vec<u8>, place: Place) -> Result<bool, SourceError> {
        let most = self.limits.row as u64 + 2;
        let read = (&mut self.input).take(most).read_until(b'\n', line);
        match read {
            Ok(read) => {
                let text = line.trim_ascii_end().len();
                if text > self.limits.row {
                    let limit = format!("{} bytes", self.limits.row);
                    return Err(SourceError::TooLarge { place, what: "the line", limit });
                }
                Ok(read > 0)
            }
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                let charset = self.input.get_ref().charset();
                Err(SourceError::NotText { place, charset })
            }
            Err(source) => Err(SourceError::Io { place, source }),
        }
    }
}

impl<R: Read> Source for Ndjson<R> {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut line = Zeroizing::new(Vec::new());
        let (mut number, mut at) = (0, 0);
        let mut header = Header::default();
        loop {
            line.clear();
            at += 1;
            let place = Place { line: at, column: None };
            if !self.line(&mut line, place)? {
                return Ok(());
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            let object = object(&line, place)?;
            number += 1;
            self.check(&object, place)?;
            // Most files repeat one shape: its names are shared instead of copied for every row.
            if !object.keys().eq(header.names()) {
                header = Header::new(object.keys().cloned());
            }
            let cells = object.into_iter().map(|(_, value)| cell(value)).collect();
            if sink.row(Row { number, line: at, header: header.clone(), cells })
                == ControlFlow::Break(())
            {
                return Ok(());
            }
        }
    }
}

impl<R: Read> Ndjson<R> {
    fn check(&self, object: &Map<String, Value>, place: Place) -> Result<(), SourceError> {
        let (columns, cell) = (self.limits.columns, self.limits.cell);
        if object.len() > columns {
            let limit = format!("{columns} columns");
            return Err(SourceError::TooLarge { place, what: "the row", limit });
        }
        let large = |value: &Value| value.as_str().is_some_and(|text| text.len() > cell);
        if let Some(at) = object.values().position(large) {
            let place = Place { column: Some(at + 1), ..place };
            let limit = format!("{cell} bytes");
            return Err(SourceError::TooLarge { place, what: "the cell", limit });
        }
        Ok(())
    }
}

/// Reads one object. serde_json's message names what it met, never the text; its column is kept.
fn object(line: &[u8], place: Place) -> Result<Map<String, Value>, SourceError> {
    serde_json::from_slice(line).map_err(|error| {
        let problem = match error.classify() {
            serde_json::error::Category::Data => "the line is not a JSON object",
            serde_json::error::Category::Eof => "the JSON object is not complete",
            _ => "the line is not JSON",
        };
        let place = Place { column: Some(error.column()), ..place };
        SourceError::Json { place, problem: problem.to_owned() }
    })
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::String(text) => Cell::text(text),
        other => Cell::text(other.to_string()),
    }
}
