//! What a database says of a table.

use oneloop_migrate::source::ColumnKind;

use super::TableName;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the database spells it.
    pub declared: String,
    /// What that means for reading it.
    pub kind: ColumnKind,
}

/// A table, or a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, as it was asked for.
    pub name: TableName,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Sets of columns that are unique and never NULL, the primary key first.
    pub unique: Vec<Vec<String>>,
    /// What is different about reading it, in a sentence for the user.
    pub remark: Option<&'static str>,
    /// SQLite's own row number, where the table has it: a name for it that no column took.
    pub(super) rowid: Option<&'static str>,
}

impl Table {
    /// The column of that name. Exact spelling first, then without regard to case, as rows are read.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let exact = self.columns.iter().find(|column| column.name == name);
        exact.or_else(|| self.columns.iter().find(|it| it.name.eq_ignore_ascii_case(name)))
    }
}

/// Sets of columns out of lines of set and column, in their order.
pub(super) fn grouped(lines: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        let Ok([group, column]) = <[String; 2]>::try_from(line) else { continue };
        match groups.last_mut() {
            Some((last, columns)) if *last == group => columns.push(column),
            _ => groups.push((group, vec![column])),
        }
    }
    groups.into_iter().map(|(_, columns)| columns).collect()
}
