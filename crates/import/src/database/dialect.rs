//! What the three databases say differently.

use oneloop_migrate::source::ColumnKind;

use super::table::Column;

/// Which SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
    /// SQLite.
    Sqlite,
}

/// In which form a column is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its own bytes where it is binary, else its text: keys, salts, locators.
    Bytes,
    /// Text; of a binary column, its hex.
    Text,
    /// Text; of an array, JSON.
    Json,
}

impl Dialect {
    /// What people call the database.
    pub fn title(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// A name in quotes.
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::Mysql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// The expression that yields a column as text or bytes, so that every type arrives in the database's own
    /// spelling and not in a driver's. `None` where it has none.
    pub(super) fn selected(self, column: &Column, form: Form) -> Option<String> {
        let name = self.quoted(&column.name);
        Some(match self {
            Self::Postgres => match (column.kind, form) {
                (ColumnKind::Binary, Form::Bytes) => name,
                (ColumnKind::Binary, _) => format!("encode({name}, 'hex')"),
                (ColumnKind::Array, Form::Json) => format!("to_json({name})::text"),
                _ => format!("{name}::text"),
            },
            Self::Mysql => match (column.kind, form) {
                (ColumnKind::Opaque, _) => return None,
                (ColumnKind::Binary, Form::Bytes) => name,
                (ColumnKind::Binary, _) => format!("LOWER(HEX({name}))"),
                // A number, because the text of a bit field is its bytes.
                (ColumnKind::Bits, _) => format!("CAST({name} + 0 AS CHAR)"),
                _ => format!("CAST({name} AS CHAR)"),
            },
            // SQLite keeps types with values, not with columns, so each value is asked for its own.
            Self::Sqlite => {
                let blob =
                    if form == Form::Bytes { name.clone() } else { format!("lower(hex({name}))") };
                format!("CASE typeof({name}) WHEN 'blob' THEN {blob} ELSE CAST({name} AS TEXT) END")
            }
        })
    }
}
