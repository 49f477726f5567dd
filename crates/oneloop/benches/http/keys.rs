//! The keys to verify, made by the engine itself, and the requests that verify them.

use std::path::Path;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use oneloop_engine::{Actor, Database, Engine, EngineOptions};
use oneloop_protocol::{Access, CreateApiKey, CreateScope, CreateWorkspace, Grant, Rights, Secret};
use serde_json::json;

use crate::Result;

/// What the keys may do, and what is asked of them.
const SCOPE: &str = "deployments";

/// Fills the default database in `dir` with `count` keys; answers with one verify request for each.
pub(crate) async fn prepare(dir: &Path, count: usize) -> Result<Vec<Vec<u8>>> {
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

    let create = |number: usize| {
        let (engine, actor) = (&engine, &actor);
        let body = CreateApiKey {
            name: format!("key {number}"),
            workspace_id: workspace.clone(),
            customer_id: format!("customer {}", number / 10),
            enabled: true,
            scopes: vec![Grant::new(SCOPE, Access::READ)],
            prefix: None,
            expires_at: None,
            total_usage_allowed: None,
            external_meter_id: None,
            metadata: None,
        };
        async move { engine.create_api_key(actor, &body).await }
    };
    // Many at a time, so that their commits can share the disk's.
    let keys: Vec<_> =
        stream::iter(0..count).map(create).buffer_unordered(256).try_collect().await?;
    engine.close().await;
    Ok(keys.iter().map(|issued| request(&sdk_key.key, &issued.key)).collect())
}

/// A verification as a published SDK sends it, less the headers that nobody reads.
fn request(sdk_key: &Secret, key: &Secret) -> Vec<u8> {
    let asked = [Grant::new(SCOPE, Access::READ)];
    let body = json!({ "key": key.expose(), "requestedScopes": asked }).to_string();
    let (sdk_key, length) = (sdk_key.expose(), body.len());
    format!(
        "POST /api/v1/api-key/verify HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {sdk_key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
