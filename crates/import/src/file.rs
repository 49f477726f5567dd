//! Files and standard input as sources of rows.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oneloop_migrate::source::{Csv, Ndjson, Source};

/// The location that means standard input.
pub const STDIN: &str = "-";

/// How the rows of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// A file that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open `{}`", path.display())]
pub struct OpenFileError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: io::Error,
}

/// The source at `location`: a path, or `-` for standard input.
///
/// # Errors
///
/// [`OpenFileError`] if the file is not there, is a directory or may not be read.
pub fn open(format: FileFormat, location: &str) -> Result<Box<dyn Source + Send>, OpenFileError> {
    let input: Box<dyn Read + Send> = match location {
        STDIN => Box::new(io::stdin()),
        path => Box::new(open_file(Path::new(path))?),
    };
    Ok(reading(format, input))
}

/// The rows of any reader.
pub fn reading<'r>(
    format: FileFormat,
    input: impl Read + Send + 'r,
) -> Box<dyn Source + Send + 'r> {
    match format {
        FileFormat::Csv => Box::new(Csv::new(input)),
        FileFormat::Ndjson => Box::new(Ndjson::new(input)),
    }
}

/// Opens a file for reading.
///
/// # Errors
///
/// [`OpenFileError`] if it is not there, is a directory or may not be read.
pub fn open_file(path: &Path) -> Result<File, OpenFileError> {
    let failed = |cause| OpenFileError { path: path.to_owned(), cause };
    let file = File::open(path).map_err(failed)?;
    // A directory opens and then fails at the first read, far from here.
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use oneloop_migrate::source::Row;

    use super::*;

    #[test]
    fn rows_come_out_of_a_file_in_either_format() {
        let folder = tempfile::tempdir().expect("a folder");
        for (format, text) in [
            (FileFormat::Csv, "id,key\n7,abc\n"),
            (FileFormat::Ndjson, "{\"id\":7,\"key\":\"abc\"}\n"),
        ] {
            let path = folder.path().join("keys");
            std::fs::write(&path, text).expect("written");
            let mut source = open(format, path.to_str().expect("UTF-8")).expect("opens");
            let mut keys = Vec::new();
            let mut sink = |row: Row| {
                keys.push(row.text("key").map(str::to_owned));
                ControlFlow::Continue(())
            };
            source.read(&mut sink).expect("reads");
            assert_eq!(keys, [Some("abc".to_owned())], "{format:?}");
        }
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("missing.csv");
        for path in [folder.path(), &missing] {
            let text = path.to_str().expect("UTF-8");
            let refused = open(FileFormat::Csv, text).err().expect("refused");
            assert_eq!(refused.path, path);
        }
    }
}
