//! The mapping file with its comments, as `init` writes it for people to change.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::columns::{Flag, FlagTest, Moment};
use super::permissions::GrantMap;
use super::quoted;
use super::toml_text::key;
use super::{Mapping, VERSION};
use crate::recipe::Form;

/// What a mapping says of itself before its first key.
const HEAD: &str = "\
# How the keys of another service become keys here. Every line may be changed; `prove` and `plan` say what
# would come of it, and write nothing. No secret belongs into this file: it names places, env:NAME or file:PATH.
";

impl Mapping {
    /// The file, with comments. [`Mapping::parse`] reads the same mapping back.
    pub fn render(&self) -> String {
        self.render_with(&BTreeMap::new())
    }

    /// The same, with a comment for each permission that was `found` in so many rows and is not mapped yet.
    pub fn render_with(&self, found: &BTreeMap<String, u64>) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write(&mut text, found);
        text
    }

    fn write(&self, out: &mut String, found: &BTreeMap<String, u64>) -> fmt::Result {
        writeln!(out, "{HEAD}version = {VERSION}")?;
        self.write_source(out)?;
        self.write_columns(out)?;
        writeln!(
            out,
            "\n# Kept with each key and returned by verify: name = \"text with {{column}}\"."
        )?;
        writeln!(out, "[metadata]")?;
        for (name, template) in &self.metadata {
            writeln!(out, "{} = {}", key(name), quoted(&template.to_string()))?;
        }
        writeln!(
            out,
            "\n# How the service turned a key into what it stored. `prove` finds it from one real key."
        )?;
        writeln!(out, "[recipe]\n{}", Form::from(&self.recipe).lines().join("\n"))?;
        self.write_proof(out)?;
        self.write_permissions(out, found)?;
        self.write_scopes(out)?;
        let policy = self.policy;
        writeln!(out, "\n[policy]")?;
        writeln!(out, "# A key that is here already with other attributes: skip, update or fail.")?;
        writeln!(out, "conflict = {}", quoted(policy.conflict.word()))?;
        writeln!(
            out,
            "# Keys that no longer work: import (their callers go on hearing why) or skip."
        )?;
        writeln!(out, "expired = {}", quoted(policy.expired.word()))?;
        writeln!(out, "revoked = {}", quoted(policy.revoked.word()))?;
        writeln!(
            out,
            "# Keys that can be guessed: refuse-below-80 (bits) or waive. Below 128 is reported."
        )?;
        writeln!(out, "weak = {}", quoted(policy.weak.word()))
    }

    fn write_proof(&self, out: &mut String) -> fmt::Result {
        let Some(proof) = &self.proof else { return Ok(()) };
        writeln!(
            out,
            "\n# Written by `prove`; it counts as long as it names the recipe above.\n[proof]"
        )?;
        writeln!(out, "recipe = {}\nkeys = {}", quoted(&proof.recipe.to_string()), proof.keys)
    }

    fn write_source(&self, out: &mut String) -> fmt::Result {
        let source = &self.source;
        writeln!(out, "\n[source]\n# csv, ndjson, postgres, mysql, sqlite or oneloop")?;
        writeln!(out, "kind = {}", quoted(source.kind.word()))?;
        writeln!(
            out,
            "# A path, - for standard input, or env:NAME of a variable with the database's URL."
        )?;
        writeln!(out, "location = {}", quoted(&source.location))?;
        if let Some(table) = &source.table {
            writeln!(out, "table = {}", quoted(table))?;
        }
        if let Some(filter) = &source.filter {
            writeln!(
                out,
                "# Only rows that meet this SQL condition are read.\nwhere = {}",
                quoted(filter)
            )?;
        }
        if !source.only.is_empty() {
            let pair = |(column, value): (&String, &String)| {
                format!("{} = {}", key(column), quoted(value))
            };
            let pairs: Vec<_> = source.only.iter().map(pair).collect();
            writeln!(
                out,
                "# Only rows in which these columns have these values are read.\nonly = {{ {} }}",
                pairs.join(", ")
            )?;
        }
        if let Some(workspace) = &source.workspace {
            writeln!(out, "# The workspace there.\nworkspace = {}", quoted(workspace.as_str()))?;
        }
        if let Some(place) = &source.sdk_key {
            writeln!(
                out,
                "# Where its SDK key is kept.\nsdk-key = {}",
                quoted(&place.to_string())
            )?;
        }
        if let Some(keys) = &source.keys {
            writeln!(out, "# The keys themselves, which no API shows: columns id and key.")?;
            writeln!(out, "keys = {}", quoted(keys))?;
        }
        if let Some(origin) = &source.origin {
            writeln!(out, "# What this file was made from.\norigin = {}", quoted(origin))?;
        }
        writeln!(out, "\n[target]\nworkspace = {}", quoted(self.target.workspace.as_str()))
    }

    fn write_columns(&self, out: &mut String) -> fmt::Result {
        let columns = &self.columns;
        writeln!(
            out,
            "\n# Which column is what. Braces put columns into text: \"user-{{user_id}}\".\n[columns]"
        )?;
        if let Some(id) = &columns.id {
            writeln!(
                out,
                "# What identifies the row; it stands in reports.\nid = {}",
                quoted(&id.to_string())
            )?;
        }
        writeln!(out, "# The key, or what was stored for it.\nkey = {}", quoted(&columns.key))?;
        if let Some(salt) = &columns.salt {
            writeln!(out, "salt = {}", quoted(salt))?;
        }
        if let Some(locator) = &columns.locator {
            writeln!(
                out,
                "# A part of the key that the table holds in clear, by which its row is found."
            )?;
            let part = quoted(&locator.part.to_string());
            writeln!(out, "locator = {{ column = {}, part = {part} }}", quoted(&locator.column))?;
        }
        if let Some(name) = &columns.name {
            writeln!(out, "name = {}", quoted(&name.to_string()))?;
        }
        writeln!(
            out,
            "# Whose key it is: the customer id.\nowner = {}",
            quoted(&columns.owner.to_string())
        )?;
        writeln!(
            out,
            "# Formats: iso8601, unix-s, unix-ms, unix-us, seconds-after-created, strftime:PATTERN."
        )?;
        moment(out, "created", columns.created.as_ref())?;
        moment(out, "last-used", columns.last_used.as_ref())?;
        moment(out, "expires", columns.expires.as_ref())?;
        flag(out, "enabled", columns.enabled.as_ref())?;
        flag(out, "revoked", columns.revoked.as_ref())?;
        if let Some(column) = &columns.uses_left {
            writeln!(
                out,
                "# How many verifications are left; a row that holds nothing is not counted."
            )?;
            writeln!(out, "uses-left = {}", quoted(column))?;
        }
        if let Some(permissions) = &columns.permissions {
            writeln!(
                out,
                "# json-array, json-map, comma, space, single, postgres-array or yaml-list."
            )?;
            let (column, format) = (quoted(&permissions.column), quoted(permissions.format.word()));
            writeln!(out, "permissions = {{ column = {column}, format = {format} }}")?;
        }
        self.write_carried(out)
    }

    /// The columns that few sources have.
    fn write_carried(&self, out: &mut String) -> fmt::Result {
        let columns = &self.columns;
        flag(out, "deleted", columns.deleted.as_ref())?;
        for (name, what, column) in [
            (
                "metadata",
                "A JSON object whose entries are kept; [metadata] comes on top.",
                &columns.metadata,
            ),
            ("prefix", "The prefix that it was minted with.", &columns.prefix),
            ("masked-key", "What may be shown of it: ol_****abcd.", &columns.masked_key),
            ("meter", "The meter that it is bound to.", &columns.meter),
            ("key-id", "The id that it keeps.", &columns.key_id),
        ] {
            if let Some(column) = column {
                writeln!(out, "# {what}\n{name} = {}", quoted(column))?;
            }
        }
        Ok(())
    }

    fn write_scopes(&self, out: &mut String) -> fmt::Result {
        if self.scopes.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n# What scopes are called that are not there yet.\n[scopes]")?;
        for (representation, text) in &self.scopes {
            let texts = [("name", &text.name), ("description", &text.description)];
            let texts = texts.into_iter().filter_map(|(field, text)| {
                text.as_ref().map(|text| format!("{field} = {}", quoted(text)))
            });
            let texts: Vec<_> = texts.collect();
            writeln!(out, "{} = {{ {} }}", key(representation), texts.join(", "))?;
        }
        Ok(())
    }

    fn write_permissions(&self, out: &mut String, found: &BTreeMap<String, u64>) -> fmt::Result {
        writeln!(
            out,
            "\n# What each permission of the source means: scope = \"create+read+update+delete\", all or"
        )?;
        writeln!(
            out,
            "# nothing. {{ }} drops one on purpose; one that is missing stops the plan.\n[permissions]"
        )?;
        for (name, grants) in &self.permissions {
            let inside: Vec<String> = pairs(grants).collect();
            writeln!(out, "{} = {{ {} }}", key(name), inside.join(", "))?;
        }
        for (name, rows) in found.iter().filter(|(name, _)| !self.permissions.contains_key(*name)) {
            writeln!(out, "# {} = {{ }} # in {rows} rows", key(name))?;
        }
        writeln!(out, "\n# What every key gets, whatever its row says.\n[grants]")?;
        for pair in pairs(&self.grants) {
            writeln!(out, "{pair}")?;
        }
        Ok(())
    }
}

fn pairs(grants: &GrantMap) -> impl Iterator<Item = String> {
    grants
        .0
        .iter()
        .map(|(scope, access)| format!("{} = {}", key(scope), quoted(&access.to_string())))
}

fn moment(out: &mut String, name: &str, moment: Option<&Moment>) -> fmt::Result {
    let Some(moment) = moment else { return Ok(()) };
    let (column, format) = (quoted(&moment.column), quoted(&moment.format.to_string()));
    write!(out, "{name} = {{ column = {column}, format = {format}")?;
    if !moment.never.is_empty() {
        write!(out, ", never = {}", list(&moment.never))?;
    }
    writeln!(out, " }}")
}

fn flag(out: &mut String, name: &str, flag: Option<&Flag>) -> fmt::Result {
    let Some(flag) = flag else { return Ok(()) };
    write!(out, "{name} = {{ column = {}", quoted(&flag.column))?;
    match &flag.test {
        FlagTest::Bool => {}
        FlagTest::Is(words) => write!(out, ", is = {}", list(words))?,
        FlagTest::Set => write!(out, ", set = true")?,
    }
    writeln!(out, " }}")
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}
