//! The application in `examples/leptos-app`, ready to be served: what a page needs beside its own HTML.

use std::fs;

use anyhow::Context as _;

use crate::{command, files, report, wasm};

/// The package, and what its files are called.
const PACKAGE: &str = "oneloop-leptos-app";

/// Where it goes, below the repository's root.
const FOLDER: &str = "target/leptos-app";

/// The whole page: the bindings start the application in it.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>An application with Leptos</title>
    <script type="module" src="start.js"></script>
  </head>
  <body></body>
</html>
"#;

/// Compiles it without optimisation, and writes its files.
///
/// # Errors
///
/// If cargo or wasm-bindgen fails, or a file cannot be written.
pub(crate) fn run() -> anyhow::Result<()> {
    let wasm = report::step("compile the Leptos application", || wasm::compile_example(PACKAGE))?;
    let folder = command::root().join(FOLDER);
    files::remove(&folder)?;
    fs::create_dir_all(&folder).context("cannot make the folder")?;
    report::step("wasm-bindgen", || wasm::bind_example(&wasm, &folder, PACKAGE))?;
    let start = format!("import init from './{PACKAGE}.js'\nawait init()\n");
    fs::write(folder.join("start.js"), start).context("cannot write the script")?;
    fs::write(folder.join("index.html"), PAGE).context("cannot write the page")
}
