//! The tables of an installation, as the two schemas describe them: so none that is added later can be forgotten.

use std::collections::{BTreeMap, BTreeSet};

use super::CopyError;
use super::value::Kind;

/// What stays where it is.
pub(super) const NOT_COPIED: [&str; 6] = [
    // What the program wrote down about the schema itself.
    "_sqlx_migrations",
    // Numbers, copied as such; see `HEADS`.
    "head",
    "audit_head",
    // Folded into the tables before a copy begins.
    "use_journal",
    "usage_journal",
    // This copy.
    "copy_progress",
];

/// A column of PostgreSQL's table `head`, and where SQLite keeps the same.
pub(crate) struct Head {
    pub(crate) column: &'static str,
    pub(crate) on_sqlite: OnSqlite,
}

/// Where SQLite keeps a number or a digest of the head.
pub(crate) enum OnSqlite {
    /// The last number that this AUTOINCREMENT table gave.
    Sequence(&'static str),
    /// A column of a table with one row.
    Column(&'static str, &'static str),
}

/// Every column of `head` but its `one`.
pub(crate) static HEADS: [Head; 5] = [
    Head { column: "change", on_sqlite: OnSqlite::Sequence("change_log") },
    Head { column: "audit", on_sqlite: OnSqlite::Sequence("audit") },
    Head { column: "tied", on_sqlite: OnSqlite::Column("audit_head", "seq") },
    Head { column: "link", on_sqlite: OnSqlite::Column("audit_head", "link") },
    Head { column: "seal", on_sqlite: OnSqlite::Column("audit_head", "seal") },
];

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The database itself gives it numbers.
    pub(crate) numbered: bool,
}

/// A table, as PostgreSQL describes it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// By name.
    pub(crate) columns: Vec<Column>,
    /// The places of the primary key's columns.
    pub(crate) key: Vec<usize>,
    /// Tables that must be filled before.
    pub(crate) needs: Vec<String>,
}

impl Table {
    /// The columns, for a statement.
    pub(crate) fn column_list(&self) -> String {
        list(self.columns.iter().map(|column| quoted(&column.name)))
    }

    /// The columns of the primary key, in its order.
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|at| self.columns.get(*at))
    }
}

/// An identifier, for a statement. They come from the schema, and from nobody else.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Words with commas between.
pub(crate) fn list(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// What is to be copied: in an order in which each table comes after those that it refers to.
///
/// `postgres` describes everything, `sqlite` its columns by table.
pub(super) fn plan(
    postgres: Vec<Table>,
    sqlite: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Vec<Table>, CopyError> {
    let differs = |table: &str, what: &str| CopyError::Schema {
        table: table.to_owned(),
        difference: what.to_owned(),
    };
    let heads = postgres.iter().find(|table| table.name == "head").map(|table| &table.columns);
    for column in heads.into_iter().flatten().map(|column| column.name.as_str()) {
        if column != "one" && !HEADS.iter().any(|head| head.column == column) {
            return Err(differs("head", &format!("nobody says what `{column}` is on SQLite")));
        }
    }
    let copied = |name: &str| !NOT_COPIED.contains(&name);
    let mut waiting: Vec<_> =
        postgres.into_iter().filter(|table| copied(table.name.as_str())).collect();
    for name in sqlite.keys().filter(|name| copied(name)) {
        if !waiting.iter().any(|table| &table.name == name) {
            return Err(differs(name, "it is on SQLite alone"));
        }
    }
    for table in &waiting {
        let names: BTreeSet<_> = table.columns.iter().map(|column| column.name.clone()).collect();
        match sqlite.get(&table.name) {
            None => return Err(differs(&table.name, "it is on PostgreSQL alone")),
            Some(others) if *others != names => {
                let one_sided: Vec<_> = names.symmetric_difference(others).cloned().collect();
                let what = format!("on one database alone: {}", one_sided.join(", "));
                return Err(differs(&table.name, &what));
            }
            Some(_) if table.key.is_empty() => {
                return Err(differs(&table.name, "it has no primary key"));
            }
            Some(_) => {}
        }
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = |table: &Table| {
            table.needs.iter().all(|need| {
                need == &table.name || ordered.iter().any(|before| &before.name == need)
            })
        };
        let Some(next) = waiting.iter().position(ready) else {
            return Err(differs(&waiting[0].name, "it refers to itself by way of others"));
        };
        let next = waiting.remove(next);
        ordered.push(next);
    }
    Ok(ordered)
}
