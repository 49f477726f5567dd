//! The widget's wasm and its JavaScript bindings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use clap::ValueEnum;
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::short_names::Names;
use crate::{anonymous, command, unreachable, unreferenced};

/// The base name of the bindings and of the wasm.
pub(crate) const NAME: &str = "oneloop_keys";

/// What the widget is compiled for.
const TARGET: &str = "wasm32-unknown-unknown";

/// How much time to spend on making the widget small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Quick to build: no wasm-opt, no minifier, light compression. What `npm start` uses.
    Demo,
    /// Small: what is shipped, measured and tested.
    Release,
}

impl Profile {
    /// The profile's name on the command line and in a stamp.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Release => "release",
        }
    }

    /// The profile of the root manifest.
    fn cargo(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Release => "wasm-release",
        }
    }
}

/// What wasm-opt may use: what every browser since 2023 has.
///
/// Named one by one, because `--all-features` makes wasm-opt write an encoding that Chromium refuses.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Compiles the root crate and returns where its wasm is. Cargo decides whether anything is to do.
pub(crate) fn compile(profile: Profile) -> anyhow::Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args([
        "rustc",
        "--quiet",
        "--package=oneloop-keys",
        "--lib",
        "--crate-type=cdylib",
        "--target",
        TARGET,
        "--profile",
        profile.cargo(),
        // Cargo says where it put the file, whatever the target directory is.
        "--message-format=json-render-diagnostics",
    ]);
    if profile == Profile::Release {
        cargo.arg("--config").arg(anonymous::rustflags(TARGET)?);
        // For this crate alone: what it depends on is compiled the same as without.
        cargo.args(["--", "-Clink-arg=--emit-relocs"]);
    }
    built(&mut cargo, NAME)
}

/// Compiles an application that uses the widget as a library, with the profile that tests are compiled with, and returns
/// where its wasm is.
pub(crate) fn compile_example(package: &str) -> anyhow::Result<PathBuf> {
    let mut cargo = command::cargo();
    cargo.args(["build", "--quiet", "--locked", "--package", package, "--target", TARGET]);
    cargo.arg("--message-format=json-render-diagnostics");
    built(&mut cargo, package)
}

/// Runs cargo, and finds the wasm of a target among what it has built.
fn built(cargo: &mut Command, target: &str) -> anyhow::Result<PathBuf> {
    let messages = command::output(cargo)?;
    artifact(&messages, target).ok_or_else(|| anyhow!("cargo built no wasm for `{target}`"))
}

/// The `.wasm` of a target among the artifacts in cargo's messages, one JSON object a line.
fn artifact(messages: &str, target: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == target)
        .filter_map(|message| message["filenames"].as_array().cloned())
        .flatten()
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

/// Writes `oneloop_keys.js` and `oneloop_keys_bg.wasm` into `folder`.
pub(crate) fn bind(wasm: &Path, folder: &Path, profile: Profile) -> anyhow::Result<()> {
    let mut bytes = fs::read(wasm).context("cargo wrote no wasm")?;
    if profile == Profile::Release {
        bytes = unreferenced::blanked(&bytes)?;
    }
    let mut output = Bindgen::new()
        .input_bytes(NAME, bytes)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        // The library leaves it out unless told: `init()` without arguments finds the wasm beside the script.
        .omit_default_module_path(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate_output()
        .context("wasm-bindgen failed")?;
    if profile == Profile::Release {
        unreachable::empty(output.wasm_mut(), &command::root().join("src"))?;
    }
    output.emit(folder).context("wasm-bindgen failed")
}

/// Writes the bindings and the wasm of an application into `folder`, under its name.
pub(crate) fn bind_example(wasm: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).web(true)?.typescript(false);
    bindgen.omit_default_module_path(false).generate(folder).context("wasm-bindgen failed")
}

/// Makes the wasm in `folder` small, in place, and returns what it calls its imports and exports now.
pub(crate) fn optimize(folder: &Path) -> anyhow::Result<Names> {
    let file = folder.join(format!("{NAME}_bg.wasm"));
    let mut command = command::node("node_modules/binaryen/bin/wasm-opt");
    command.arg(&file).arg("-Oz").arg("--minify-imports-and-exports-and-modules");
    command.args(FEATURES).arg("-o").arg(&file);
    let names = command::output(&mut command)?;
    anonymous::check(&file)?;
    serde_json::from_str(&names).context("wasm-opt printed no names")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NAME, artifact};

    #[test]
    fn the_wasm_is_found_among_other_artifacts() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"leptos"},"filenames":["/t/libleptos.rlib"]}
{"reason":"compiler-artifact","target":{"name":"oneloop_keys"},"filenames":["/t/oneloop_keys.d","/t/oneloop_keys.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(artifact(messages, NAME).as_deref(), Some(Path::new("/t/oneloop_keys.wasm")));
        assert_eq!(artifact(messages, "another"), None);
        assert_eq!(artifact("not json", NAME), None);
    }
}
