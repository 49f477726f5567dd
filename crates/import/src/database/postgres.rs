//! What PostgreSQL's catalogue says of tables.

use oneloop_migrate::source::ColumnKind;

use super::table::{Column, Table};
use super::wire::Wire;
use super::{Dialect, TableName};

/// One snapshot for all that follows, and one spelling for moments, bytes and numbers whatever the server is set to.
/// A plan may keep a transaction idle longer than the server would allow.
pub(super) const BEGIN: &str = "\
    BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL TimeZone = 'UTC'; \
    SET LOCAL DateStyle = 'ISO, YMD'; \
    SET LOCAL bytea_output = 'hex'; \
    SET LOCAL extra_float_digits = 1; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

const TABLES: &str = "\
    SELECT n.nspname::text, c.relname::text \
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
    ORDER BY n.nspname <> current_schema(), n.nspname, c.relname";

/// Its columns: name, type in full, category (`pg_type.typcategory`) and the type itself, domains resolved.
const COLUMNS: &str = "\
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), t.typcategory::text, \
           (CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END)::regtype::text \
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped \
    ORDER BY a.attnum";

/// One line for each column of each unique index whose columns are never NULL: index, column.
const UNIQUE: &str = "\
    SELECT i.indexrelid::text, a.attname::text \
    FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY AS k(attnum, at) \
    JOIN pg_catalog.pg_attribute a ON a.attnum = k.attnum \
    WHERE i.indrelid = to_regclass($1) AND a.attrelid = i.indrelid \
      AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.at <= i.indnkeyatts \
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute n \
                      WHERE n.attrelid = i.indrelid AND n.attnum = ANY(i.indkey) AND NOT n.attnotnull) \
    ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid, k.at";

pub(super) async fn tables(wire: &mut Wire) -> Result<Vec<TableName>, sqlx::Error> {
    let current =
        wire.texts("SELECT coalesce(current_schema()::text, '')", &[]).await?.concat().concat();
    let names = wire
        .texts(TABLES, &[])
        .await?
        .into_iter()
        .filter_map(|row| <[String; 2]>::try_from(row).ok());
    let named = |[schema, table]: [String; 2]| TableName {
        schema: Some(schema).filter(|it| *it != current),
        table,
    };
    Ok(names.map(named).collect())
}

pub(super) async fn table(wire: &mut Wire, name: &TableName) -> Result<Option<Table>, sqlx::Error> {
    let sql = name.sql(Dialect::Postgres);
    let rows = wire.texts(COLUMNS, &[&sql]).await?;
    let columns: Vec<Column> = rows
        .into_iter()
        .filter_map(|row| <[String; 4]>::try_from(row).ok())
        .map(|[name, declared, category, base]| Column {
            name,
            declared,
            kind: kind(&category, &base),
        })
        .collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let unique = super::table::grouped(wire.texts(UNIQUE, &[&sql]).await?);
    Ok(Some(Table { name: name.clone(), columns, unique, remark: None, rowid: None }))
}

/// By the type where it matters, else by its category.
fn kind(category: &str, base: &str) -> ColumnKind {
    match (base, category) {
        ("bytea", _) => ColumnKind::Binary,
        ("json" | "jsonb", _) => ColumnKind::Json,
        ("smallint" | "integer" | "bigint", _) => ColumnKind::Integer,
        (_, "A") => ColumnKind::Array,
        (_, "B") => ColumnKind::Boolean,
        (_, "D") => ColumnKind::Moment,
        _ => ColumnKind::Text,
    }
}
