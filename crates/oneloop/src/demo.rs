//! `--demo`: a believable company, "Acme", with customers, keys and a backend of its own.
//!
//! The demonstration uses the engine through the same doors as everybody else. Its SDK key is minted anew
//! at every start, and the one of the start before is revoked: so no secret is kept on disk for it, except
//! in the ready file while the server runs.

mod backend;
mod page;
mod seed;

use std::fs;
use std::path::PathBuf;

use axum::Router;
use oneloop_engine::{Actor, Database, Engine};
use oneloop_protocol::{Rights, SdkKeyId, Secret, TeamId, WorkspaceId};

use crate::engine::refused;
use crate::failure::{Failure, Outcome};
use crate::ready_file::DemoFacts;

pub(crate) use page::PAGE;

/// What the demonstration's SDK keys are called.
const SDK_KEY_NAME: &str = "demo";

/// A demonstration that is under way.
pub(crate) struct Demo {
    engine: Engine,
    team: TeamId,
    workspace: WorkspaceId,
    sdk_key: (SdkKeyId, Secret),
    dir: PathBuf,
}

/// Makes the directory of a demonstration's database: `.data` is not there in a fresh clone.
pub(crate) fn prepare(database: &Database) -> Outcome {
    let Database::Sqlite(path) = database else { return Ok(()) };
    let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) else { return Ok(()) };
    fs::create_dir_all(dir).map_err(|error| {
        Failure::user(format!("cannot create the directory `{}`", dir.display())).because(&error)
    })
}

impl Demo {
    /// Fills the database with what is missing in it, and mints this start's SDK key. `dir` holds the
    /// built page.
    pub(crate) async fn start(engine: &Engine, dir: PathBuf) -> Outcome<Self> {
        let operator = Actor::operator();
        let team = seed::team(engine, &operator).await?;
        let sdk_key = mint_sdk_key(engine, &operator, &team).await?;
        let backend = Actor::sdk_key(team.clone(), sdk_key.0.clone());
        let workspace = seed::workspace(engine, &backend, &team).await?;
        seed::keys(engine, &backend, &team, &workspace).await?;
        Ok(Self { engine: engine.clone(), team, workspace, sdk_key, dir })
    }

    /// The page, and the company's own backend.
    pub(crate) fn routes(&self) -> Router {
        let actor = Actor::sdk_key(self.team.clone(), self.sdk_key.0.clone());
        backend::routes(self.engine.clone(), actor, self.team.clone(), self.workspace.clone())
            .merge(page::routes(&self.dir))
    }

    /// What the ready file tells scripts.
    pub(crate) fn facts(&self) -> DemoFacts<'_> {
        DemoFacts {
            team_id: self.team.as_str(),
            workspace_id: self.workspace.as_str(),
            sdk_key: self.sdk_key.1.expose(),
            customer_id: seed::CUSTOMER,
        }
    }
}

async fn mint_sdk_key(
    engine: &Engine,
    operator: &Actor,
    team: &TeamId,
) -> Outcome<(SdkKeyId, Secret)> {
    let keys = engine.list_sdk_keys(Some(team)).await.map_err(refused)?;
    for earlier in keys.iter().filter(|key| key.name == SDK_KEY_NAME && !key.deleted) {
        engine.revoke_sdk_key(operator, &earlier.id).await.map_err(refused)?;
    }
    let issued =
        engine.create_sdk_key(operator, team, SDK_KEY_NAME, Rights::ALL).await.map_err(refused)?;
    Ok((issued.sdk_key.id, issued.key))
}
