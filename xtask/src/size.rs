//! What the widget weighs on the wire, and the budget that holds it down.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use crate::{command, files, package, report};

/// The one file of the widget that pages name.
pub(crate) const ENTRY: &str = "oneloop-keys.js";

/// What wasm-bindgen writes: it comes and goes with the wasm.
pub(crate) const BINDINGS: &str = "oneloop_keys.js";

/// The most the widget may weigh, in bytes compressed with brotli.
pub(crate) struct Budget {
    /// All files together, without the texts of other languages.
    pub(crate) total: Option<u64>,
    /// The element's own scripts, which a page loads first: the entry and all it imports, but not the
    /// bindings, which are part of the wasm.
    pub(crate) entry: Option<u64>,
}

/// Bytes of one file, or of several.
#[derive(Clone, Copy, Default)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl std::ops::AddAssign for Weight {
    fn add_assign(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }
}

/// Prints the weights of `dist/widget` and holds them against the budget.
///
/// # Errors
///
/// If `dist/` is missing, was made by the demo profile, or weighs more than the budget allows.
pub(crate) fn run(budget: Budget) -> anyhow::Result<()> {
    let dist = command::root().join("dist");
    ensure!(package::is_release(&dist), "dist/ holds no release build: run `cargo xtask package`");
    let widget = dist.join("widget");
    print(&widget)?;
    within("the widget", total(&widget)?, budget.total)?;
    within("the element without its wasm", before_wasm(&widget)?, budget.entry)
}

/// Prints one line a file, the total, and what of it is the element without its wasm.
pub(crate) fn print(widget: &Path) -> anyhow::Result<()> {
    report::line(row("file (bytes)", &["raw", "gzip", "brotli"]));
    for file in originals(widget)? {
        report::line(weight_row(&name(widget, &file), weigh(&file)?));
    }
    report::line(weight_row("total", total(widget)?));
    report::line(weight_row("of it the element without its wasm", before_wasm(widget)?));
    if let Some(largest) = largest_catalogue(widget)? {
        report::line(weight_row("apart: the largest other language", largest));
    }
    Ok(())
}

fn within(what: &str, weight: Weight, most: Option<u64>) -> anyhow::Result<()> {
    match most {
        Some(most) if weight.brotli > most => bail!(
            "{what} weighs {} bytes in brotli, {} more than the {most} allowed",
            weight.brotli,
            weight.brotli - most
        ),
        _ => Ok(()),
    }
}

fn total(widget: &Path) -> anyhow::Result<Weight> {
    let mut sum = Weight::default();
    for file in originals(widget)? {
        sum += weigh(&file)?;
    }
    Ok(sum)
}

/// The entry and, following the import statements, every script a browser fetches with it, up to the bindings.
fn before_wasm(widget: &Path) -> anyhow::Result<Weight> {
    let mut sum = Weight::default();
    let mut seen = BTreeSet::new();
    let mut open = vec![widget.join(ENTRY)];
    while let Some(file) = open.pop() {
        if file.file_name().is_some_and(|name| name == BINDINGS) || !seen.insert(file.clone()) {
            continue;
        }
        sum += weigh(&file)?;
        let text = fs::read_to_string(&file)?;
        let folder = file.parent().unwrap_or(widget);
        open.extend(
            imports(&text).iter().map(|import| folder.join(import.trim_start_matches("./"))),
        );
    }
    Ok(sum)
}

/// The relative modules a script imports by statement: `import './a.js'` and `… from './a.js'`,
/// but not `import('./a.js')`, which waits until it runs.
fn imports(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in ["import", "from"] {
        for (at, _) in script.match_indices(keyword) {
            let rest = script[at + keyword.len()..].trim_start();
            let Some(quote @ ('"' | '\'')) = rest.chars().next() else { continue };
            let Some(path) = rest[1..].split(quote).next() else { continue };
            if path.starts_with("./") {
                found.push(path.to_owned());
            }
        }
    }
    found
}

/// The files themselves, without their compressed twins and without the texts of other languages, of which
/// a page loads one at most.
fn originals(widget: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = uncompressed(widget)?;
    all.retain(|file| !is_catalogue(file));
    ensure!(!all.is_empty(), "{} is empty: run `cargo xtask package`", widget.display());
    Ok(all)
}

/// What a page that speaks another language than English loads besides, at most.
fn largest_catalogue(widget: &Path) -> anyhow::Result<Option<Weight>> {
    let catalogues = uncompressed(widget)?.into_iter().filter(|file| is_catalogue(file));
    let weights = catalogues.map(|file| weigh(&file)).collect::<anyhow::Result<Vec<Weight>>>()?;
    Ok(weights.into_iter().max_by_key(|weight| weight.brotli))
}

fn is_catalogue(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with("locales"))
}

fn uncompressed(widget: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = files::below(widget)?;
    all.retain(|file| {
        file.extension().is_none_or(|extension| extension != "br" && extension != "gz")
    });
    Ok(all)
}

fn weigh(file: &Path) -> anyhow::Result<Weight> {
    let bytes = |suffix: &str| {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        let path = PathBuf::from(path);
        let size = fs::metadata(&path).with_context(|| format!("{} is missing", path.display()));
        size.map(|size| size.len())
    };
    Ok(Weight { raw: bytes("")?, gzip: bytes(".gz")?, brotli: bytes(".br")? })
}

fn name(widget: &Path, file: &Path) -> String {
    file.strip_prefix(widget).unwrap_or(file).display().to_string()
}

fn weight_row(name: &str, weight: Weight) -> String {
    let cells = [weight.raw, weight.gzip, weight.brotli].map(|bytes| bytes.to_string());
    row(name, &[&cells[0], &cells[1], &cells[2]])
}

fn row(name: &str, [raw, gzip, brotli]: &[&str; 3]) -> String {
    format!("{name:<48} {raw:>9} {gzip:>9} {brotli:>9}")
}

#[cfg(test)]
mod tests {
    use super::imports;

    #[test]
    fn statements_count_as_imports_and_calls_do_not() {
        let script = r#"import"./a.js";import { b } from './b.js';export*from"./c.js";
            const later = () => import("./wasm.js"); import x from "elsewhere""#;
        assert_eq!(imports(script), ["./a.js", "./b.js", "./c.js"]);
    }
}
