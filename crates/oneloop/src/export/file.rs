//! A file that is complete or not there.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, Outcome};

/// A file on its way: beside its place, its owner's alone. Dropped, it is gone.
pub(super) struct OutputFile {
    out: BufWriter<NamedTempFile>,
    folder: PathBuf,
    place: PathBuf,
    replace: bool,
}

impl OutputFile {
    pub(super) fn create(place: &Path, replace: bool) -> Outcome<Self> {
        if !replace && place.exists() {
            return Err(there(place));
        }
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        // Made with mode 0600, as every file of this library is.
        let file = tempfile::Builder::new().prefix(".oneloop-export-").tempfile_in(&folder);
        let file = file.map_err(|error| unwritten(place, &error))?;
        Ok(Self { out: BufWriter::new(file), folder, place: place.to_owned(), replace })
    }

    /// Gives it its name, once everything is on the disk.
    pub(super) fn keep(self) -> Outcome {
        let Self { out, folder, place, replace } = self;
        let failed = |error: &io::Error| unwritten(&place, error);
        let file = out.into_inner().map_err(|error| failed(error.error()))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        let kept = if replace { file.persist(&place) } else { file.persist_noclobber(&place) };
        match kept {
            Ok(_) => File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|error| failed(&error)),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(there(&place)),
            Err(error) => Err(failed(&error.error)),
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn there(place: &Path) -> Failure {
    Failure::user(format!("`{}` is there already", place.display()))
        .hint("write to another file, or replace it with --force")
}

fn unwritten(place: &Path, error: &io::Error) -> Failure {
    Failure::user(format!("cannot write `{}`", place.display())).because(error)
}
