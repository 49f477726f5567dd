//! What the information schema of MySQL and MariaDB says of tables.

use oneloop_migrate::source::ColumnKind;

use super::TableName;
use super::table::{Column, Table};
use super::wire::Wire;

/// One snapshot for all that follows, and moments in UTC.
pub(super) const BEGIN: &str = "\
    SET SESSION time_zone = '+00:00'; \
    SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
    START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

const TABLES: &str = "\
    SELECT CAST(table_schema AS CHAR), CAST(table_name AS CHAR) FROM information_schema.tables \
    WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') \
    ORDER BY table_schema <> coalesce(database(), ''), table_schema, table_name";

const COLUMNS: &str = "\
    SELECT CAST(column_name AS CHAR), CAST(column_type AS CHAR), CAST(data_type AS CHAR) \
    FROM information_schema.columns \
    WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ? ORDER BY ordinal_position";

/// One line for each column of each unique index whose columns are whole and never NULL: index, column.
const UNIQUE: &str = "\
    SELECT CAST(index_name AS CHAR), CAST(column_name AS CHAR) FROM information_schema.statistics s \
    WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ? AND non_unique = 0 \
      AND NOT EXISTS (SELECT 1 FROM information_schema.statistics n \
                      WHERE n.table_schema = s.table_schema AND n.table_name = s.table_name \
                        AND n.index_name = s.index_name \
                        AND (n.nullable = 'YES' OR n.sub_part IS NOT NULL OR n.column_name IS NULL)) \
    ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index";

const ENGINE: &str = "\
    SELECT CAST(coalesce(engine, '') AS CHAR) FROM information_schema.tables \
    WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?";

const NO_SNAPSHOT: &str =
    "its storage engine has no snapshots: rows that change while it is read may be missed";

pub(super) async fn tables(wire: &mut Wire) -> Result<Vec<TableName>, sqlx::Error> {
    let current =
        wire.texts("SELECT CAST(coalesce(database(), '') AS CHAR)", &[]).await?.concat().concat();
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
    let bound = [name.schema.as_deref().unwrap_or_default(), &name.table];
    let rows = wire.texts(COLUMNS, &bound).await?;
    let columns: Vec<Column> = rows
        .into_iter()
        .filter_map(|row| <[String; 3]>::try_from(row).ok())
        .map(|[name, declared, data_type]| Column {
            name,
            kind: kind(&data_type, &declared),
            declared,
        })
        .collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let unique = super::table::grouped(wire.texts(UNIQUE, &bound).await?);
    let engine = wire.texts(ENGINE, &bound).await?.concat().concat();
    let remark = (!matches!(engine.as_str(), "InnoDB" | "")).then_some(NO_SNAPSHOT);
    Ok(Some(Table { name: name.clone(), columns, unique, remark, rowid: None }))
}

fn kind(data_type: &str, declared: &str) -> ColumnKind {
    match data_type {
        "tinyint" if declared == "tinyint(1)" => ColumnKind::Boolean,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => ColumnKind::Integer,
        "bit" => ColumnKind::Bits,
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            ColumnKind::Binary
        }
        "date" | "datetime" | "timestamp" => ColumnKind::Moment,
        "json" => ColumnKind::Json,
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" | "geomcollection" | "vector" => ColumnKind::Opaque,
        _ => ColumnKind::Text,
    }
}
