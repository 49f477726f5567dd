//! `dist/npm/`: the widget as the npm package `oneloop-keys`, ready for `npm pack`.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::{files, size};

/// What only pages that link to the server name: it registers the element, which a package leaves to `./define`.
const LEFT_OUT: &str = size::ENTRY;

/// Puts the package together from the widget's `parts`, which are not compressed yet, and from their `types`.
pub(crate) fn assemble(
    root: &Path,
    parts: &Path,
    types: &Path,
    package: &Path,
) -> anyhow::Result<()> {
    for folder in [parts, types] {
        for file in files::below(folder)? {
            let name = file.strip_prefix(folder)?;
            if name != Path::new(LEFT_OUT) && name != Path::new(LEFT_OUT).with_extension("d.ts") {
                files::copy(&file, &package.join(name))?;
            }
        }
    }
    files::copy(&root.join("www/npm/README.md"), &package.join("README.md"))?;
    files::copy(&root.join("LICENSE"), &package.join("LICENSE"))?;
    let ours = fs::read_to_string(root.join("package.json")).context("cannot read package.json")?;
    let manifest = serde_json::to_string_pretty(&manifest(&serde_json::from_str(&ours)?))?;
    fs::write(package.join("package.json"), manifest + "\n").context("cannot write the manifest")
}

/// The package's manifest: version and licence are the repository's.
fn manifest(ours: &Value) -> Value {
    json!({
        "name": "oneloop-keys",
        "version": ours["version"],
        "description": "<oneloop-keys>: your customers' API keys inside your own product, as a custom element",
        "keywords": ["api-keys", "custom-element", "web-component", "webassembly"],
        "license": ours["license"],
        "type": "module",
        // Registers the element; everything else only offers it.
        "sideEffects": ["./define.js"],
        "exports": {
            ".": { "types": "./element.d.ts", "default": "./element.js" },
            "./define": { "types": "./define.d.ts", "default": "./define.js" },
            "./package.json": "./package.json",
        },
        // For tools that do not read `exports`.
        "main": "./element.js",
        "types": "./element.d.ts",
        "files": ["*.js", "*.d.ts", "*.wasm", "locales"],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::manifest;

    #[test]
    fn the_version_is_the_repositorys_and_only_define_has_an_effect() {
        let manifest = manifest(&json!({ "version": "1.2.3", "license": "Apache-2.0" }));
        assert_eq!(
            (&manifest["version"], &manifest["license"]),
            (&json!("1.2.3"), &json!("Apache-2.0"))
        );
        assert_eq!(manifest["sideEffects"], json!([manifest["exports"]["./define"]["default"]]));
    }
}
