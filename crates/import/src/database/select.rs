//! The SQL that reads a table, in pages where it can.
//!
//! A page is `… WHERE key > last ORDER BY key LIMIT n`: each costs the same however deep it lies, which `OFFSET`
//! does not. What a page ends with is bound to the next statement, and servers may log what is bound; therefore no
//! column that holds a secret is ever paged by.

use oneloop_migrate::source::ColumnKind;

use super::dialect::{Dialect, Form};
use super::table::{Column, Table};

/// Rows in a page: some 1 MiB of a usual table of keys, a few milliseconds of the server's time.
pub const PAGE_ROWS: usize = 5_000;

/// A column that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name; case may differ.
    pub column: String,
    /// In which form.
    pub form: Form,
    /// Whether what it holds is a secret.
    pub secret: bool,
}

/// Columns that cannot be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The table does not have them.
    #[error("`{table}` has no column {}; it has {}", list(.missing), list(.columns))]
    Missing {
        /// The table.
        table: String,
        /// What is missing.
        missing: Vec<String>,
        /// What there is.
        columns: Vec<String>,
    },
    /// A column's type has no text.
    #[error("column `{column}` is of type {declared}, which cannot be read as text")]
    Opaque {
        /// The column.
        column: String,
        /// Its type.
        declared: String,
    },
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// What takes the place of a parameter.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Bound {
    Text(String),
    Bytes(Vec<u8>),
    Integer(i64),
}

/// The statements that read a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    dialect: Dialect,
    /// The names of the selected columns, as the table spells them.
    columns: Vec<String>,
    expressions: Vec<String>,
    from: String,
    filter: Option<String>,
    order: Vec<OrderBy>,
    /// What the one long statement is ordered by where there is nothing to page by.
    sorted_by: Vec<String>,
}

/// One column of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OrderBy {
    /// The column as SQL.
    name: String,
    /// What is selected to know where a page ended.
    selected: String,
    /// The parameter as SQL, after its own mark (`?`, `$1`).
    cast: Cast,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Cast {
    /// PostgreSQL: by way of text to the column's own type.
    Declared(String),
    /// MySQL would compare a number with text as floating point.
    Signed,
    Unsigned,
    /// Bound as it is: text.
    Text,
    /// Bound as it is: bytes.
    Bytes,
    /// SQLite's row number, bound as a number.
    RowNumber,
}

impl Select {
    /// The statements for `wanted` columns of the rows that meet `filter`, which is the user's own SQL.
    ///
    /// # Errors
    ///
    /// [`SelectError`], naming the columns.
    pub fn new(
        dialect: Dialect,
        table: &Table,
        wanted: &[Wanted],
        filter: Option<&str>,
    ) -> Result<Self, SelectError> {
        let missing: Vec<String> = wanted
            .iter()
            .filter(|it| table.column(&it.column).is_none())
            .map(|it| it.column.clone())
            .collect();
        if !missing.is_empty() {
            let columns = table.columns.iter().map(|column| column.name.clone()).collect();
            return Err(SelectError::Missing { table: table.name.to_string(), missing, columns });
        }
        let (mut columns, mut expressions) = (Vec::new(), Vec::new());
        for Wanted { column, form, .. } in wanted {
            let Some(column) = table.column(column) else { continue };
            if columns.contains(&column.name) {
                continue;
            }
            let opaque = || SelectError::Opaque {
                column: column.name.clone(),
                declared: column.declared.clone(),
            };
            expressions.push(dialect.selected(column, *form).ok_or_else(opaque)?);
            columns.push(column.name.clone());
        }
        let secret: Vec<&str> = wanted
            .iter()
            .filter(|it| it.secret)
            .filter_map(|it| table.column(&it.column))
            .map(|column| column.name.as_str())
            .collect();
        Ok(Self {
            dialect,
            columns,
            expressions,
            from: table.name.sql(dialect),
            filter: filter.map(str::to_owned),
            order: order(dialect, table, &secret),
            // Whoever goes on later has to meet the same rows at the same places. The names of secret columns may
            // stand in a statement, only what is in them may not.
            sorted_by: table
                .unique
                .first()
                .map(|names| names.iter().map(|name| dialect.quoted(name)).collect())
                .unwrap_or_default(),
        })
    }

    /// Whose SQL it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The names of the selected columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether the table is read in pages. Where it has nothing to page by, it is read by one long statement.
    pub fn is_paged(&self) -> bool {
        !self.order.is_empty()
    }

    /// How many columns at the end of each row only say where it stands.
    pub(super) fn order_columns(&self) -> usize {
        self.order.len()
    }

    /// How many rows there are.
    pub fn count(&self) -> String {
        format!(
            "SELECT CAST(COUNT(*) AS {}) FROM {}{}",
            match self.dialect {
                Dialect::Mysql => "CHAR",
                Dialect::Postgres | Dialect::Sqlite => "TEXT",
            },
            self.from,
            self.conditions(None)
        )
    }

    /// The first page, or the whole table. What `plan` shows.
    pub fn first(&self) -> String {
        self.page(None)
    }

    /// Any later page.
    pub fn next(&self) -> String {
        self.page(Some(self.after()))
    }

    fn page(&self, after: Option<String>) -> String {
        let order = self.order.iter();
        let selected: Vec<&str> = self
            .expressions
            .iter()
            .map(String::as_str)
            .chain(order.clone().map(|it| it.selected.as_str()))
            .collect();
        let select =
            format!("SELECT {}\nFROM {}{}", selected.join(", "), self.from, self.conditions(after));
        if self.order.is_empty() {
            return match self.sorted_by.is_empty() {
                true => select,
                false => format!("{select}\nORDER BY {}", self.in_order(self.sorted_by.iter())),
            };
        }
        let names = self.in_order(order.map(|it| &it.name));
        format!("{select}\nORDER BY {names}\nLIMIT {PAGE_ROWS}")
    }

    /// Names behind ORDER BY. There PostgreSQL takes a bare name for what is selected under it, and `"id"::text` is
    /// selected as `id`: 10 would stand before 9. With its table's name it is the column.
    fn in_order<'n>(&self, names: impl Iterator<Item = &'n String>) -> String {
        let of_table = |name: &String| match self.dialect {
            Dialect::Postgres => format!("{}.{name}", self.from),
            Dialect::Mysql | Dialect::Sqlite => name.clone(),
        };
        names.map(of_table).collect::<Vec<_>>().join(", ")
    }

    fn conditions(&self, after: Option<String>) -> String {
        // The user's condition ends with a line break: it may end in a comment.
        let filter = self.filter.as_ref().map(|filter| format!("({filter}\n)"));
        let all: Vec<String> = filter.into_iter().chain(after).collect();
        if all.is_empty() { String::new() } else { format!("\nWHERE {}", all.join(" AND ")) }
    }

    /// What follows the last row of a page. Spelled out, because MySQL takes no index for `(a, b) > (?, ?)`.
    fn after(&self) -> String {
        let marks: Vec<String> =
            self.order.iter().enumerate().map(|(at, it)| self.mark(it, at)).collect();
        let alternatives: Vec<String> = (0..self.order.len())
            .map(|at| {
                let equal = self
                    .order
                    .iter()
                    .zip(&marks)
                    .take(at)
                    .map(|(it, mark)| format!("{} = {mark}", it.name));
                let greater = self
                    .order
                    .iter()
                    .zip(&marks)
                    .skip(at)
                    .take(1)
                    .map(|(it, mark)| format!("{} > {mark}", it.name));
                let all: Vec<String> = equal.chain(greater).collect();
                all.join(" AND ")
            })
            .collect();
        match alternatives.as_slice() {
            [one] => one.clone(),
            several => format!("(({}))", several.join(") OR (")),
        }
    }

    fn mark(&self, order: &OrderBy, at: usize) -> String {
        let mark = match self.dialect {
            Dialect::Postgres => format!("${}", at + 1),
            Dialect::Mysql | Dialect::Sqlite => "?".to_owned(),
        };
        match &order.cast {
            Cast::Declared(declared) => format!("{mark}::text::{declared}"),
            Cast::Signed => format!("CAST({mark} AS SIGNED)"),
            Cast::Unsigned => format!("CAST({mark} AS UNSIGNED)"),
            Cast::Text | Cast::Bytes | Cast::RowNumber => mark,
        }
    }

    /// The parameters of [`Select::next`], from the order columns of the last row of a page. `None` if one of them
    /// is not what it was declared to be.
    pub(super) fn bound(&self, last: &[&[u8]]) -> Option<Vec<Bound>> {
        let one = |(order, value): (&OrderBy, &&[u8])| {
            let text = || std::str::from_utf8(value).ok();
            Some(match order.cast {
                Cast::Bytes => Bound::Bytes(value.to_vec()),
                Cast::RowNumber => Bound::Integer(text()?.parse().ok()?),
                _ => Bound::Text(text()?.to_owned()),
            })
        };
        let each: Vec<Bound> = self.order.iter().zip(last).map(one).collect::<Option<_>>()?;
        if self.dialect == Dialect::Postgres {
            return Some(each);
        }
        // Marks without numbers: one parameter for each time it is mentioned.
        Some((0..each.len()).flat_map(|at| each.iter().take(at + 1).cloned()).collect())
    }
}

/// What to page by: the first unique set of columns that holds no secret and that a parameter compares with exactly.
fn order(dialect: Dialect, table: &Table, secret: &[&str]) -> Vec<OrderBy> {
    if let Some(rowid) = table.rowid.filter(|_| dialect == Dialect::Sqlite) {
        let (name, selected) = (rowid.to_owned(), format!("CAST({rowid} AS TEXT)"));
        return vec![OrderBy { name, selected, cast: Cast::RowNumber }];
    }
    let by = |columns: &Vec<String>| {
        let each = columns.iter().map(|name| {
            let column = table.column(name)?;
            let cast =
                (!secret.contains(&column.name.as_str())).then(|| cast(dialect, column))??;
            let selected = dialect.selected(column, Form::Bytes)?;
            Some(OrderBy { name: dialect.quoted(&column.name), selected, cast })
        });
        each.collect::<Option<Vec<_>>>()
    };
    table.unique.iter().find_map(by).unwrap_or_default()
}

fn cast(dialect: Dialect, column: &Column) -> Option<Cast> {
    match (dialect, column.kind) {
        // Its bytes would have to be spelled.
        (Dialect::Postgres, ColumnKind::Binary) | (Dialect::Sqlite, _) => None,
        (Dialect::Postgres, _) => Some(Cast::Declared(column.declared.clone())),
        (Dialect::Mysql, ColumnKind::Integer) if column.declared.contains("unsigned") => {
            Some(Cast::Unsigned)
        }
        (Dialect::Mysql, ColumnKind::Integer) => Some(Cast::Signed),
        (Dialect::Mysql, ColumnKind::Binary) => Some(Cast::Bytes),
        (Dialect::Mysql, ColumnKind::Text) if column.declared.contains("char") => Some(Cast::Text),
        (Dialect::Mysql, _) => None,
    }
}
