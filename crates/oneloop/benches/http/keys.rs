//! The keys to verify, made by the engine itself, and the requests that verify them.

use std::path::Path;

use oneloop_engine::{Actor, Database, Engine, EngineOptions};
use oneloop_protocol::meter::CreateMeter;
use oneloop_protocol::{
    Access, CreateApiKey, CreateScope, CreateWorkspace, Grant, MigrateApiKey, Rights, Secret,
    WorkspaceId,
};
use serde_json::{Value, json};

use crate::Result;

/// What the keys may do, and what is asked of them.
const SCOPE: &str = "deployments";

/// The meter that is charged.
const METER: &str = "bench";

/// Keys with a limit and a meter.
const METERED: usize = 1_000;

/// Prepared requests, one for each key.
pub(crate) struct Requests {
    /// Keys with a scope, which is asked for.
    pub(crate) plain: Vec<Vec<u8>>,
    /// The same, under a rate limit, with one credit of a meter charged each time.
    pub(crate) metered: Vec<Vec<u8>>,
}

/// Fills the default database in `dir` with `count` keys, and [`METERED`] with a limit and a meter.
pub(crate) async fn prepare(dir: &Path, count: usize) -> Result<Requests> {
    let engine = Engine::open(EngineOptions::new(Database::Sqlite(dir.join("oneloop.db")))).await?;
    let operator = Actor::operator();
    let team = engine.create_team(&operator, "Bench").await?.id;
    let sdk_key = engine.create_sdk_key(&operator, &team, "bench", Rights::ALL).await?;
    let actor = Actor::sdk_key(team, sdk_key.sdk_key.id.clone());
    let body = CreateWorkspace { name: "Bench".to_owned() };
    let workspace = engine.create_workspace(&actor, &body).await?.id;
    let body = CreateScope {
        name: "Deployments".to_owned(),
        representation: SCOPE.to_owned(),
        description: None,
    };
    engine.create_scope(&actor, &workspace, &body).await?;
    let body = CreateMeter {
        external_meter_id: METER.to_owned(),
        workspace_id: workspace.clone(),
        total_credits: Some(1_000_000_000_000.into()),
        allow_overages: None,
        spend_cap: None,
    };
    engine.create_meter(&actor, &body).await?;
    let plain = migrate(&engine, &actor, &workspace, count).await?;
    let metered = create_metered(&engine, &actor, &workspace).await?;
    engine.close().await;

    let asked = json!([Grant::new(SCOPE, Access::READ)]);
    let plain = plain.iter().map(|key| {
        let body = json!({ "key": key.expose(), "requestedScopes": asked });
        request(&sdk_key.key, &body)
    });
    let metered = metered.iter().enumerate().map(|(number, key)| {
        let body = json!({
            "key": key.expose(),
            "requestedScopes": asked,
            "rateLimitConfig": { "id": format!("limit-{number}"), "limit": 1_000_000 },
            "billing": { "usage": 1 },
        });
        request(&sdk_key.key, &body)
    });
    Ok(Requests { plain: plain.collect(), metered: metered.collect() })
}

/// Brings keys in as an import does: thousands with each commit.
async fn migrate(
    engine: &Engine,
    actor: &Actor,
    workspace: &WorkspaceId,
    count: usize,
) -> Result<Vec<Secret>> {
    let row = |number: usize| MigrateApiKey {
        // As long as a key that is minted here.
        key: Secret::new(format!("bench_{number:043}")),
        name: format!("key {number}"),
        workspace_id: workspace.clone(),
        customer_id: format!("customer {}", number / 10),
        enabled: true,
        scopes: vec![Grant::new(SCOPE, Access::READ)],
        metadata: None,
        expires_at: None,
        created_at: None,
        last_used_at: None,
        prefix: None,
    };
    let rows: Vec<_> = (0..count).map(row).collect();
    for chunk in rows.chunks(10_000) {
        for outcome in engine.migrate_api_keys(actor, chunk).await? {
            outcome?;
        }
    }
    Ok(rows.into_iter().map(|row| row.key).collect())
}

async fn create_metered(
    engine: &Engine,
    actor: &Actor,
    workspace: &WorkspaceId,
) -> Result<Vec<Secret>> {
    let mut keys = Vec::with_capacity(METERED);
    for number in 0..METERED {
        let body = CreateApiKey {
            name: format!("key {number}"),
            workspace_id: workspace.clone(),
            customer_id: format!("customer {}", number / 10),
            enabled: true,
            scopes: vec![Grant::new(SCOPE, Access::READ)],
            prefix: None,
            expires_at: None,
            total_usage_allowed: None,
            external_meter_id: Some(METER.to_owned()),
            metadata: None,
        };
        keys.push(engine.create_api_key(actor, &body).await?.key);
    }
    Ok(keys)
}

/// A verification as a published SDK sends it, less the headers that nobody reads.
fn request(sdk_key: &Secret, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let (sdk_key, length) = (sdk_key.expose(), body.len());
    format!(
        "POST /api/v1/api-key/verify HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {sdk_key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
