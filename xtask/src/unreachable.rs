//! What is in the wasm although no page can reach it, or nobody reads what it writes.
//!
//! Small functions stay. The compiler keeps one of several that are alike, such as those that drop a value, under the name
//! of any of them: a name says whose a function is only when nothing of its size is like it by chance.
//!
//! The linker cannot take it out by itself, because a function whose address stands in a table of methods counts as
//! used. So the bodies go, by the functions' names; wasm-opt then removes what only they called, and is left with one
//! empty function for all of them.
//!
//! - **The streams of server functions.** Leptos brings `wasm-streams` along, and wasm-bindgen exports every class of
//!   every crate: three classes for byte streams, kept alive by their exports alone, and the promises that they return.
//! - **Digits of floating-point numbers.** No view prints one; what a serde error would say of one is dropped unread. Were
//!   it called all the same, the widget would stop: a number for an attribute is a whole one, or the browser writes it.
//! - **What serde expected.** Whoever reads an answer asks only whether it could be read.
//! - **`Debug`.** Its one reader is the text of a panic. There it says what a value was, in a widget whose values may
//!   be secrets, and it weighs as much as all dialogs together: floating-point digits, escapes, nested indentation. A
//!   panic still says what happened and where; `{:?}` in it writes nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use walrus::ir::{Const, Instr, InstrLocId, Unreachable, Value};
use walrus::{FunctionId, FunctionKind, Module, ValType};

use crate::{files, wasm};

/// From how many instructions a function is taken at its name, unless it writes something.
const NO_TWIN: u64 = 20;

/// How the classes' names begin.
const CLASSES: &str = "IntoUnderlying";

/// What becomes of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is never called.
    Trap,
    /// It writes nothing, and says that this went well.
    Silence,
}

/// By a function's name.
///
/// How an argument gets into the wasm is the same code for every class: the compiler keeps one of these functions, under
/// the name of any of them, and it is the widget's own class that calls it.
fn fate(name: &str) -> Option<Fate> {
    let is_conversion = name.contains(" as wasm_bindgen::convert::");
    let is_stream = name.starts_with("wasm_streams::") || name.starts_with("<wasm_streams::");
    let prints = |of: &str| name.starts_with(of) && name.contains("::fmt::Display>::fmt");
    let is_never_run = is_stream || name.starts_with(PROMISE) || FLOATS.iter().any(|it| prints(it));
    if is_conversion {
        None
    } else if is_never_run {
        Some(Fate::Trap)
    } else if name.contains("::fmt::Debug>::fmt") || EXPECTATIONS.iter().any(|it| prints(it)) {
        Some(Fate::Silence)
    } else {
        None
    }
}

/// Whether [`empty`] is certain to empty a function of this name, and of this many instructions with the ends of blocks.
pub(crate) fn is_emptied(name: &str, instructions: usize) -> bool {
    match fate(name) {
        Some(Fate::Silence) => true,
        // Without the ends, which are half of them at most.
        Some(Fate::Trap) => instructions as u64 >= 2 * NO_TWIN,
        None => false,
    }
}

/// Whether an export is of one of the classes, and not what wasm-bindgen asks what it is like.
pub(crate) fn is_class(export: &str) -> bool {
    export.contains(&CLASSES.to_lowercase()) && !export.starts_with("__wbindgen_describe")
}

/// Makes a promise of a Rust future: what the streams return. Nothing of ours may.
const PROMISE: &str = "js_sys::futures::future_to_promise";

/// Floating-point numbers.
const FLOATS: [&str; 2] = ["<f64 as", "<f32 as"];

/// What serde's errors say of a value and of what was expected in its place.
const EXPECTATIONS: [&str; 3] = [
    "<serde_core::de::Unexpected as",
    "<serde_core::de::OneOf as",
    "<serde_core::de::WithDecimalPoint as",
];

/// Empties the functions of `module` that are not needed, and takes the classes out of what it offers.
///
/// # Errors
///
/// If none is found, which would mean that their names have changed, or if the sources in `src` make promises.
pub(crate) fn empty(module: &mut Module, src: &Path) -> anyhow::Result<()> {
    for file in files::below(src)? {
        let text = fs::read_to_string(&file)?;
        ensure!(!text.contains("future_to_promise"), "{} needs {PROMISE}", file.display());
    }
    let exports: Vec<_> = module
        .exports
        .iter()
        .filter(|export| is_class(&export.name))
        .map(walrus::Export::id)
        .collect();
    for id in exports {
        module.exports.delete(id);
    }

    let fates: Vec<_> = module
        .funcs
        .iter()
        .filter_map(|function| Some((function.id(), fate(function.name.as_deref()?)?)))
        .collect();
    for wanted in [Fate::Trap, Fate::Silence] {
        ensure!(
            fates.iter().any(|(_, fate)| *fate == wanted),
            "no function in the wasm is one of those to leave out ({wanted:?})"
        );
    }
    for (id, fate) in fates {
        give_body(module, id, fate);
    }
    Ok(())
}

/// Replaces the body of a function, unless it is the browser's.
fn give_body(module: &mut Module, id: FunctionId, fate: Fate) {
    let function = module.funcs.get_mut(id);
    let writes = module.types.get(function.ty()).results() == [ValType::I32];
    let FunctionKind::Local(local) = &mut function.kind else { return };
    if fate == Fate::Trap && local.size() < NO_TWIN {
        return;
    }
    let entry = local.entry_block();
    let body = match fate {
        // `Ok(())` of `fmt::Result` is zero.
        Fate::Silence if writes => Instr::Const(Const { value: Value::I32(0) }),
        _ => Instr::Unreachable(Unreachable {}),
    };
    local.block_mut(entry).instrs = vec![(body, InstrLocId::default())];
}

/// Takes the classes out of the bindings in `folder`.
pub(crate) fn remove_classes(folder: &Path) -> anyhow::Result<()> {
    let script = folder.join(format!("{}.js", wasm::NAME));
    let text = fs::read_to_string(&script).context("wasm-bindgen wrote no bindings")?;
    let rest = without_classes(&text);
    ensure!(!rest.contains(CLASSES), "the bindings use {CLASSES}… outside of its classes");
    fs::write(&script, &rest).context("cannot write the bindings")
}

/// The script without the classes and their finalization registries, as wasm-bindgen lays them out.
fn without_classes(script: &str) -> String {
    let mut rest = String::with_capacity(script.len());
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        let begins = |with: &str| line.starts_with(&format!("{with}{CLASSES}"));
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

#[cfg(test)]
mod tests {
    use super::{Fate, fate, without_classes};

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
    }

    #[test]
    fn functions_are_told_apart_by_their_names() {
        let fates = [
            ("wasm_streams::readable::Inner::pull::{{closure}}::h1", Some(Fate::Trap)),
            ("core::ptr::drop_in_place<wasm_streams::readable::Inner>::h1", None),
            ("<wasm_streams::A as wasm_bindgen::convert::traits::FromWasmAbi>::from_abi", None),
            ("js_sys::futures::future_to_promise::{{closure}}::h1", Some(Fate::Trap)),
            ("<f64 as core[c5930c85a12de822]::fmt::Debug>::fmt", Some(Fate::Silence)),
            ("<f64 as core[c5930c85a12de822]::fmt::Display>::fmt", Some(Fate::Trap)),
            ("<serde_core::de::Unexpected as core::fmt::Display>::fmt::h1", Some(Fate::Silence)),
            ("<i64 as core[c5930c85a12de822]::fmt::Display>::fmt", None),
            ("oneloop_keys::format::full::h1", None),
        ];
        for (name, expected) in fates {
            assert_eq!(fate(name), expected, "{name}");
        }
    }
}
