//! What SQLite says of tables.

use oneloop_migrate::source::ColumnKind;

use super::TableName;
use super::table::{Column, Table};
use super::wire::Wire;

/// The snapshot begins with the first read. The file was opened for reading, and this says so to its own checks.
pub(super) const BEGIN: &str = "PRAGMA query_only = ON; BEGIN";

const TABLES: &str = "\
    SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    ORDER BY name";

const COLUMNS: &str = "SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid";

const KIND: &str = "SELECT type, CAST(wr AS TEXT) FROM pragma_table_list WHERE schema = 'main' AND name = ? COLLATE NOCASE";

/// Names of the row number, in the order in which SQLite lets a column take them.
const ROWIDS: [&str; 3] = ["rowid", "_rowid_", "oid"];

const BLOCKS_WRITERS: &str = "the file is not in WAL mode: programs that write to it wait until it is read; copy the file first to avoid that";

pub(super) async fn tables(wire: &mut Wire) -> Result<Vec<TableName>, sqlx::Error> {
    let names = wire.texts(TABLES, &[]).await?.into_iter().flatten();
    Ok(names.map(|table| TableName { schema: None, table }).collect())
}

pub(super) async fn table(wire: &mut Wire, name: &TableName) -> Result<Option<Table>, sqlx::Error> {
    let rows = wire.texts(COLUMNS, &[&name.table]).await?;
    let columns: Vec<Column> = rows
        .into_iter()
        .filter_map(|row| <[String; 2]>::try_from(row).ok())
        .map(|[name, declared]| Column { name, kind: kind(&declared), declared })
        .collect();
    if columns.is_empty() || name.schema.is_some() {
        return Ok(None);
    }
    let kind = wire.texts(KIND, &[&name.table]).await?.concat();
    let numbered = kind.first().is_some_and(|kind| kind == "table")
        && kind.get(1).is_some_and(|without| without == "0");
    let free = |rowid: &&str| !columns.iter().any(|column| column.name.eq_ignore_ascii_case(rowid));
    let rowid = ROWIDS.into_iter().find(free).filter(|_| numbered);
    let journal = wire.texts("PRAGMA journal_mode", &[]).await?.concat().concat();
    let remark = (journal != "wal").then_some(BLOCKS_WRITERS);
    Ok(Some(Table { name: name.clone(), columns, unique: Vec::new(), remark, rowid }))
}

/// By the declared type, as far as it says anything. Values keep their own types; see [`super::Dialect`].
fn kind(declared: &str) -> ColumnKind {
    let declared = declared.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    match () {
        () if has("INT") => ColumnKind::Integer,
        () if has("BOOL") => ColumnKind::Boolean,
        () if has("DATE") || has("TIME") => ColumnKind::Moment,
        () if has("JSON") => ColumnKind::Json,
        () if has("BLOB") || has("BINARY") || has("BYTE") => ColumnKind::Binary,
        () => ColumnKind::Text,
    }
}
