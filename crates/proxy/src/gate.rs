//! The migration gate (decisions, "the gate").
//!
//! Whoever may not know that the gate exists is told that the URL does not: everybody while it is closed,
//! and always everybody without a valid SDK key. A team with an open window is told what is missing.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use oneloop_engine::{Actor, Gate, GateRefusal, SdkCaller};
use oneloop_protocol::{Access, Reason, Resource, Right, TeamId};

use crate::backend::App;
use crate::error::ApiError;
use crate::extract::{
    Demand, Identity, MigrateApiKey, Provenance, check_right, identify, sdk_actor,
};

/// Proof that the gate is open to whoever is asking, and that they may do what `D` demands; the argument
/// without which nothing is migrated.
pub(crate) struct MigrationPass<D = MigrateApiKey> {
    actor: Actor,
    team: TeamId,
    demand: PhantomData<D>,
}

/// Reading what a migration job does.
pub(crate) enum ReadMigration {}

impl Demand for ReadMigration {
    const RIGHT: Right = Right(Resource::Migration, Access::READ);
}

/// Undoing a migration job.
pub(crate) enum RollBackMigrationJob {}

impl Demand for RollBackMigrationJob {
    const RIGHT: Right = Right(Resource::Migration, Access::DELETE);
}

impl<D> MigrationPass<D> {
    /// Who is to stand in the audit.
    pub(crate) fn into_actor(self) -> Actor {
        self.actor
    }

    /// The team that is asking.
    pub(crate) fn team(&self) -> &TeamId {
        &self.team
    }

    /// Who is asking.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }
}

impl<D: Demand> FromRequestParts<App> for MigrationPass<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Ok(provenance) = Provenance::from_request_parts(parts, app).await;
        let hidden = || ApiError::not_found(Reason::UnknownRoute);
        let caller = match identify(parts, app).await {
            Ok(Identity::Sdk(caller)) => caller,
            Ok(Identity::Link(_)) | Err(_) => {
                log(None, &provenance, "refused: no valid SDK key");
                return Err(hidden());
            }
        };
        let gate = state_of_gate(app, &caller, &provenance).await?;
        let missing_right = check_right(&caller, D::RIGHT).err();
        match (gate, missing_right) {
            (Gate::Closed, _) => {
                log(Some(&caller), &provenance, "refused: closed");
                audit(app, &caller, provenance, GateRefusal::Closed);
                Err(hidden())
            }
            (Gate::AddressRefused | Gate::Open, Some(error)) => {
                log(Some(&caller), &provenance, "refused: the SDK key lacks the right");
                audit(app, &caller, provenance, GateRefusal::Right);
                Err(error)
            }
            (Gate::AddressRefused, None) => {
                log(Some(&caller), &provenance, "refused: address");
                // The team may know as whom the server sees it: behind a proxy that is the whole question.
                let seen = provenance.address.map_or_else(
                    || "an address that cannot be told".to_owned(),
                    |address| format!("the address {address}"),
                );
                audit(app, &caller, provenance, GateRefusal::Address);
                Err(ApiError::Forbidden {
                    reason: Reason::MigrationAddress,
                    message: format!("the migration window is not open for {seen}").into(),
                    field: None,
                })
            }
            (Gate::Open, None) => {
                log(Some(&caller), &provenance, "allowed");
                let team = caller.team.clone();
                Ok(Self { actor: sdk_actor(&caller, provenance), team, demand: PhantomData })
            }
        }
    }
}

/// Asks the engine. An address that cannot be known is in no list, so all that is left to ask for is
/// whether a window is open at all.
async fn state_of_gate(
    app: &App,
    caller: &SdkCaller,
    provenance: &Provenance,
) -> Result<Gate, ApiError> {
    if let Some(address) = provenance.address {
        return Ok(app.backend.migration_gate(&caller.team, address).await?);
    }
    let now = app.backend.now();
    let window = app.backend.migration_window(&caller.team).await?;
    let is_open = window.is_some_and(|window| (window.opens_at..window.closes_at).contains(&now));
    Ok(if is_open { Gate::AddressRefused } else { Gate::Closed })
}

/// Puts a refusal into the audit log, after the answer: how long a closed gate takes to say no tells nobody that
/// there is one.
fn audit(app: &App, caller: &SdkCaller, provenance: Provenance, why: GateRefusal) {
    let (engine, actor) = (app.backend.clone(), sdk_actor(caller, provenance));
    tokio::spawn(async move {
        if let Err(error) = engine.audit_gate_refusal(&actor, why).await {
            tracing::error!(%error, "Cannot put a refusal at the migration gate into the audit log");
        }
    });
}

/// One line for each knock at the gate, with ids and the address, and nothing of the key that was brought.
fn log(caller: Option<&SdkCaller>, provenance: &Provenance, outcome: &str) {
    tracing::info!(
        target: "oneloop::migration_gate",
        team = caller.map(|caller| caller.team.as_str()),
        sdk_key = caller.map(|caller| caller.sdk_key.as_str()),
        address = provenance.address.map(tracing::field::display),
        request_id = provenance.request_id.as_deref(),
        outcome,
        "migration gate"
    );
}
