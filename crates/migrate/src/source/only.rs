//! Some of a file's rows: those in which certain columns have certain values.

use std::collections::BTreeMap;

use super::{Row, Sink, Source, SourceError};

/// Leaves rows out. The others keep their numbers and lines.
pub struct Only {
    source: Box<dyn Source + Send>,
    values: BTreeMap<String, String>,
}

impl Only {
    /// Of `source`, the rows that have these values. None at all lets every row pass.
    pub fn new(source: Box<dyn Source + Send>, values: BTreeMap<String, String>) -> Self {
        Self { source, values }
    }
}

impl std::fmt::Debug for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Only({}, {:?})", self.source.name(), self.values)
    }
}

impl Source for Only {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let values = &self.values;
        let mut those = |row: Row| {
            if values.iter().all(|(column, value)| row.text(column) == Some(value)) {
                sink.row(row)
            } else {
                std::ops::ControlFlow::Continue(())
            }
        };
        self.source.read(&mut those)
    }
}
