//! The ready file: tells a script that the server is up, and where.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Failure, Outcome};

/// What the file says.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    /// Where the server is.
    pub(crate) url: &'a str,
    /// Which process it is.
    pub(crate) pid: u32,
    /// Only with `--demo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) demo: Option<DemoFacts<'a>>,
}

/// What a test or a script needs in order to act in the demonstration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DemoFacts<'a> {
    pub(crate) team_id: &'a str,
    pub(crate) workspace_id: &'a str,
    /// In clear: this is how a script gets it. The file is readable by its owner only.
    pub(crate) sdk_key: &'a str,
    pub(crate) customer_id: &'a str,
}

/// A ready file that this process wrote; removed when dropped.
#[derive(Debug)]
pub(crate) struct ReadyFile {
    path: PathBuf,
    contents: Vec<u8>,
}

/// Removes what an earlier process left when it was killed: a script must not take it for ours.
pub(crate) fn clear(path: &Path) -> Outcome {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(cannot("remove", path, &error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes the file, complete or not at all, with mode 0600.
pub(crate) fn write(path: &Path, ready: &Ready<'_>) -> Outcome<ReadyFile> {
    let contents = serde_json::to_vec(ready)
        .map_err(|error| Failure::ours("cannot write the ready file as JSON").because(&error))?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // In the same directory, because a rename does not cross file systems; tempfile's mode is 0600.
    let written = tempfile::NamedTempFile::new_in(dir).and_then(|mut file| {
        file.write_all(&contents)?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map_err(|error| cannot("write", path, &error))?;
    Ok(ReadyFile { path: path.to_owned(), contents })
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // Another server may have been told the same path meanwhile; its file stays.
        if fs::read(&self.path).is_ok_and(|found| found == self.contents)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "Could not remove the ready file");
        }
    }
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::user(format!("cannot {verb} the ready file `{}`", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const READY: Ready<'_> = Ready { url: "http://127.0.0.1:1", pid: 7, demo: None };

    #[test]
    fn it_is_private_and_goes_away_with_its_process() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ready.json");
        let file = write(&path, &READY).expect("written");
        assert_eq!(
            fs::read_to_string(&path).expect("there"),
            r#"{"url":"http://127.0.0.1:1","pid":7}"#
        );
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
        assert_eq!(
            fs::read_dir(dir.path()).expect("there").count(),
            0,
            "nothing temporary is left"
        );
    }

    #[test]
    fn the_file_of_another_server_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ready.json");
        let ours = write(&path, &READY).expect("written");
        let _theirs = write(&path, &Ready { pid: 8, ..READY }).expect("written");
        drop(ours);
        assert!(path.exists());
    }

    #[test]
    fn a_stale_file_is_cleared_and_a_missing_one_is_fine() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ready.json");
        clear(&path).expect("nothing to do");
        fs::write(&path, "{}").expect("written");
        clear(&path).expect("cleared");
        assert!(!path.exists());
    }
}
