//! A world to tell stories in: one team with a workspace and a few scopes, in a database of its own.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use oneloop_engine::clock::ManualClock;
use oneloop_engine::{Actor, Engine, EngineError, EngineOptions, Reach};
use oneloop_protocol::{
    Access, ApiKey, CreateApiKey, CreateScope, CreateWorkspace, Grant, IssuedApiKey, ListKeys,
    MigrateApiKey, Reason, Secret, TeamId, UnixMillis, Verdict, Verification, VerifyRequest,
    Workspace,
};

use crate::place::Place;

/// 2025-11-23T08:00:00Z.
pub(crate) const START: UnixMillis = 1_763_884_800_000;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) actor: Actor,
    pub(crate) team: TeamId,
    pub(crate) workspace: Workspace,
    pub(crate) place: Place,
}

impl World {
    pub(crate) async fn new() -> Self {
        let place = Place::new().await;
        let clock = Arc::new(ManualClock::at(START));
        let engine = open(&place, &clock).await;
        let team = new_team(&engine, "Acme").await;
        let actor = operator_for(&team);
        let workspace = new_workspace(&engine, &actor, "Production").await;
        let world = Self { engine, clock, actor, team, workspace, place };
        for scope in ["deployments", "metrics", "billing"] {
            world.scope(scope).await.expect("a new scope");
        }
        world
    }

    /// A second engine over the same database, as another process would open it.
    pub(crate) async fn another_engine(&self) -> Engine {
        open(&self.place, &self.clock).await
    }

    pub(crate) async fn scope(&self, representation: &str) -> Result<(), EngineError> {
        let body = CreateScope {
            name: representation.to_uppercase(),
            representation: representation.to_owned(),
            description: None,
        };
        self.engine.create_scope(&self.actor, &self.workspace.id, &body).await.map(|_| ())
    }

    /// The body of a key named `ci` of customer `ada` that may read deployments.
    pub(crate) fn body(&self) -> CreateApiKey {
        CreateApiKey {
            name: "ci".to_owned(),
            workspace_id: self.workspace.id.clone(),
            customer_id: "ada".to_owned(),
            enabled: true,
            scopes: vec![Grant::new("deployments", Access::READ)],
            prefix: None,
            expires_at: None,
            total_usage_allowed: None,
            external_meter_id: None,
            metadata: None,
        }
    }

    /// A row of a legacy table.
    pub(crate) fn legacy(&self, key: &str) -> MigrateApiKey {
        MigrateApiKey {
            key: Secret::new(key),
            name: "legacy".to_owned(),
            workspace_id: self.workspace.id.clone(),
            customer_id: "ada".to_owned(),
            enabled: true,
            scopes: vec![Grant::new("deployments", Access::READ)],
            metadata: None,
            expires_at: None,
            created_at: None,
            last_used_at: None,
            prefix: None,
        }
    }

    pub(crate) async fn key(&self) -> IssuedApiKey {
        self.create(&self.body()).await
    }

    pub(crate) async fn create(&self, body: &CreateApiKey) -> IssuedApiKey {
        self.engine.create_api_key(&self.actor, body).await.expect("a good body")
    }

    /// All customers of the workspace.
    pub(crate) fn reach(&self) -> Reach {
        let (team, workspace) = (self.team.clone(), self.workspace.id.clone());
        Reach { team, workspace, customer_id: None }
    }

    pub(crate) fn verify(&self, key: &Secret) -> Verification {
        verified(&self.engine, &self.team, &asking(key, &[]))
    }

    pub(crate) fn verdict(&self, key: &Secret) -> Verdict {
        self.verify(key).status
    }
}

pub(crate) async fn open(place: &Place, clock: &Arc<ManualClock>) -> Engine {
    Engine::open(options(place, clock)).await.expect("opens")
}

pub(crate) fn options(place: &Place, clock: &Arc<ManualClock>) -> EngineOptions {
    EngineOptions { clock: clock.clone(), ..place.options() }
}

pub(crate) async fn new_team(engine: &Engine, name: &str) -> TeamId {
    engine.create_team(&Actor::operator(), name).await.expect("a team").id
}

pub(crate) fn operator_for(team: &TeamId) -> Actor {
    Actor { team: Some(team.clone()), ..Actor::operator() }
}

pub(crate) async fn new_workspace(engine: &Engine, actor: &Actor, name: &str) -> Workspace {
    let body = CreateWorkspace { name: name.to_owned() };
    engine.create_workspace(actor, &body).await.expect("a workspace")
}

/// A verification that costs no credit, and so is there at once: verify waits for nothing else.
pub(crate) fn verified(engine: &Engine, team: &TeamId, request: &VerifyRequest) -> Verification {
    let mut waker = Context::from_waker(Waker::noop());
    match pin!(engine.verify(team, request)).poll(&mut waker) {
        Poll::Ready(answer) => answer.expect("the database is not asked"),
        Poll::Pending => panic!("a verification without credit waited"),
    }
}

/// The whole list within `reach`, newest first.
pub(crate) async fn listed(engine: &Engine, reach: &Reach, include_deleted: bool) -> Vec<ApiKey> {
    let query = ListKeys { include_deleted, ..ListKeys::default() };
    engine.list_api_keys(reach, &query).await.expect("lists").api_keys
}

/// A verification that asks for these scopes.
pub(crate) fn asking(key: &Secret, scopes: &[(&str, Access)]) -> VerifyRequest {
    let grant = |(representation, access): &(&str, Access)| Grant::new(*representation, *access);
    VerifyRequest {
        key: key.clone(),
        requested_scopes: scopes.iter().map(grant).collect(),
        ..VerifyRequest::default()
    }
}

/// The reason of a refusal and the field it names.
pub(crate) fn refusal<T: std::fmt::Debug>(
    outcome: Result<T, EngineError>,
) -> (Reason, Option<String>) {
    match outcome.expect_err("is refused") {
        EngineError::Refused(error) => (error.reason, Some(error.field.into_owned())),
        EngineError::Conflict { reason, field, .. } => (reason, field),
        EngineError::NotFound(reason) => (reason, None),
        other => panic!("not a refusal: {other:?}"),
    }
}
