//! The repository as a list of its own files.

use std::fs;
use std::path::{Path, PathBuf};

/// What tools make or fetch; never part of the repository.
const MADE: [&str; 7] =
    [".data", ".git", "dist", "node_modules", "playwright-report", "target", "test-results"];

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask stands in the root").to_path_buf()
}

/// Every file, by its path from the root with `/` between the parts, sorted.
pub(crate) fn files() -> Vec<String> {
    let mut found = Vec::new();
    collect(&root(), "", &mut found);
    found.sort();
    found
}

/// Files whose name ends in one of `extensions`, with their text.
pub(crate) fn texts(extensions: &[&str]) -> Vec<(String, String)> {
    let wanted = |file: &String| {
        file.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    };
    let read = |file: String| {
        let text = fs::read_to_string(root().join(&file)).expect("a source file is readable UTF-8");
        (file, text)
    };
    files().into_iter().filter(wanted).map(read).collect()
}

fn collect(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository is readable") {
        let entry = entry.expect("a folder of the repository is readable");
        let name = entry.file_name().to_string_lossy().into_owned();
        if MADE.contains(&name.as_str()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.path().is_dir() {
            collect(&entry.path(), &format!("{path}/"), found);
        } else {
            found.push(path);
        }
    }
}
