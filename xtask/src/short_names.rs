//! Short names for what wasm and bindings call each other.
//!
//! wasm-bindgen ends each name in a digest, so that parts of different versions can meet in one wasm: eight bytes that
//! no compressor can shorten, for some two hundred functions, in two files. Once both files are made, a letter will do.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::wasm;

/// What wasm-opt prints: what is still imported and exported, and what it is called now.
#[derive(Deserialize)]
pub(crate) struct Names {
    /// Module, name, new name.
    imports: Vec<(String, String, String)>,
    /// Name, new name.
    exports: Vec<(String, String)>,
}

/// What wasm-opt calls the one module that the wasm imports from.
const MODULE: &str = "a";

/// Writes the new names into the bindings in `folder`, and leaves out what the wasm does not import any more.
pub(crate) fn use_in_bindings(names: &Names, folder: &Path) -> anyhow::Result<()> {
    let script = folder.join(format!("{}.js", wasm::NAME));
    let text = fs::read_to_string(&script).context("wasm-bindgen wrote no bindings")?;
    fs::write(&script, shortened(&text, names)?).context("cannot write the bindings")
}

fn shortened(script: &str, names: &Names) -> anyhow::Result<String> {
    let module = &names.imports.first().context("the wasm imports nothing")?.0;
    let one_module = names.imports.iter().all(|(of, ..)| of == module);
    ensure!(one_module, "the wasm imports from more than one module");
    let from = format!("\"{module}\":");
    ensure!(script.contains(&from), "the bindings offer no module {module}");
    let script = script.replace(&from, &format!("{MODULE}:"));
    Ok(exports(&imports(&script, names)?, names))
}

/// The object of functions that the wasm imports: one entry begins at each line of eight spaces and a name.
fn imports(script: &str, names: &Names) -> anyhow::Result<String> {
    let mut open: HashMap<&str, &str> =
        names.imports.iter().map(|(_, name, short)| (name.as_str(), short.as_str())).collect();
    let mut rest = String::with_capacity(script.len());
    let (mut inside, mut kept) = (false, true);
    for line in script.lines() {
        match line {
            "    const import0 = {" => inside = true,
            "    };" if inside => (inside, kept) = (false, true),
            _ => {}
        }
        let entry = line.strip_prefix("        ").filter(|_| inside).and_then(entry);
        let short = entry.and_then(|(name, body)| Some((open.remove(name)?, body)));
        match (entry, short) {
            (Some(("__proto__", _)), _) => kept = true,
            (Some(_), Some((short, body))) => {
                kept = true;
                rest.push_str(short);
                rest.push_str(": ");
                rest.push_str(body);
                rest.push('\n');
                continue;
            }
            (Some(_), None) => kept = false,
            (None, _) => {}
        }
        if kept {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    ensure!(open.is_empty(), "the bindings do not offer {:?}", open.keys());
    Ok(rest)
}

/// The name and the value of `name: value`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(": ")?;
    name.chars().all(is_of_name).then_some((name, value))
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '$')
}

/// `wasm.name`, wherever it stands.
fn exports(script: &str, names: &Names) -> String {
    let known: HashMap<&str, &str> =
        names.exports.iter().map(|(name, short)| (name.as_str(), short.as_str())).collect();
    let mut parts = script.split("wasm.");
    let mut rest = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) =
            part.split_at(part.find(|char| !is_of_name(char)).unwrap_or(part.len()));
        rest.push_str("wasm.");
        rest.push_str(known.get(name).copied().unwrap_or(name));
        rest.push_str(after);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Names, shortened};

    fn names() -> Names {
        let text = |text: &str| text.to_owned();
        Names {
            imports: vec![(text("./m_bg.js"), text("__wbg_a_0123"), text("$a"))],
            exports: vec![(text("mount"), text("b"))],
        }
    }

    #[test]
    fn both_sides_meet_under_the_short_name() {
        let script = "\
export function mount() {
    return wasm.mount(1, wasm.memory);
}
function imports() {
    const import0 = {
        __proto__: null,
        __wbg_gone_4567: function(arg0) {
            return {
                x: arg0,
            };
        },
        __wbg_a_0123: function(arg0) {
            return arg0;
        },
        __wbg_gone_too: function() {
            return 1;
        },
    };
    return {
        \"./m_bg.js\": import0,
    };
}
";
        let expected = "\
export function mount() {
    return wasm.b(1, wasm.memory);
}
function imports() {
    const import0 = {
        __proto__: null,
$a: function(arg0) {
            return arg0;
        },
    };
    return {
        a: import0,
    };
}
";
        assert_eq!(shortened(script, &names()).expect("it has what the wasm imports"), expected);
    }

    #[test]
    fn an_import_that_nobody_offers_is_an_error() {
        let script = "    const import0 = {\n    };\n    return { \"./m_bg.js\": import0 };\n";
        assert!(shortened(script, &names()).is_err());
    }
}
