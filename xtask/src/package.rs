//! `dist/`: the widget's files and the demo page, as the server serves them.
//!
//! ```text
//! dist/widget/oneloop-keys.js    the entry that pages name; small, and checked on every visit
//! dist/widget/<hash>/…           everything else, under a name made of its content: cached for good
//! dist/demo/…                    the demo page
//! dist/types/…                   the TypeScript declarations of the widget
//! dist/npm/…                     the widget as an npm package, for `npm pack dist/npm`
//! ```
//!
//! Every file of the widget and of the demo page has a `.br` and a `.gz` beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use crate::stamp::Stamp;
use crate::wasm::{self, Profile};
use crate::{command, files, npm, report, short_names, size, unreachable};

/// Says for which profile and which inputs `dist/` was made.
const STAMP: &str = ".stamp";

/// What the bindings offer, for TypeScript.
const DECLARATION: &str = "oneloop_keys.d.ts";

/// How many digits of the content's digest name its folder: 64 bits, far from a collision.
const HASH_DIGITS: usize = 16;

/// Makes `dist/`, unless it is already what it would become.
///
/// # Errors
///
/// If a tool fails or a file cannot be written. `dist/` is then what it was before.
pub(crate) fn run(profile: Profile) -> anyhow::Result<()> {
    let root = command::root();
    ensure!(
        root.join("node_modules").is_dir(),
        "the packages of package.json are not installed: run `npm ci`"
    );
    let dist = root.join("dist");
    let sources = sources(&root)?;
    // What is shipped serves a demo as well, and whoever has tested need not build once more to look.
    if profile == Profile::Demo && is_release_of(&dist, &sources) {
        report::line("dist/ is up to date: a release build");
        return Ok(());
    }
    let wasm = report::step("compile the widget", || wasm::compile(profile))?;
    let stamp = stamp(&root, &wasm, profile)?;
    if is_current(&dist, &stamp) {
        report::line("dist/ is up to date");
        return Ok(());
    }

    let next = dist.join(".next");
    files::remove(&next)?;
    let parts = next.join("parts");
    build_widget(&root, &wasm, &parts, profile)?;
    let types = next.join("types");
    separate_types(&parts, &types)?;
    npm::assemble(&root, &parts, &types, &next.join("npm"))?;
    name_by_content(&parts, &next.join("widget"))?;
    build_demo(&root, &next.join("demo"))?;
    report::step("compress", || compress(&[next.join("widget"), next.join("demo")], profile))?;
    replace(&dist, &next, &format!("{stamp}{sources}"))?;

    if profile == Profile::Release { size::print(&dist.join("widget")) } else { Ok(()) }
}

/// Whether `dist/` was made by the release profile, the one that is shipped and measured.
pub(crate) fn is_release(dist: &Path) -> bool {
    fs::read_to_string(dist.join(STAMP)).is_ok_and(|stamp| stamp.starts_with("release "))
}

/// Whether `dist/` was made by the release profile from these [`sources`].
fn is_release_of(dist: &Path, sources: &str) -> bool {
    is_release(dist) && is_whole(dist, |made| made.ends_with(sources))
}

/// What the result depends on: the first line of the stamp. The wasm stands for all Rust sources: cargo knows those
/// best.
fn stamp(root: &Path, wasm: &Path, profile: Profile) -> anyhow::Result<String> {
    let mut inputs = beside_rust(root)?;
    inputs.push(wasm.to_path_buf());
    let digest = Stamp::default().files(root, &inputs)?.digest();
    Ok(format!("{} {digest}\n", profile.as_str()))
}

/// What any profile's result is made from: the second line of the stamp.
fn sources(root: &Path) -> anyhow::Result<String> {
    let mut inputs = beside_rust(root)?;
    inputs.extend(files::below(&root.join("src"))?);
    inputs.extend(files::below(&root.join("crates/protocol"))?);
    inputs.extend(["Cargo.toml", "rust-toolchain.toml"].map(|name| root.join(name)));
    let digest = Stamp::default().files(root, &inputs)?.digest();
    Ok(format!("sources {digest}\n"))
}

/// The inputs that are not compiled to wasm.
fn beside_rust(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut inputs = files::below(&root.join("www"))?;
    inputs.extend(files::below(&root.join("src"))?.into_iter().filter(|file| is(file, "css")));
    inputs.extend(files::below(&root.join("xtask/src"))?);
    let named = ["Cargo.lock", "package-lock.json", MINIFY, COMPRESS];
    inputs.extend(named.iter().map(|name| root.join(name)));
    Ok(inputs)
}

fn is_current(dist: &Path, stamp: &str) -> bool {
    is_whole(dist, |made| made.starts_with(stamp))
}

fn is_whole(dist: &Path, is_right: impl Fn(&str) -> bool) -> bool {
    fs::read_to_string(dist.join(STAMP)).is_ok_and(|made| is_right(&made))
        && dist.join("widget").is_dir()
        && dist.join("demo").is_dir()
}

/// All files of the widget in one flat folder.
fn build_widget(root: &Path, wasm: &Path, parts: &Path, profile: Profile) -> anyhow::Result<()> {
    fs::create_dir_all(parts)?;
    report::step("wasm-bindgen", || wasm::bind(wasm, parts, profile))?;
    if profile == Profile::Release {
        unreachable::remove_classes(parts)?;
        let names = report::step("wasm-opt", || wasm::optimize(parts))?;
        short_names::use_in_bindings(&names, parts)?;
    }
    report::step("TypeScript of the widget", || typescript(&root.join("www/widget"), parts))?;
    copy_static(&root.join("www/widget"), parts)?;
    // By hand: wasm-bindgen would declare what is nobody's business, under names that are shortened afterwards.
    files::copy(&root.join("www/widget").join(DECLARATION), &parts.join(DECLARATION))?;
    if profile == Profile::Release {
        let modules = ["element.js", size::BINDINGS];
        report::step("minify", || command::run(command::node(MINIFY).arg(parts).args(modules)))?;
    }
    Ok(())
}

fn build_demo(root: &Path, folder: &Path) -> anyhow::Result<()> {
    report::step("TypeScript of the demo page", || typescript(&root.join("www/demo"), folder))?;
    copy_static(&root.join("www/demo"), folder)
}

/// Minifies the scripts and styles of a folder in place; the element becomes one module, the bindings stay another.
const MINIFY: &str = "scripts/minify.mjs";
/// Writes a `.br` and a `.gz` beside every file.
const COMPRESS: &str = "scripts/compress.mjs";

fn typescript(project: &Path, out: &Path) -> anyhow::Result<()> {
    let mut command = command::node("node_modules/typescript/bin/tsc");
    command.arg("--project").arg(project).arg("--rootDir").arg(project).arg("--outDir").arg(out);
    command::run(&mut command)
}

/// Copies what TypeScript does not make: pages, styles, images.
fn copy_static(from: &Path, to: &Path) -> anyhow::Result<()> {
    let is_source = |file: &PathBuf| is(file, "ts") || file.ends_with("tsconfig.json");
    for file in files::below(from)?.into_iter().filter(|file| !is_source(file)) {
        files::copy(&file, &to.join(file.strip_prefix(from)?))?;
    }
    Ok(())
}

/// Moves the declarations out of the way of the server.
fn separate_types(parts: &Path, types: &Path) -> anyhow::Result<()> {
    for file in files::below(parts)?.into_iter().filter(|file| is(file, "ts")) {
        files::copy(&file, &types.join(file.strip_prefix(parts)?))?;
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Moves the parts into a folder named after their content, and the entry beside it.
fn name_by_content(parts: &Path, widget: &Path) -> anyhow::Result<()> {
    let entry = parts.join(size::ENTRY);
    let text = fs::read_to_string(&entry).context("www/widget has no oneloop-keys.ts")?;
    fs::remove_file(&entry)?;
    let digest = Stamp::default().files(parts, &files::below(parts)?)?.digest();
    let hash = &digest[..HASH_DIGITS];
    fs::create_dir_all(widget)?;
    fs::rename(parts, widget.join(hash))?;
    fs::write(widget.join(size::ENTRY), moved(&text, hash)).context("cannot write the entry")
}

/// A script that imported what lay beside it, once that lies in `folder`.
fn moved(script: &str, folder: &str) -> String {
    script.replace("\"./", &format!("\"./{folder}/")).replace("'./", &format!("'./{folder}/"))
}

fn compress(folders: &[PathBuf], profile: Profile) -> anyhow::Result<()> {
    let quality = match profile {
        Profile::Demo => "4",
        Profile::Release => "11",
    };
    command::run(command::node(COMPRESS).arg(quality).args(folders))
}

/// Puts the new folders in place of the old ones; the stamp comes last, and only if all went well.
fn replace(dist: &Path, next: &Path, stamp: &str) -> anyhow::Result<()> {
    let _ = fs::remove_file(dist.join(STAMP));
    for name in ["widget", "demo", "types", "npm"] {
        files::remove(&dist.join(name))?;
        if next.join(name).is_dir() {
            fs::rename(next.join(name), dist.join(name))?;
        }
    }
    files::remove(next)?;
    fs::write(dist.join(STAMP), stamp).context("cannot write the stamp")
}

fn is(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn the_entry_follows_its_modules_into_their_folder() {
        assert_eq!(
            moved("import './define.js';export*from\"./element.js\";import 'elsewhere'", "0f3a"),
            "import './0f3a/define.js';export*from\"./0f3a/element.js\";import 'elsewhere'"
        );
    }
}
