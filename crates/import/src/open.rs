//! From what a mapping says of its source to the rows.

use std::num::NonZeroU32;

use oneloop_migrate::mapping::{Kind, Mapping, PermissionFormat, SourceSpec, Template};
use oneloop_migrate::source::{Only, Source};

use crate::database::{
    Connection, DatabaseError, Dialect, Form, Location, LocationError, Select, SelectError,
    TableName, TableNameError, TableSource, Wanted,
};
use crate::file::{self, FileFormat, OpenFileError};
use crate::upstream::{self, UpstreamError};

/// A source that can be read.
pub struct Opened {
    /// Its rows.
    pub source: Box<dyn Source + Send>,
    /// The SQL that will read them, where it is a database.
    pub sql: Option<Select>,
    /// What is different about reading it, in a sentence for the user.
    pub remark: Option<&'static str>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("source", &self.source.name())
            .field("sql", &self.sql)
            .finish_non_exhaustive()
    }
}

/// A source that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file.
    #[error(transparent)]
    File(#[from] OpenFileError),
    /// A variable that should hold the database's URL.
    #[error("source.location is env:{0}, and there is no such environment variable")]
    NoVariable(String),
    /// The URL is none.
    #[error("source.location: {0}")]
    Location(#[from] LocationError),
    /// The URL is of another database.
    #[error("source.kind is {kind}, and source.location is the URL of a {found} database")]
    OtherKind {
        /// What the mapping says.
        kind: &'static str,
        /// What the URL says.
        found: &'static str,
    },
    /// Another Oneloop.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The table's name.
    #[error("source.table: {0}")]
    TableName(#[from] TableNameError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The columns.
    #[error(transparent)]
    Select(#[from] SelectError),
}

/// Opens the source of a mapping. `rows_per_second` caps how fast a database is read.
///
/// # Errors
///
/// [`OpenError`] if it is not there, refuses, or lacks columns that the mapping names.
pub async fn open(
    mapping: &Mapping,
    rows_per_second: Option<NonZeroU32>,
) -> Result<Opened, OpenError> {
    let spec = &mapping.source;
    let format = match spec.kind {
        Kind::Csv => FileFormat::Csv,
        Kind::Ndjson => FileFormat::Ndjson,
        Kind::Oneloop => {
            let source = only(Box::new(upstream::open(spec)?), spec);
            let remark = Some("an API has no snapshot: keys that change meanwhile may be missed");
            return Ok(Opened { source, sql: None, remark });
        }
        Kind::Postgres | Kind::Mysql | Kind::Sqlite => {
            return open_table(mapping, rows_per_second).await;
        }
    };
    let source = only(file::open(format, &spec.location)?, spec);
    Ok(Opened { source, sql: None, remark: None })
}

/// Of the source's rows those that the mapping takes.
fn only(source: Box<dyn Source + Send>, spec: &SourceSpec) -> Box<dyn Source + Send> {
    match spec.only.is_empty() {
        true => source,
        false => Box::new(Only::new(source, spec.only.clone())),
    }
}

async fn open_table(
    mapping: &Mapping,
    rows_per_second: Option<NonZeroU32>,
) -> Result<Opened, OpenError> {
    let spec = &mapping.source;
    let name = TableName::parse(spec.table.as_deref().unwrap_or_default())?;
    let mut connection = Connection::open(&location_of(spec.kind, &spec.location)?).await?;
    let table = connection.table(&name).await?;
    let remark = table.remark;
    let select =
        Select::new(connection.dialect(), &table, &wanted(mapping), spec.filter.as_deref())?;
    let source = TableSource::new(connection, select.clone(), rows_per_second).await?;
    Ok(Opened { source: Box::new(source), sql: Some(select), remark })
}

/// Where a database is: what `source.location` says, or what is in the variable that it names.
///
/// # Errors
///
/// [`OpenError`] if the variable is missing or the URL is of no or another database.
pub fn location_of(kind: Kind, location: &str) -> Result<Location, OpenError> {
    let value = match location.strip_prefix("env:") {
        Some(name) => std::env::var(name).map_err(|_| OpenError::NoVariable(name.to_owned()))?,
        None => location.to_owned(),
    };
    let path = kind == Kind::Sqlite && !value.starts_with("sqlite:");
    let location = if path { Location::File(value.into()) } else { value.parse()? };
    let expected = match kind {
        Kind::Postgres => Dialect::Postgres,
        Kind::Mysql => Dialect::Mysql,
        _ => Dialect::Sqlite,
    };
    if location.dialect() != expected {
        return Err(OpenError::OtherKind { kind: kind.word(), found: location.dialect().title() });
    }
    Ok(location)
}

/// The columns that a mapping names, each with the form in which it is read. What is read by its bytes comes first:
/// a column that stands twice is read once, in its first form.
pub fn wanted(mapping: &Mapping) -> Vec<Wanted> {
    let columns = &mapping.columns;
    let secret =
        [Some(&columns.key), columns.salt.as_ref(), columns.locator.as_ref().map(|it| &it.column)];
    let secret = secret.into_iter().flatten().map(|column| (column.as_str(), Form::Bytes));
    let permissions = columns.permissions.as_ref().map(|it| {
        let json = matches!(it.format, PermissionFormat::JsonArray | PermissionFormat::JsonMap);
        (it.column.as_str(), if json { Form::Json } else { Form::Text })
    });
    let templates = [columns.id.as_ref(), columns.name.as_ref(), Some(&columns.owner)];
    let templates = templates
        .into_iter()
        .flatten()
        .chain(mapping.metadata.values())
        .flat_map(Template::columns);
    let moments = [&columns.created, &columns.last_used, &columns.expires];
    let moments = moments.into_iter().flatten().map(|it| it.column.as_str());
    let flags = columns.flags().map(|it| it.column.as_str());
    let metadata = columns.metadata.as_deref().map(|column| (column, Form::Json));
    let texts = templates.chain(moments).chain(flags).chain(columns.texts());
    let texts = texts.map(|column| (column, Form::Text));
    secret
        .chain(permissions)
        .chain(metadata)
        .chain(texts)
        .map(|(column, form)| Wanted {
            column: column.to_owned(),
            form,
            secret: form == Form::Bytes,
        })
        .collect()
}
