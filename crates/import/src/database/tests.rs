//! The SQL as it is put together, and SQLite read for real. PostgreSQL (but for its pages) and MariaDB are read for real
//! by the suite `migration`, through the binary.

use std::ops::ControlFlow;
use std::path::Path;

use oneloop_migrate::source::{ColumnKind, Row, Source, SourceError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _};

use super::*;

fn column(name: &str, declared: &str, kind: ColumnKind) -> Column {
    Column { name: name.to_owned(), declared: declared.to_owned(), kind }
}

fn table(columns: Vec<Column>, unique: &[&[&str]]) -> Table {
    let unique = unique.iter().map(|set| set.iter().map(ToString::to_string).collect()).collect();
    let name = TableName { schema: None, table: "t".to_owned() };
    Table { name, columns, unique, remark: None, rowid: None }
}

fn wanted(columns: &[(&str, Form)]) -> Vec<Wanted> {
    let secret = |form| form == Form::Bytes;
    columns
        .iter()
        .map(|(column, form)| Wanted {
            column: (*column).to_owned(),
            form: *form,
            secret: secret(*form),
        })
        .collect()
}

#[test]
fn every_type_is_selected_as_text_or_bytes() {
    let columns = || {
        vec![
            column("k", "bytea", ColumnKind::Binary),
            column("u", "bytea", ColumnKind::Binary),
            column("s", "text[]", ColumnKind::Array),
            column("b", "bit(1)", ColumnKind::Bits),
            column("d", "numeric(9,2)", ColumnKind::Text),
        ]
    };
    let all = [
        ("k", Form::Bytes),
        ("s", Form::Json),
        ("u", Form::Text),
        ("b", Form::Text),
        ("d", Form::Text),
    ];
    let select = |dialect| {
        Select::new(dialect, &table(columns(), &[]), &wanted(&all), None).expect("selects").first()
    };
    assert_eq!(
        select(Dialect::Postgres),
        "SELECT \"k\", to_json(\"s\")::text, encode(\"u\", 'hex'), \"b\"::text, \"d\"::text\nFROM \"t\""
    );
    assert_eq!(
        select(Dialect::Mysql),
        "SELECT `k`, CAST(`s` AS CHAR), LOWER(HEX(`u`)), CAST(`b` + 0 AS CHAR), CAST(`d` AS CHAR)\nFROM `t`"
    );
}

#[test]
fn pages_go_by_a_key_without_a_secret_in_it() {
    let columns = vec![
        column("Key", "character varying(40)", ColumnKind::Text),
        column("user_id", "bigint", ColumnKind::Integer),
        column("n", "integer", ColumnKind::Integer),
    ];
    let by = |dialect, unique: &[&[&str]]| {
        let table = table(columns.clone(), unique);
        let all = wanted(&[("key", Form::Bytes), ("user_id", Form::Text)]);
        let select = Select::new(dialect, &table, &all, Some("n > 1 -- some")).expect("selects");
        (select.is_paged(), select.next())
    };
    assert!(!by(Dialect::Postgres, &[&["Key"]]).0, "the key itself is never bound");
    assert_eq!(
        by(Dialect::Postgres, &[&["Key"], &["user_id", "n"]]),
        (
            true,
            "SELECT \"Key\"::text, \"user_id\"::text, \"user_id\"::text, \"n\"::text\nFROM \"t\"\n\
             WHERE (n > 1 -- some\n) AND ((\"user_id\" > $1::text::bigint) OR \
             (\"user_id\" = $1::text::bigint AND \"n\" > $2::text::integer))\n\
             ORDER BY \"t\".\"user_id\", \"t\".\"n\"\nLIMIT 5000"
                .to_owned()
        )
    );
    let (_, mysql) = by(Dialect::Mysql, &[&["user_id"]]);
    assert!(mysql.contains("AND `user_id` > CAST(? AS SIGNED)\nORDER BY `user_id`"), "{mysql}");
}

#[test]
fn what_is_missing_or_has_no_text_is_named() {
    let table = table(
        vec![column("a", "int", ColumnKind::Integer), column("p", "point", ColumnKind::Opaque)],
        &[],
    );
    let refused = |name| {
        let wanted = wanted(&[(name, Form::Text)]);
        Select::new(Dialect::Mysql, &table, &wanted, None).expect_err("refused").to_string()
    };
    assert_eq!(refused("b"), "`t` has no column `b`; it has `a`, `p`");
    assert_eq!(refused("p"), "column `p` is of type point, which cannot be read as text");
}

/// A database of these statements.
async fn database(folder: &Path, statements: &'static str) -> Location {
    let path = folder.join("legacy.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = options.connect().await.expect("made");
    sqlx::raw_sql(statements).execute(&mut connection).await.expect("filled");
    sqlx::Connection::close(connection).await.expect("closed");
    Location::File(path)
}

async fn source(
    location: &Location,
    name: &str,
    columns: &[(&str, Form)],
    filter: Option<&str>,
) -> TableSource {
    let mut connection = Connection::open(location).await.expect("opens");
    let table = connection.table(&TableName::parse(name).expect("a name")).await.expect("is there");
    let select =
        Select::new(location.dialect(), &table, &wanted(columns), filter).expect("selects");
    TableSource::new(connection, select, None).await.expect("counts")
}

async fn rows(mut source: TableSource) -> Result<Vec<Row>, SourceError> {
    tokio::task::spawn_blocking(move || {
        let mut rows = Vec::new();
        let mut sink = |row: Row| {
            rows.push(row);
            ControlFlow::Continue(())
        };
        source.read(&mut sink).map(|()| rows)
    })
    .await
    .expect("no panic")
}

#[tokio::test]
async fn sqlite_values_arrive_as_text_or_bytes_whatever_their_column_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = database(
        folder.path(),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, k BLOB, u BLOB, n NUMERIC, at DATETIME, flag BOOLEAN, odd); \
         INSERT INTO t VALUES (1, x'00ff', x'A1b2', 1.5, '2026-11-23 08:00:00', 1, 7), \
                              (2, 'text', NULL, 9007199254740993, 1795420800, 0, x'ff')",
    )
    .await;
    let all = [
        ("k", Form::Bytes),
        ("u", Form::Text),
        ("n", Form::Text),
        ("at", Form::Text),
        ("flag", Form::Text),
        ("odd", Form::Text),
    ];
    let source = source(&location, "t", &all, None).await;
    assert_eq!(source.count(), Some(2));
    let rows = rows(source).await.expect("reads");
    let cells = |at: usize| -> Vec<Option<Vec<u8>>> {
        rows[at].cells.iter().map(|cell| cell.bytes().map(<[u8]>::to_vec)).collect()
    };
    let text = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(
        cells(0),
        [
            Some(vec![0, 255]),
            text("a1b2"),
            text("1.5"),
            text("2026-11-23 08:00:00"),
            text("1"),
            text("7")
        ]
    );
    assert_eq!(
        cells(1),
        [text("text"), None, text("9007199254740993"), text("1795420800"), text("0"), text("ff")]
    );
    assert_eq!((rows[1].number, rows[1].header.names().len()), (2, 6));
}

#[tokio::test]
async fn every_row_is_read_once_over_many_pages_and_in_one_snapshot() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = database(
        folder.path(),
        "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, k TEXT); \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12345) \
         INSERT INTO t SELECT i * 3, 'key-' || i FROM n",
    )
    .await;
    let source = source(&location, "t", &[("k", Form::Bytes)], Some("id % 2 = 1")).await;
    assert!(source.select().is_paged());
    // What is written from here on is of another moment.
    let Location::File(path) = &location else { panic!("a file") };
    let mut writer = SqliteConnectOptions::new().filename(path).connect().await.expect("opens");
    sqlx::raw_sql("DELETE FROM t WHERE id > 100; INSERT INTO t VALUES (37035, 'late')")
        .execute(&mut writer)
        .await
        .expect("a writer is not kept waiting");
    let rows = rows(source).await.expect("reads");
    let keys: Vec<&str> = rows.iter().filter_map(|row| row.text("k")).collect();
    let expected: Vec<String> = (1..=12_345).step_by(2).map(|i| format!("key-{i}")).collect();
    assert_eq!(keys, expected);
}

/// `ORDER BY "id"` is the text that is selected as `id`, to PostgreSQL: pages ended at 14499, and the next began behind
/// it, so that a table of 20,000 rows gave 10,502.
#[tokio::test]
async fn postgres_pages_go_by_the_number_and_not_by_its_text() {
    let url = std::env::var("ONELOOP_TEST_POSTGRES_URL").expect(
        "ONELOOP_TEST_POSTGRES_URL names no PostgreSQL: run `npm test`, or \
         `node scripts/with-databases.mjs cargo test …`",
    );
    let name = format!("pages_{}", std::process::id());
    let mut server = sqlx::PgConnection::connect(&url).await.expect("answers");
    let fill = format!(
        "DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (id bigint PRIMARY KEY, k text);
         INSERT INTO {name} SELECT i, 'key-' || i FROM generate_series(1, 12345) AS i"
    );
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut server).await.expect("fills");
    let location = url.parse().expect("a location");
    let source = source(&location, &name, &[("id", Form::Text), ("k", Form::Bytes)], None).await;
    assert!(source.select().is_paged());
    let rows = rows(source).await.expect("reads");
    let drop = format!("DROP TABLE {name}");
    sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut server).await.expect("drops");
    let keys: Vec<&str> = rows.iter().filter_map(|row| row.text("k")).collect();
    let expected: Vec<String> = (1..=12_345).map(|i| format!("key-{i}")).collect();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn tables_without_a_row_number_are_read_by_one_statement() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = database(
        folder.path(),
        "CREATE TABLE w (k TEXT PRIMARY KEY, n INT) WITHOUT ROWID; CREATE TABLE r (rowid TEXT, k TEXT); \
         CREATE VIEW v AS SELECT k FROM w; \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) \
         INSERT INTO w SELECT 'key-' || i, i FROM n; INSERT INTO r VALUES ('x', 'a'), ('y', 'b')",
    )
    .await;
    for (name, paged, count) in [("w", false, 6_000), ("v", false, 6_000), ("r", true, 2)] {
        let source = source(&location, name, &[("k", Form::Bytes)], None).await;
        assert_eq!(source.select().is_paged(), paged, "{name}");
        assert_eq!(rows(source).await.expect("reads").len(), count, "{name}");
    }
    let mut connection = Connection::open(&location).await.expect("opens");
    let names: Vec<String> =
        connection.tables().await.expect("lists").iter().map(ToString::to_string).collect();
    assert_eq!(names, ["r", "v", "w"]);
}

#[tokio::test]
async fn a_cell_that_is_too_large_is_named_by_row_and_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let location = database(
        folder.path(),
        "CREATE TABLE t (k TEXT, note TEXT); INSERT INTO t VALUES ('a', 'b'), ('c', printf('%.*c', 100000, 'x'))",
    )
    .await;
    let source = source(&location, "t", &[("k", Form::Bytes), ("note", Form::Text)], None).await;
    let error = rows(source).await.expect_err("refused").to_string();
    assert_eq!(error, "row 2, column `note`: the cell is larger than 65536 bytes");
}

#[tokio::test]
async fn nothing_can_be_written_and_mistakes_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let location =
        database(folder.path(), "CREATE TABLE t (k TEXT); INSERT INTO t VALUES ('a')").await;
    let mut connection = Connection::open(&location).await.expect("opens");
    let written = connection.wire.run("DELETE FROM t").await.expect_err("refused");
    assert!(written.to_string().contains("readonly"), "{written}");
    let missing = connection.table(&TableName::parse("nowhere").expect("a name")).await;
    assert!(matches!(missing, Err(DatabaseError::NoTable(_))), "{missing:?}");
    let table = connection.table(&TableName::parse("t").expect("a name")).await.expect("there");
    let select =
        Select::new(Dialect::Sqlite, &table, &wanted(&[("k", Form::Bytes)]), Some("nonsense = 1"));
    let wrong = TableSource::new(connection, select.expect("selects"), None).await;
    assert!(matches!(wrong, Err(DatabaseError::Read { .. })), "{wrong:?}");
    let gone = Connection::open(&Location::File(folder.path().join("gone.db"))).await;
    assert!(matches!(gone, Err(DatabaseError::NoFile(_))), "{gone:?}");
}

#[test]
fn a_location_is_a_url_and_shows_nothing() {
    let parse = |url: &str| url.parse::<Location>().map(|location| location.dialect()).ok();
    assert_eq!(parse("postgres://a:b@c/d"), Some(Dialect::Postgres));
    assert_eq!(parse("mariadb://a:b@c/d"), Some(Dialect::Mysql));
    assert_eq!(parse("sqlite:a.db"), Some(Dialect::Sqlite));
    assert_eq!((parse("a.db"), parse("mssql://a"), parse("sqlite:")), (None, None, None));
    let shown = format!("{:?}", "postgres://app:canary@db/app".parse::<Location>());
    assert!(!shown.contains("canary"), "{shown}");
}
