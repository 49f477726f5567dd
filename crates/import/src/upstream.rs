//! A Oneloop that is reached over its HTTP API alone: what its keys are from there, and the keys themselves from a file.
//!
//! The API lists workspaces, scopes and keys, and of a key's secret nothing but a mask. Whoever handed the keys out may
//! have them, or gets them from their holders: a file with the columns `id` and `key` brings them, and whatever other
//! columns it has stand beside those of the API. A key without a line in the file is a row without a key; a line without
//! a key is a row that belongs to nobody: a plan names both.
//!
//! There is no snapshot over an API, and the original has no pages: its whole list is one answer.

use std::collections::HashMap;
use std::ops::ControlFlow;

use oneloop_migrate::mapping::SourceSpec;
use oneloop_migrate::source::{Cell, Header, Row, Sink, Source, SourceError};
use oneloop_protocol::{Access, ApiKey, IsoTime, Secret, WorkspaceId};
use oneloop_recipe::SecretRef;
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use crate::apply::client::{Client, ClientError};
use crate::file::{self, FileFormat, OpenFileError};
use crate::secret::fetch;

/// What the API says of a key. `key` is what the file says.
pub const COLUMNS: [&str; 14] = [
    "id",
    "key",
    "name",
    "customerId",
    "prefix",
    "maskedKey",
    "scopes",
    "totalUsageLeft",
    "enabled",
    "deleted",
    "expiresAt",
    "createdAt",
    "updatedAt",
    "lastUsedAt",
];

/// A Oneloop that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The file with the keys.
    #[error(transparent)]
    Open(#[from] OpenFileError),
    /// A line of it.
    #[error("the file of keys: {0}")]
    File(#[from] SourceError),
    /// It has no key for an id, or no id.
    #[error("the file of keys, line {line}: {problem}")]
    Line {
        /// Which.
        line: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// The SDK key is not where it should be.
    #[error("there is no SDK key in `{0}`")]
    NoSdkKey(SecretRef),
    /// The server.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A client of a Oneloop whose SDK key is kept there.
///
/// # Errors
///
/// [`UpstreamError`]
pub fn client(address: &str, sdk_key: &SecretRef) -> Result<Client, UpstreamError> {
    let none = || UpstreamError::NoSdkKey(sdk_key.clone());
    let bytes = fetch(sdk_key).map_err(|_| none())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| none())?.trim();
    if text.is_empty() {
        return Err(none());
    }
    Ok(Client::new(address, &Secret::new(text))?)
}

/// Lines of the file, by the id of their key.
type Lines = HashMap<String, (u64, Vec<Cell>)>;

/// The keys that somebody has.
#[derive(Default)]
pub struct KeyFile {
    /// Its columns but `id` and `key`.
    columns: Vec<String>,
    /// For each id its line, the key first.
    lines: Lines,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({} keys, {:?})", self.lines.len(), self.columns)
    }
}

impl KeyFile {
    /// Reads a file of keys, CSV or NDJSON. All of it is held in memory.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] that names the line and repeats none.
    pub fn read(path: &str) -> Result<Self, UpstreamError> {
        let format = if path.ends_with("json") { FileFormat::Ndjson } else { FileFormat::Csv };
        let mut read = Self::default();
        let mut problem = None;
        let mut sink = |row: Row| match read.take(&row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(what) => {
                problem = Some(UpstreamError::Line { line: row.line, problem: what });
                ControlFlow::Break(())
            }
        };
        file::open(format, path)?.read(&mut sink)?;
        problem.map_or(Ok(read), Err)
    }

    fn take(&mut self, row: &Row) -> Result<(), &'static str> {
        let there = |name: &str| row.text(name).map(str::trim).filter(|text| !text.is_empty());
        let id = there("id").ok_or("there is no `id`")?.to_owned();
        let key = there("key").ok_or("there is no `key`")?;
        for name in row.header.names() {
            let known = COLUMNS.iter().any(|column| column.eq_ignore_ascii_case(name));
            if !known && !self.columns.contains(name) {
                self.columns.push(name.clone());
            }
        }
        let others = self.columns.iter().map(|name| row.cell(name).cloned().unwrap_or_default());
        let cells = [Cell::text(key)].into_iter().chain(others).collect();
        match self.lines.insert(id, (row.line, cells)) {
            None => Ok(()),
            Some(_) => Err("the `id` of a line before"),
        }
    }

    /// All columns of a row: those of the API, then those of the file.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        COLUMNS.into_iter().chain(self.columns.iter().map(String::as_str))
    }
}

/// The keys of one workspace.
#[derive(Debug)]
pub struct Upstream {
    client: Client,
    workspace: WorkspaceId,
    file: KeyFile,
    runtime: Handle,
}

/// Opens the source that a mapping describes. To be called within a Tokio runtime.
///
/// # Errors
///
/// [`UpstreamError`]
pub fn open(spec: &SourceSpec) -> Result<Upstream, UpstreamError> {
    // What is missing has been refused before: see `SourceSpec::check`.
    let place = spec.sdk_key.clone().unwrap_or(SecretRef::Env(String::new()));
    let file = spec.keys.as_deref().map(KeyFile::read).transpose()?.unwrap_or_default();
    Ok(Upstream {
        client: client(&spec.location, &place)?,
        workspace: spec.workspace.clone().unwrap_or_else(|| "".into()),
        file,
        runtime: Handle::current(),
    })
}

impl Source for Upstream {
    fn name(&self) -> &'static str {
        "oneloop"
    }

    /// Blocks its thread, which must be one that may wait: `tokio::task::spawn_blocking` has such.
    fn read(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let header = Header::new(self.file.columns().map(str::to_owned));
        let mut lines = std::mem::take(&mut self.file.lines);
        let (mut number, mut cursor) = (0, None::<String>);
        let mut push = |cells: Vec<Cell>| {
            number += 1;
            sink.row(Row { number, line: number, header: header.clone(), cells })
        };
        loop {
            let page = self.client.key_page(&self.workspace, cursor.as_deref());
            let page = self.runtime.block_on(page);
            let page =
                page.map_err(|cause| SourceError::Failed { row: 0, cause: Box::new(cause) })?;
            for key in page.api_keys {
                let line = lines.remove(key.id.as_str()).map(|(_, cells)| cells);
                if push(cells(key, line.unwrap_or_default(), header.names().len())).is_break() {
                    return Ok(());
                }
            }
            cursor = page.next_cursor.flatten();
            if cursor.is_none() {
                break;
            }
        }
        // Lines of keys that the API does not know, in the order of the file.
        let mut left: Vec<_> = lines.into_iter().collect();
        left.sort_by_key(|(_, (line, _))| *line);
        for (id, (_, line)) in left {
            let mut cells = vec![Cell::Null; COLUMNS.len()];
            cells[0] = Cell::text(id);
            if push(joined(cells, line, header.names().len())).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// The cells of a key, in the order of [`COLUMNS`], then those of its line.
fn cells(key: ApiKey, line: Vec<Cell>, columns: usize) -> Vec<Cell> {
    let text = |text: Option<String>| text.map_or(Cell::Null, Cell::text);
    let iso = |time: Option<IsoTime>| text(time.map(|time| time.0));
    let scopes: Map<String, Value> = key
        .scopes
        .iter()
        .map(|grant| {
            let all = [Access::CREATE, Access::READ, Access::UPDATE, Access::DELETE];
            let words = all.into_iter().filter(|it| grant.access().covers(*it));
            let words = words.map(|it| Value::String(it.to_string())).collect();
            (grant.representation.clone(), Value::Array(words))
        })
        .collect();
    let cells = vec![
        Cell::text(key.id.as_str()),
        Cell::Null,
        Cell::text(key.name),
        text(key.customer_id),
        text(key.prefix),
        Cell::text(key.masked_key),
        Cell::text(Value::Object(scopes).to_string()),
        text(key.total_usage_left.map(|left| left.to_string())),
        Cell::text(key.enabled.to_string()),
        Cell::text(key.deleted.to_string()),
        text(key.expires_at.map(|at| at.to_string())),
        Cell::text(key.created_at.0),
        Cell::text(key.updated_at.0),
        iso(key.last_used_at),
    ];
    joined(cells, line, columns)
}

/// Puts the line's key where keys stand, and the rest of it behind.
fn joined(mut cells: Vec<Cell>, line: Vec<Cell>, columns: usize) -> Vec<Cell> {
    let mut line = line.into_iter();
    if let (Some(place), Some(key)) = (cells.get_mut(1), line.next()) {
        *place = key;
    }
    cells.extend(line);
    cells.resize(columns, Cell::Null);
    cells
}
