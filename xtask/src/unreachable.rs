//! What the bindings offer to a page that no page can reach.
//!
//! Leptos brings `wasm-streams` along for server functions, and wasm-bindgen exports every class of every crate: three
//! classes for byte streams, kept alive by their exports alone. Nothing else of the graph would go by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::{command, wasm};

/// How the classes' names begin.
const PREFIX: &str = "IntoUnderlying";

/// Takes the classes out of the bindings in `folder`, and what only they reached out of the wasm beside them.
pub(crate) fn remove(folder: &Path) -> anyhow::Result<()> {
    let script = folder.join(format!("{}.js", wasm::NAME));
    let binary = folder.join(format!("{}_bg.wasm", wasm::NAME));
    let text = fs::read_to_string(&script).context("wasm-bindgen wrote no bindings")?;
    let rest = without_classes(&text);
    ensure!(!rest.contains(PREFIX), "the bindings use {PREFIX}… outside of its classes");
    fs::write(&script, &rest)?;

    let graph = folder.join("reachable.json");
    fs::write(&graph, reachable(&rest).to_string())?;
    let mut shake = command::node("node_modules/binaryen/bin/wasm-metadce");
    shake.arg(&binary).arg("--graph-file").arg(&graph).args(wasm::FEATURES).arg("-o").arg(&binary);
    command::output(&mut shake)?;
    fs::remove_file(graph)?;
    Ok(())
}

/// The script without the classes and their finalization registries, as wasm-bindgen lays them out.
fn without_classes(script: &str) -> String {
    let mut rest = String::with_capacity(script.len());
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        let begins = |with: &str| line.starts_with(&format!("{with}{PREFIX}"));
        if begins("export class ") {
            lines.find(|line| *line == "}");
        } else if begins("const ") {
            let mut statement = std::iter::once(line).chain(&mut lines);
            statement.find(|line| line.ends_with(';'));
        } else if !begins("if (Symbol.dispose) ") {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    rest
}

/// The exports that the script uses, as the graph that wasm-metadce reads.
fn reachable(script: &str) -> Value {
    let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '$');
    let used = script.split("wasm.").skip(1);
    let used: BTreeSet<&str> =
        used.filter_map(|rest| rest.split(|char| !is_name(char)).next()).collect();
    let names: Vec<_> = used.iter().map(|name| format!("export {name}")).collect();
    let page = json!({ "name": "page", "root": true, "reaches": names });
    let exports =
        used.iter().map(|name| json!({ "name": format!("export {name}"), "export": name }));
    std::iter::once(page).chain(exports).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{reachable, without_classes};

    const SCRIPT: &str = "\
export class IntoUnderlyingSink {
    close() {
        wasm.intounderlyingsink_close(1);
    }
}
if (Symbol.dispose) IntoUnderlyingSink.prototype[Symbol.dispose] = IntoUnderlyingSink.prototype.free;
export class Mounted {
    free() {
        wasm.__wbg_mounted_free(1, 0);
    }
}
const IntoUnderlyingSinkFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_intounderlyingsink_free(ptr, 1));
const MountedFinalization = 1;
";

    #[test]
    fn what_a_page_uses_stays() {
        let rest = without_classes(SCRIPT);
        assert!(!rest.contains("IntoUnderlying") && !rest.contains("intounderlying"), "{rest}");
        assert!(rest.contains("export class Mounted") && rest.contains("MountedFinalization"));
        let graph = reachable(&rest);
        assert_eq!(graph[0]["reaches"], json!(["export __wbg_mounted_free"]));
        assert_eq!(graph[1]["export"], "__wbg_mounted_free");
    }
}
