//! An artefact that does not tell where it was built.
//!
//! A panic names the file and line that it comes from, and the compiler writes those names into the wasm: of crates from
//! the registry with the path of whoever built it. Shortened, the same sources give the same bytes on every machine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::command;

/// The compiler's flags, as a value for `cargo --config`: crates of the registry begin with their name and version,
/// and the standard library with the commit it is from, as it does where its sources are not installed.
pub(crate) fn rustflags(target: &str) -> anyhow::Result<String> {
    let mut flags = Vec::new();
    for folder in registries()? {
        flags.push(format!("--remap-path-prefix={}/=", folder.display()));
    }
    let version = command::output(command::rustc().arg("-vV"))?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    let library = sysroot()?.join("lib/rustlib/src/rust");
    let commit = commit.context("rustc does not say which commit it is from")?;
    flags.push(format!("--remap-path-prefix={}=/rustc/{commit}", library.display()));
    Ok(format!("target.{target}.rustflags={}", serde_json::to_string(&flags)?))
}

/// Where cargo unpacks crates, one folder a registry.
fn registries() -> anyhow::Result<Vec<PathBuf>> {
    let folder = cargo_home()?.join("registry/src");
    let entries = fs::read_dir(&folder);
    let entries = entries.with_context(|| format!("cannot read {}", folder.display()))?;
    let mut all = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

fn cargo_home() -> anyhow::Result<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).context("there is no home folder")
}

fn sysroot() -> anyhow::Result<PathBuf> {
    let sysroot = command::output(command::rustc().args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(sysroot.trim()))
}

/// Looks for folders of this machine in a file.
///
/// # Errors
///
/// If there is one.
pub(crate) fn check(file: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let root = fs::canonicalize(command::root())?;
    for folder in [cargo_home()?, sysroot()?, root] {
        let folder = folder.to_string_lossy();
        ensure!(!text.contains(&*folder), "{} names the folder {folder}", file.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check, rustflags};

    #[test]
    fn a_folder_of_this_machine_is_found_and_mapped_away() {
        let flags = rustflags("wasm32-unknown-unknown").expect("cargo has unpacked crates");
        assert!(
            flags.starts_with("target.wasm32-unknown-unknown.rustflags=[\"--remap-path-prefix=")
        );
        let folder = std::env::temp_dir();
        let file = folder.join(format!("anonymous-{}.wasm", std::process::id()));
        let root = std::fs::canonicalize(crate::command::root()).expect("the repository is there");
        let told = [b"\0", root.as_os_str().as_encoded_bytes(), b"\0"].concat();
        std::fs::write(&file, told).expect("the temporary folder is there");
        let found = check(&file);
        std::fs::write(&file, "leptos-0.8.23/src/mount.rs").expect("the temporary folder is there");
        let clean = check(&file);
        std::fs::remove_file(&file).expect("it was there");
        assert!(found.is_err() && clean.is_ok());
    }
}
