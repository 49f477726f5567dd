//! Who is asking, once it is established that they may.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use oneloop_engine::{Actor, LinkCaller, LinkTokenRefusal, Reach, SdkCaller, SdkKeyHolder, Who};
use oneloop_protocol::{Reason, Right, Rights, TeamId, WorkspaceId};

use super::credential::{INVALID_LINK_TOKEN, Presented, unknown_sdk_key};
use super::demand::{Demand, LinkDemand};
use super::idempotency::IdempotencyKey;
use super::origin::check_origin;
use super::provenance::Provenance;
use crate::access_log::CallerSlot;
use crate::backend::App;
use crate::error::ApiError;

/// Whom the credential belongs to. What they may do has not been asked.
pub(crate) enum Identity {
    /// A team's server.
    Sdk(SdkCaller),
    /// A customer's browser.
    Link(LinkCaller),
}

/// Finds out who sent the request, and notes it for the access log.
pub(crate) async fn identify(parts: &Parts, app: &App) -> Result<Identity, ApiError> {
    let identity = recognise(Presented::of(&parts.headers)?, app).await?;
    if let Some(slot) = parts.extensions.get::<Arc<CallerSlot>>() {
        slot.note(&identity);
    }
    Ok(identity)
}

async fn recognise(presented: Presented<'_>, app: &App) -> Result<Identity, ApiError> {
    Ok(match presented {
        Presented::SdkKey(presented) => {
            // SDK keys are looked up in memory, which may be too old to know of a revocation.
            app.backend.ensure_current().await?;
            app.backend
                .authenticate_sdk_key(presented)
                .map(Identity::Sdk)
                .ok_or_else(|| unknown_sdk_key(presented))?
        }
        Presented::LinkToken(presented) => {
            let caller = app.backend.authenticate_link_token(presented).await?;
            Identity::Link(caller)
        }
    })
}

/// A server of a team, whose SDK key holds the right that `D` demands.
pub(crate) struct Sdk<D> {
    caller: SdkCaller,
    demand: PhantomData<D>,
}

/// Either a team's server, or the browser of one of its customers; with the right, or the permission, that
/// `D` demands.
pub(crate) enum Caller<D> {
    /// A team's server: reaches every customer of every workspace of the team.
    Sdk(Sdk<D>),
    /// A customer's browser: reaches that customer's keys in one workspace.
    Link(LinkCaller),
}

impl<D: Demand> FromRequestParts<App> for Sdk<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::permit_server(identify(parts, app).await?)
    }
}

impl<D: LinkDemand> FromRequestParts<App> for Caller<D> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match identify(parts, app).await? {
            Identity::Sdk(caller) => Sdk::permit(caller).map(Self::Sdk),
            Identity::Link(caller) => {
                check_origin(&caller.origins, &parts.headers)?;
                if caller.permissions.allow(D::PERMISSION) {
                    return Ok(Self::Link(caller));
                }
                let words: Vec<_> = D::PERMISSION.words().collect();
                Err(ApiError::Forbidden {
                    reason: Reason::PermissionMissing,
                    message: format!("this link token may not {}", words.join(", ")).into(),
                    field: None,
                })
            }
        }
    }
}

impl<D: Demand> Sdk<D> {
    /// The server of a team that may do what `D` demands, without texts and without axum's request around the
    /// credential. What is not the rule waits in a future of its own, so that verify's stays small.
    pub(crate) async fn holder(
        presented: Presented<'_>,
        app: &App,
        slot: &CallerSlot,
    ) -> Result<SdkKeyHolder, ApiError> {
        let Presented::SdkKey(presented) = presented else {
            let identity = Box::pin(recognise(presented, app)).await?;
            slot.note(&identity);
            return Err(only_for_servers());
        };
        // SDK keys are looked up in memory, which may be too old to know of a revocation.
        if !app.backend.is_current() {
            Box::pin(app.backend.ensure_current()).await?;
        }
        let holder = app.backend.sdk_key_holder(presented);
        let holder = holder.ok_or_else(|| unknown_sdk_key(presented))?;
        slot.note_verifier(holder);
        check_held(holder.rights(), D::RIGHT)?;
        Ok(holder)
    }

    fn permit_server(identity: Identity) -> Result<Self, ApiError> {
        match identity {
            Identity::Sdk(caller) => Self::permit(caller),
            Identity::Link(_) => Err(only_for_servers()),
        }
    }

    fn permit(caller: SdkCaller) -> Result<Self, ApiError> {
        check_right(&caller, D::RIGHT)?;
        Ok(Self { caller, demand: PhantomData })
    }

    /// The team that is asking.
    pub(crate) fn team(&self) -> &TeamId {
        &self.caller.team
    }

    /// What its SDK key may do.
    pub(crate) fn rights(&self) -> Rights {
        self.caller.rights
    }

    /// Who is to stand in the audit.
    pub(crate) fn actor(&self, provenance: Provenance) -> Actor {
        sdk_actor(&self.caller, provenance)
    }

    /// Who is to stand in the audit, of a request that may carry an idempotency key.
    pub(crate) fn actor_once(
        &self,
        provenance: Provenance,
        IdempotencyKey(once): IdempotencyKey,
    ) -> Actor {
        Actor { once, ..self.actor(provenance) }
    }

    /// The keys that the caller may see in `workspace`: those of every customer.
    pub(crate) fn reach(&self, workspace: WorkspaceId) -> Reach {
        Reach { team: self.team().clone(), workspace, customer_id: None }
    }
}

fn only_for_servers() -> ApiError {
    ApiError::Forbidden {
        reason: Reason::CredentialNotAccepted,
        message: "this needs an SDK key; a link token cannot do it".into(),
        field: None,
    }
}

/// Refuses an SDK key that lacks `right`.
pub(crate) fn check_right(caller: &SdkCaller, right: Right) -> Result<(), ApiError> {
    check_held(caller.rights, right)
}

fn check_held(rights: Rights, right: Right) -> Result<(), ApiError> {
    if rights.allow(right) {
        return Ok(());
    }
    let message = format!("this SDK key lacks the right {right}").into();
    Err(ApiError::Forbidden { reason: Reason::RightMissing, message, field: None })
}

/// Who is to stand in the audit for an SDK key.
pub(crate) fn sdk_actor(caller: &SdkCaller, provenance: Provenance) -> Actor {
    provenance.actor(caller.team.clone(), Who::SdkKey(caller.sdk_key.clone()))
}

impl<D: LinkDemand> Caller<D> {
    /// The team that is asking, or whose customer is.
    pub(crate) fn team(&self) -> &TeamId {
        match self {
            Self::Sdk(sdk) => sdk.team(),
            Self::Link(link) => &link.team,
        }
    }

    /// Who is to stand in the audit.
    pub(crate) fn actor(&self, provenance: Provenance) -> Actor {
        match self {
            Self::Sdk(sdk) => sdk.actor(provenance),
            Self::Link(link) => {
                let who = Who::LinkToken(link.id.clone());
                let actor = provenance.actor(link.team.clone(), who);
                Actor { bounds: link.bounds.clone(), ..actor }
            }
        }
    }

    /// Who is to stand in the audit, of a request that may carry an idempotency key. Each customer's pages have
    /// their own.
    pub(crate) fn actor_once(
        &self,
        provenance: Provenance,
        IdempotencyKey(once): IdempotencyKey,
    ) -> Actor {
        let once = match self {
            Self::Sdk(_) => once,
            Self::Link(link) => {
                once.map(|once| once.of_customer(link.workspace.clone(), link.customer_id.clone()))
            }
        };
        Actor { once, ..self.actor(provenance) }
    }

    /// The keys that the caller may see in `workspace`.
    pub(crate) fn reach(&self, workspace: WorkspaceId) -> Result<Reach, ApiError> {
        self.check_workspace(&workspace)?;
        Ok(match self {
            Self::Sdk(sdk) => sdk.reach(workspace),
            Self::Link(link) => Reach {
                team: link.team.clone(),
                workspace,
                customer_id: Some(link.customer_id.clone()),
            },
        })
    }

    /// For a link token, every workspace but its own does not exist.
    pub(crate) fn check_workspace(&self, workspace: &WorkspaceId) -> Result<(), ApiError> {
        match self {
            Self::Link(link) if link.workspace != *workspace => {
                Err(ApiError::not_found(Reason::UnknownWorkspace))
            }
            Self::Sdk(_) | Self::Link(_) => Ok(()),
        }
    }
}

impl From<LinkTokenRefusal> for ApiError {
    fn from(refusal: LinkTokenRefusal) -> Self {
        match refusal {
            LinkTokenRefusal::Unknown => INVALID_LINK_TOKEN,
            LinkTokenRefusal::Expired => Self::Unauthenticated {
                reason: Reason::LinkTokenExpired,
                message: "this link token has expired; ask your server for a new one",
            },
            LinkTokenRefusal::Unavailable(error) => error.into(),
        }
    }
}
