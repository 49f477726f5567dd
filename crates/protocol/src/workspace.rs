//! Workspaces and their scope catalogue (endpoints 1 to 6).

use serde::{Deserialize, Serialize};

use crate::error::FieldError;
use crate::id::{ScopeId, TeamId, WorkspaceId};
use crate::limits;
use crate::patch::Patch;
use crate::time::IsoTime;

/// One project or environment of a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// The team that owns it.
    pub team_id: TeamId,
    /// The prefix of keys created without one.
    pub default_key_prefix: Option<String>,
    /// Addresses and CIDR blocks that keys may be used from; empty = anywhere.
    #[serde(rename = "defaultAllowedIPs")]
    pub default_allowed_ips: Vec<String>,
    /// Verifications a second, for each key; `null` = no limit.
    pub default_rate_limit_per_second: Option<u32>,
    /// How long a key created without an expiry lives, in milliseconds; `null` = for ever.
    pub default_expiration: Option<i64>,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it was last edited.
    pub updated_at: IsoTime,
}

/// The body of `POST /api/v1/workspace`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateWorkspace {
    /// Its name.
    pub name: String,
}

impl CreateWorkspace {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_name("name", &self.name)
    }
}

/// The body of `PATCH /api/v1/workspace/{id}`: absent = unchanged, `null` = cleared. The published
/// clients leave out what is unset, whatever their documentation calls required (protocol, 2.3).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PatchWorkspace {
    /// New default prefix.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub default_key_prefix: Patch<String>,
    /// New address list; `null` empties it.
    #[serde(rename = "defaultAllowedIPs", skip_serializing_if = "Patch::is_absent")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<String>>))]
    pub default_allowed_ips: Patch<Vec<String>>,
    /// New rate limit, in verifications a second.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub default_rate_limit_per_second: Patch<i64>,
    /// New default lifetime, in milliseconds.
    #[serde(skip_serializing_if = "Patch::is_absent")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub default_expiration: Patch<i64>,
}

/// An entry of a workspace's scope catalogue: something a key may be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceScope {
    /// Its id.
    pub id: ScopeId,
    /// What a person calls it.
    pub name: String,
    /// What a program calls it; unique in the workspace.
    pub representation: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it was last edited.
    pub updated_at: IsoTime,
}

/// The body of `POST /api/v1/workspace/{id}/scope`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateScope {
    /// What a person calls it.
    pub name: String,
    /// What a program calls it; unique in the workspace.
    pub representation: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
}

impl CreateScope {
    /// Checks every field.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_name("name", &self.name)?;
        limits::check_representation("representation", &self.representation)?;
        self.description
            .as_deref()
            .map_or(Ok(()), |text| limits::check_description("description", text))
    }
}

/// `{"workspace": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspaceAnswer {
    /// The workspace.
    pub workspace: Workspace,
}

/// `{"workspaces": […]}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkspacesAnswer {
    /// All workspaces of the team, oldest first.
    pub workspaces: Vec<Workspace>,
}

/// `{"scope": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopeAnswer {
    /// The scope.
    pub scope: WorkspaceScope,
}

/// `{"scopes": […]}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopesAnswer {
    /// The whole catalogue, oldest first.
    pub scopes: Vec<WorkspaceScope>,
}
