//! Names of tables and columns, quoted so that they can never be read as SQL.

use std::fmt;

use super::Dialect;

/// The name of a table, perhaps with the schema (in MySQL: the database) that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// The schema, if one was named.
    pub schema: Option<String>,
    /// The table.
    pub table: String,
}

/// A table's name that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a table: write table, schema.table, or \"in.quotes\" where a name has a dot"
)]
pub struct TableNameError(String);

impl TableName {
    /// Reads `table`, `schema.table` or either part in double quotes, where a doubled quote stands for one.
    ///
    /// # Errors
    ///
    /// [`TableNameError`] for an empty part, more than two parts, or an open quote.
    pub fn parse(text: &str) -> Result<Self, TableNameError> {
        let refuse = || TableNameError(text.to_owned());
        let (first, rest) = part(text.trim()).ok_or_else(refuse)?;
        match rest.strip_prefix('.') {
            None if rest.is_empty() => Ok(Self { schema: None, table: first }),
            Some(rest) => match part(rest) {
                Some((table, "")) => Ok(Self { schema: Some(first), table }),
                _ => Err(refuse()),
            },
            None => Err(refuse()),
        }
    }

    /// The name as SQL.
    pub(super) fn sql(&self, dialect: Dialect) -> String {
        let table = dialect.quoted(&self.table);
        match &self.schema {
            Some(schema) => format!("{}.{table}", dialect.quoted(schema)),
            None => table,
        }
    }
}

/// The first part of a name, and what follows it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty() && !name.contains('"')).then(|| (name.to_owned(), rest));
    };
    let mut name = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return (!name.is_empty()).then_some((name, after)),
        }
    }
}

impl fmt::Display for TableName {
    /// As [`TableName::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |name: &str| {
            if name.contains(['.', '"', ' ']) {
                format!("\"{}\"", name.replace('"', "\"\""))
            } else {
                name.to_owned()
            }
        };
        if let Some(schema) = &self.schema {
            write!(f, "{}.", plain(schema))?;
        }
        f.write_str(&plain(&self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_alike() {
        for (text, schema, table) in [
            ("api_keys", None, "api_keys"),
            ("auth.api_keys", Some("auth"), "api_keys"),
            ("\"a.b\".\"c\"\"d\"", Some("a.b"), "c\"d"),
            ("public.\"ApiKey\"", Some("public"), "ApiKey"),
        ] {
            let name = TableName::parse(text).expect(text);
            assert_eq!((name.schema.as_deref(), name.table.as_str()), (schema, table));
            assert_eq!(TableName::parse(&name.to_string()), Ok(name), "{text}");
        }
        for bad in ["", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "a\"b"] {
            assert!(TableName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_quoted_name_cannot_end_its_quotes() {
        let name = TableName { schema: None, table: "a\"; DROP TABLE b; --`".to_owned() };
        assert_eq!(name.sql(Dialect::Postgres), "\"a\"\"; DROP TABLE b; --`\"");
        assert_eq!(name.sql(Dialect::Mysql), "`a\"; DROP TABLE b; --```");
    }
}
