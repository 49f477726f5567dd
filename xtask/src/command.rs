//! Running other programs from the repository's root.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, anyhow, ensure};

/// The repository's root: the parent of this crate.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; a program started by hand works from the current folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    here.as_deref().and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The `cargo` that runs us, or the one on `PATH`.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The compiler that cargo uses here.
pub(crate) fn rustc() -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(root());
    command
}

/// Node, with a script and its arguments.
///
/// Programs of npm packages are started through Node rather than through `node_modules/.bin`,
/// whose entries are shell files on some systems.
pub(crate) fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.current_dir(root()).arg(script);
    command
}

/// Runs a command to its end.
///
/// # Errors
///
/// If the program is missing or leaves with anything but success; its own output says why.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status =
        command.status().with_context(|| format!("`{}` could not be started", text(command)))?;
    ensure!(status.success(), "`{}` failed ({status})", text(command));
    Ok(())
}

/// Runs a command to its end and returns what it wrote to stdout; its stderr is shown.
///
/// # Errors
///
/// As [`run`], and if the output is not UTF-8.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let (output, ended) = output_and_end(command)?;
    ended.map(|()| output)
}

/// The same of a command whose output matters however it ends.
///
/// # Errors
///
/// If the program is missing, or the output is not UTF-8; how it ended is beside the output.
pub(crate) fn output_and_end(
    command: &mut Command,
) -> anyhow::Result<(String, anyhow::Result<()>)> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{}` could not be started", text(command)))?;
    let status = output.status;
    let ended = if status.success() {
        Ok(())
    } else {
        Err(anyhow!("`{}` failed ({status})", text(command)))
    };
    Ok((String::from_utf8(output.stdout).context("the output is not UTF-8")?, ended))
}

fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
