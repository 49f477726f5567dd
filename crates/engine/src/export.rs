//! A team's workspaces, scopes and keys as lines that another installation can take in ([`oneloop_protocol::export`]).
//!
//! Everything is read in one snapshot, page by page, from the database itself: nobody has to load an index for it. What a
//! tag is made of is said by recipes in which the pepper is named: whoever has it makes of a presented key what is stored
//! here. The pepper itself is needed too: the line that an export leaves in the audit log is sealed with it, and so is what
//! keys are tried against that can only be tried.

mod recipes;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use oneloop_protocol::export::{Counts, End, Header, Key, Line, NATIVE, VERSION};
use oneloop_protocol::migration::Hex32;
use oneloop_protocol::{Access, ApiKeyId, TeamId, UnixMillis, WorkspaceId};

use serde_json::json;

use crate::actor::Who;
use crate::error::{Cause, OpenError};
use crate::options::Database;
use crate::pepper::{Pepper, PepperCheck};
use crate::scopes;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{
    ApiKeyRow, KeyFilter, KeyPage, NewAudit, Position, Read, ScopeRow, SortValue, Store,
    StoreError, TeamRow, WorkspaceRow,
};
use crate::stored_value::StoredValue;
use crate::time::iso;
use crate::workspaces;
use recipes::Recipes;

/// Keys in one page.
const PAGE: u32 = 2_000;

/// What is exported.
#[derive(Clone, Debug)]
pub struct ExportOptions {
    /// From where.
    pub database: Database,
    /// Where its pepper is; beside the database, with `.pepper` added to its name, when absent. The audit log is sealed
    /// with it, and so is what some keys are tried against.
    pub pepper_file: Option<PathBuf>,
    /// Whose keys; may be left out where there is one team.
    pub team: Option<TeamId>,
    /// Of this workspace alone.
    pub workspace: Option<WorkspaceId>,
    /// Now.
    pub now: UnixMillis,
}

/// Why nothing was exported, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is nothing in it.
    #[error("there is no installation in `{0}`")]
    NoInstallation(String),
    /// Somebody has to say which team.
    #[error("there are several teams")]
    SeveralTeams(Vec<TeamId>),
    /// There is no such team.
    #[error("there is no such team")]
    UnknownTeam,
    /// The team has no such workspace.
    #[error("the team has no such workspace")]
    UnknownWorkspace,
    /// The database refused.
    #[error("the database refused")]
    Database(#[source] Cause),
    /// A line could not be written.
    #[error("cannot write")]
    Write(#[from] io::Error),
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> Self {
        Self::Database(error.into())
    }
}

/// Hands every line to `sink`, in order, all from one state of the database. Changes nothing but, as any start does, the
/// database's schema to that of this version, and adds a line to the audit log. Servers may run on it meanwhile.
///
/// # Errors
///
/// [`ExportError`]; what `sink` answers with ends the export.
pub async fn export(
    options: &ExportOptions,
    sink: &mut (dyn FnMut(&Line) -> io::Result<()> + Send),
) -> Result<End, ExportError> {
    let shown = options.database.to_string();
    let store: Box<dyn Store> = match &options.database {
        Database::Sqlite(file) => Box::new(SqliteStore::open(file).await?),
        Database::Postgres(url) => Box::new(PostgresStore::open(url).await?),
    };
    if store.is_half_copied().await? {
        return Err(OpenError::HalfCopied { database: shown }.into());
    }
    let mut snapshot = store.read().await?;
    let exported = lines(store.as_ref(), snapshot.as_mut(), options, sink).await;
    drop(snapshot);
    store.close().await;
    exported
}

async fn lines(
    database: &dyn Store,
    store: &mut dyn Read,
    options: &ExportOptions,
    sink: &mut (dyn FnMut(&Line) -> io::Result<()> + Send),
) -> Result<End, ExportError> {
    let check = store.pepper_check().await?;
    let check = check.ok_or_else(|| ExportError::NoInstallation(options.database.to_string()))?;
    let team = team(store, options.team.as_ref()).await?;
    let mut workspaces = store.workspaces(Some(team.id)).await?;
    if let Some(wanted) = &options.workspace {
        workspaces.retain(|workspace| Some(workspace.id) == wanted.bits());
        if workspaces.is_empty() {
            return Err(ExportError::UnknownWorkspace);
        }
    }
    let mut catalogues = Vec::with_capacity(workspaces.len());
    let mut counts = Counts { workspaces: workspaces.len() as u64, ..Counts::default() };
    for workspace in &workspaces {
        let catalogue = store.scopes(Some(workspace.id)).await?;
        counts.scopes += catalogue.len() as u64;
        counts.keys += store.count_api_keys(&all_of(workspace, options.now)).await?;
        catalogues.push(catalogue);
    }
    let rows = store.recipes(Some(team.id)).await?;
    let recipes = Recipes::of(team.id, &rows);
    let pepper = pepper(options, &check)?;
    note(database, options, &team, &counts, &pepper).await?;
    let pepper = recipes.have_stored_values().then_some(pepper);
    let taken = Taken { recipes, pepper, now: options.now };
    sink(&Line::OneloopExport(Header {
        version: VERSION,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        exported_at: iso(options.now),
        team_id: TeamId::from_bits(team.id),
        team_name: team.name,
        counts,
        recipes: taken.recipes.described(),
        pepper_check: Hex32(*check.as_bytes()),
    }))?;
    let mut end = End::default();
    for (workspace, catalogue) in workspaces.into_iter().zip(&catalogues) {
        keys_of(store, workspace, catalogue, &taken, &mut end, sink).await?;
    }
    sink(&Line::End(end))?;
    Ok(end)
}

/// Says in the audit log what is about to leave, before any of it has: an export that is stopped has shown keys, too.
async fn note(
    database: &dyn Store,
    options: &ExportOptions,
    team: &TeamRow,
    counts: &Counts,
    pepper: &Pepper,
) -> Result<(), StoreError> {
    let line = NewAudit {
        at: options.now,
        team: Some(team.id),
        who: Who::Operator.to_string(),
        action: "team.exported",
        subject: TeamId::from_bits(team.id).to_string(),
        address: None,
        request_id: None,
        detail: json!({ "keys": counts.keys, "workspaceId": options.workspace }),
    };
    database.write().await?.commit(&[line], pepper).await?;
    Ok(())
}

/// The pepper of this database.
fn pepper(options: &ExportOptions, check: &PepperCheck) -> Result<Pepper, ExportError> {
    let database = options.database.to_string();
    let file = options.pepper_file.clone();
    let file = file.unwrap_or_else(|| options.database.default_pepper_path());
    match Pepper::read(&file)? {
        Some(pepper) if pepper.belongs_to(check) => Ok(pepper),
        Some(_) => Err(OpenError::WrongPepper { file, database }.into()),
        None => Err(OpenError::PepperMissing { file, database }.into()),
    }
}

/// The team that is named, or the only one.
async fn team(store: &mut dyn Read, wanted: Option<&TeamId>) -> Result<TeamRow, ExportError> {
    let Some(wanted) = wanted else {
        let mut teams = store.teams().await?;
        return match (teams.pop(), teams.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(ExportError::UnknownTeam),
            (Some(last), false) => {
                let ids = teams.iter().chain([&last]).map(|team| TeamId::from_bits(team.id));
                Err(ExportError::SeveralTeams(ids.collect()))
            }
        };
    };
    let bits = wanted.bits().ok_or(ExportError::UnknownTeam)?;
    store.team(bits).await?.ok_or(ExportError::UnknownTeam)
}

fn all_of(workspace: &WorkspaceRow, now: UnixMillis) -> KeyFilter {
    KeyFilter { workspace: workspace.id, include_deleted: true, now, ..KeyFilter::default() }
}

/// A workspace, its catalogue and its keys, the oldest first.
async fn keys_of(
    store: &mut dyn Read,
    workspace: WorkspaceRow,
    catalogue: &[ScopeRow],
    taken: &Taken,
    end: &mut End,
    sink: &mut (dyn FnMut(&Line) -> io::Result<()> + Send),
) -> Result<(), ExportError> {
    let (filter, id) = (all_of(&workspace, taken.now), WorkspaceId::from_bits(workspace.id));
    sink(&Line::Workspace(workspaces::on_wire(workspace)))?;
    for scope in catalogue {
        let scope = scopes::on_wire(scope.clone());
        sink(&Line::Scope { workspace_id: id.clone(), scope })?;
    }
    let names: HashMap<u16, &str> =
        catalogue.iter().map(|scope| (scope.number, scope.representation.as_str())).collect();
    let mut page =
        KeyPage { sort: Some(oneloop_protocol::Sort::Created), after: None, limit: Some(PAGE) };
    loop {
        let rows = store.api_keys(&filter, &page).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        page.after = Some(Position { value: SortValue::Id, id: last.id });
        let mut stored = taken.stored(store, &rows).await?;
        for row in rows {
            let mut key = taken.on_line(row, &names);
            if let Some(stored) = key.id.bits().and_then(|id| stored.remove(&id)) {
                (key.stored, key.salt) = (Some(stored.stored), stored.salt);
                key.locator = Some(stored.locator);
            }
            end.count(&key);
            sink(&Line::Key(Box::new(key)))?;
        }
    }
}

/// What is known of a team before its keys are read.
struct Taken {
    recipes: Recipes,
    /// Where there are stored values.
    pepper: Option<Pepper>,
    now: UnixMillis,
}

/// What a key is tried against, as it stands in a line.
struct Stored {
    stored: String,
    salt: Option<String>,
    locator: Hex32,
}

impl Taken {
    /// What those of these keys are tried against that can only be tried.
    async fn stored(
        &self,
        store: &mut dyn Read,
        rows: &[ApiKeyRow],
    ) -> Result<HashMap<u128, Stored>, ExportError> {
        let Some(pepper) = &self.pepper else { return Ok(HashMap::new()) };
        let tried = rows.iter().filter(|row| row.recipe.is_some());
        let ids: Vec<_> = tried.map(|row| row.id).collect();
        let mut found = HashMap::with_capacity(ids.len());
        for row in store.legacy_keys(&ids).await? {
            let opened = StoredValue::open(pepper, row.api_key, &row.sealed);
            let written = opened.and_then(|it| {
                let salt = it.salt.as_ref().map(|salt| salt.as_slice());
                self.recipes.written(row.recipe, &it.stored, salt)
            });
            let Some((stored, salt)) = written else {
                // Counted as a key of which nothing can be taken along.
                tracing::error!("A stored value of key {:032x} does not open", row.api_key);
                continue;
            };
            found.insert(row.api_key, Stored { stored, salt, locator: Hex32(row.locator) });
        }
        Ok(found)
    }

    fn on_line(&self, row: ApiKeyRow, names: &HashMap<u16, &str>) -> Key {
        let granted = |(number, access): (u16, Access)| {
            let name = names.get(&number)?;
            Some(((*name).to_owned(), words(access)))
        };
        let recipe = row.recipe.unwrap_or(NATIVE);
        Key {
            id: ApiKeyId::from_bits(row.id),
            workspace_id: WorkspaceId::from_bits(row.workspace),
            recipe,
            tag: self.recipes.have_tags(recipe).then_some(Hex32(*row.tag.as_bytes())),
            stored: None,
            salt: None,
            locator: None,
            scopes: row.grants.iter().filter_map(granted).collect(),
            name: row.name,
            customer_id: row.customer_id,
            prefix: row.prefix,
            masked_key: row.masked_key,
            metadata: row.metadata,
            external_meter_id: row.external_meter_id,
            total_usage_left: row.usage_left,
            enabled: row.enabled,
            deleted: row.deleted,
            expires_at: row.expires_at,
            created_at: iso(row.created_at),
            updated_at: iso(row.updated_at),
            last_used_at: row.last_used_at.map(iso),
            overlap_until: row.previous_until.filter(|until| *until > self.now && !row.deleted),
        }
    }
}

/// The words of an access, one by one.
fn words(access: Access) -> Vec<String> {
    let all = [Access::CREATE, Access::READ, Access::UPDATE, Access::DELETE];
    all.into_iter().filter(|it| access.covers(*it)).map(|it| it.to_string()).collect()
}
