//! The mapping file on disk.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::prove::Proven;
use oneloop_migrate::recipe::Form;
use toml_edit::{DocumentMut, Item, Table, value};

use super::problem::of_mapping;
use crate::failure::{Failure, Outcome};

/// Far more than any mapping needs; a database named by mistake is not read into memory.
const LIMIT: u64 = 4 * 1024 * 1024;

/// A mapping file as it was read.
#[derive(Debug)]
pub(super) struct MappingFile {
    path: PathBuf,
    text: String,
    pub(super) mapping: Mapping,
}

impl MappingFile {
    pub(super) fn read(path: &Path) -> Outcome<Self> {
        let failed = |error: std::io::Error| {
            let failure =
                Failure::user(format!("cannot read `{}`", path.display())).because(&error);
            if error.kind() == std::io::ErrorKind::NotFound {
                return failure.hint("`oneloop migrate init --from SOURCE` writes one");
            }
            failure
        };
        if fs::metadata(path).map_err(failed)?.len() > LIMIT {
            return Err(Failure::user(format!(
                "`{}` is larger than a mapping can be (4 MiB)",
                path.display()
            )));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let mapping = Mapping::parse(&text).map_err(|error| of_mapping(path, &error))?;
        Ok(Self { path: path.to_owned(), text, mapping })
    }

    /// Writes what was proved into the file: its recipe and the proof, and nothing else. What people wrote around it
    /// stays as it is.
    pub(super) fn record(&self, proven: &Proven) -> Outcome {
        let text = recorded(&self.text, proven).map_err(|error| {
            Failure::ours(format!("cannot write into `{}`", self.path.display())).because(&error)
        })?;
        // Checked before it takes the file's place: a mapping that can no longer be read would be worse than none.
        let read = Mapping::parse(&text).map_err(|error| of_mapping(&self.path, &error))?;
        if read.recipe != proven.recipe {
            return Err(Failure::ours("the recipe did not survive being written"));
        }
        replace(&self.path, &text)
    }
}

/// `text` with the tables `[recipe]` and `[proof]` replaced.
fn recorded(text: &str, proven: &Proven) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let recipe: DocumentMut = Form::from(&proven.recipe).lines().join("\n").parse()?;
    let kept = document.get("recipe").and_then(Item::as_table).map(|table| table.decor().clone());
    let mut table = Table::new();
    for (key, item) in recipe.iter() {
        table.insert(key, item.clone());
    }
    if let Some(decor) = kept {
        *table.decor_mut() = decor;
    }
    let position = document.get("recipe").and_then(Item::as_table).and_then(Table::position);
    table.set_position(position);
    document.insert("recipe", Item::Table(table));

    let mut proof = Table::new();
    proof.insert("recipe", value(proven.recipe.to_string()));
    proof.insert("keys", value(i64::try_from(proven.pairs).unwrap_or(i64::MAX)));
    proof
        .decor_mut()
        .set_prefix("\n# Written by `prove`; it counts as long as it names the recipe above.\n");
    // Behind the recipe, wherever that stands.
    proof.set_position(position);
    document.insert("proof", Item::Table(proof));
    Ok(document.to_string())
}

/// Replaces a file in one step: at every instant it is the old one or the new one.
fn replace(path: &Path, text: &str) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::user(format!("cannot write `{}`", path.display())).because(&error)
    };
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    // A new temporary file is its owner's alone; the mapping keeps the rights that it had.
    let permissions = fs::metadata(path).map_err(failed)?.permissions();
    fs::set_permissions(file.path(), permissions).map_err(failed)?;
    file.persist(path).map(drop).map_err(|error| failed(error.error))
}

#[cfg(test)]
mod tests {
    use oneloop_migrate::prove::{Clues, Pair, prove};

    use super::*;

    const TEXT: &str = "\
# Mine.
version = 1 # one

[source]
kind = \"csv\"
location = \"keys.csv\"

[target]
workspace = \"ws_1\"

[columns]
key = \"token\" # the hash
owner = \"{user_id}\"

# How it was hashed, says Ada.
[recipe]
algorithm = \"sha256\"

# Scopes.
[permissions]
read = { a = \"read\" } # ask Ben
";

    #[test]
    fn only_the_recipe_and_its_proof_are_written_and_comments_stay() {
        // SHA-1 of `abcdefgh`, by Python's hashlib.
        let pair = Pair::new("abcdefgh", "425af12a0743502b322e93a015bcf868e324d56a");
        let proven = prove(&[pair], &Clues::default()).expect("fits");
        let once = recorded(TEXT, &proven).expect("TOML");
        for kept in TEXT.lines().filter(|line| line.contains('#')) {
            assert!(once.contains(kept), "{kept}: {once}");
        }
        let mapping = Mapping::parse(&once).expect("a mapping");
        assert_eq!(mapping.recipe, proven.recipe);
        let proof = mapping.proof.expect("a proof");
        assert_eq!((proof.recipe, proof.keys), (proven.recipe.clone(), 1));
        assert_eq!(recorded(&once, &proven).expect("TOML"), once, "proving again changes nothing");
        let order = |name: &str| once.find(name).expect(name);
        assert!(
            order("[recipe]") < order("[proof]") && order("[proof]") < order("[permissions]"),
            "{once}"
        );
    }
}
