//! API keys (endpoints 7 to 12 and 16).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{FieldError, Reason};
use crate::grant::{Grant, check_grants};
use crate::id::{ApiKeyId, WorkspaceId};
use crate::lenient::null_as_default;
use crate::limits;
use crate::meter::check_counter;
use crate::secret::Secret;
use crate::time::{IsoTime, UnixMillis};

/// Metadata of a key: text for text.
pub type Metadata = BTreeMap<String, String>;

/// A key as lists and edits show it. It has no field for the secret.
///
/// The superset of what every published client generation names (protocol, 2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What the customer calls it.
    pub name: String,
    /// What may be shown of the secret.
    pub masked_key: String,
    /// The prefix it was minted with.
    #[serde(default)]
    pub prefix: Option<String>,
    /// When it stops working; `null` = never.
    #[serde(default)]
    pub expires_at: Option<UnixMillis>,
    /// What is left of the per-key counter of older clients; `null` = not counted.
    #[serde(default)]
    pub total_usage_left: Option<u64>,
    /// Whether the per-key counter of older clients applies.
    #[serde(default)]
    pub limit_usage: bool,
    /// What it may do.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scopes: Vec<Grant>,
    /// Whether it works at all.
    pub enabled: bool,
    /// Whose key it is.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When it was created.
    pub created_at: IsoTime,
    /// When it was last edited or rotated.
    pub updated_at: IsoTime,
    /// When it was last found VALID; at most a second behind.
    #[serde(default)]
    pub last_used_at: Option<IsoTime>,
    /// The meter it is bound to.
    #[serde(default)]
    pub billing_id: Option<String>,
    /// Until when the secret before the last rotation goes on working. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_key_expires_at: Option<UnixMillis>,
    /// What may be shown of that secret. There while it works; absent where a version that did not keep it
    /// replaced the secret. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_masked_key: Option<String>,
    /// When that secret was last found VALID since it was replaced, at most a second behind; `null` = not since. There
    /// with `previousMaskedKey`. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<IsoTime>))]
    pub previous_last_used_at: Option<Option<IsoTime>>,
}

/// A key together with its secret: the answer to create, rotate and migrate, and nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedApiKey {
    /// The key.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// Its secret, this once.
    pub key: Secret,
}

/// The body of `POST /api/v1/api-key`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CreateApiKey {
    /// What the customer calls it.
    pub name: String,
    /// Where it belongs.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub customer_id: String,
    /// Whether it works at once.
    pub enabled: bool,
    /// What it may do.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scopes: Vec<Grant>,
    /// Its prefix; the workspace's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// When it stops working; the workspace's default lifetime when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// After how many verifications it stops, until it is refilled. Older clients' limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_usage_allowed: Option<u64>,
    /// The meter to bind it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_meter_id: Option<String>,
    /// Returned by verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
}

impl CreateApiKey {
    /// Checks every field that can be checked without looking anything up. `now` decides whether the
    /// expiry lies in the past: a key that is born expired is a unit mistake, seconds for milliseconds.
    pub fn check(&self, now: UnixMillis) -> Result<(), FieldError> {
        limits::check_name("name", &self.name)?;
        limits::check_customer_id("customerId", &self.customer_id)?;
        check_grants("scopes", &self.scopes)?;
        if let Some(prefix) = &self.prefix {
            limits::check_prefix("prefix", prefix)?;
        }
        if let Some(expires_at) = self.expires_at {
            limits::check_millis("expiresAt", expires_at)?;
            if expires_at <= now {
                let message = format!(
                    "expiresAt is {expires_at}, which is in the past; it is in milliseconds since 1970"
                );
                return Err(FieldError::new("expiresAt", Reason::ExpiresAtPast, message));
            }
        }
        if let Some(allowed) = self.total_usage_allowed {
            check_counter("totalUsageAllowed", allowed.into())?;
            if allowed == 0 {
                let (field, message) =
                    ("totalUsageAllowed", "totalUsageAllowed must be at least 1");
                return Err(FieldError::new(field, Reason::OutOfRange, message));
            }
        }
        if let Some(id) = &self.external_meter_id {
            limits::check_external_id("externalMeterId", id)?;
        }
        self.metadata
            .as_ref()
            .map_or(Ok(()), |metadata| limits::check_metadata("metadata", metadata))
    }
}

/// The body of `PATCH /api/v1/workspace/{id}/api-key/{akid}`. `{}` is legal; `null` means absent, since
/// none of these can be cleared.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct PatchApiKey {
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it may do: replaces the whole list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Grant>>,
}

impl PatchApiKey {
    /// Checks every field that can be checked without looking anything up.
    pub fn check(&self) -> Result<(), FieldError> {
        if let Some(name) = &self.name {
            limits::check_name("name", name)?;
        }
        self.scopes.as_deref().map_or(Ok(()), |grants| check_grants("scopes", grants))
    }
}

/// The optional body of `POST …/rotate`. Published clients send none, or `{}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct RotateApiKey {
    /// For how many seconds the old secret goes on working. Absent or 0: it stops at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<u64>,
}

impl RotateApiKey {
    /// Checks the overlap.
    pub fn check(&self) -> Result<(), FieldError> {
        let (found, limit) = (self.overlap_seconds.unwrap_or(0), limits::OVERLAP_SECONDS_MAX);
        if found <= limit {
            return Ok(());
        }
        let message = format!("overlapSeconds is {found}; the limit is {limit} (30 days)");
        Err(FieldError::new("overlapSeconds", Reason::OutOfRange, message))
    }
}

/// The body of `POST /api/v1/api-key/migrate`: a key that exists already, in clear.
///
/// `expiresAt`, `createdAt`, `lastUsedAt` and `prefix` are our additions; without them a migrated key
/// would lose its expiry and its age.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MigrateApiKey {
    /// The existing key.
    pub key: Secret,
    /// What the customer calls it.
    pub name: String,
    /// Where it belongs.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub customer_id: String,
    /// Whether it works.
    pub enabled: bool,
    /// What it may do.
    #[serde(default, deserialize_with = "null_as_default")]
    pub scopes: Vec<Grant>,
    /// Returned by verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// When it stops working. May lie in the past: an expired key stays expired, and does not become
    /// unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixMillis>,
    /// When it was created at its origin; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<IsoTime>,
    /// When it was last used at its origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<IsoTime>,
    /// The prefix it was minted with, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

impl MigrateApiKey {
    /// Checks every field that can be checked without looking anything up.
    pub fn check(&self) -> Result<(), FieldError> {
        limits::check_key("key", self.key.expose())?;
        limits::check_name("name", &self.name)?;
        limits::check_customer_id("customerId", &self.customer_id)?;
        check_grants("scopes", &self.scopes)?;
        if let Some(prefix) = &self.prefix {
            limits::check_prefix("prefix", prefix)?;
        }
        if let Some(expires_at) = self.expires_at {
            limits::check_millis("expiresAt", expires_at)?;
        }
        self.metadata
            .as_ref()
            .map_or(Ok(()), |metadata| limits::check_metadata("metadata", metadata))
    }
}

/// `{"apiKey": …}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyAnswer {
    /// The key.
    pub api_key: ApiKey,
}

/// `{"apiKey": …}` with the secret in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IssuedApiKeyAnswer {
    /// The key and its secret.
    pub api_key: IssuedApiKey,
}

/// `{"apiKeys": […]}`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApiKeysAnswer {
    /// The keys, newest first unless the query asked for another order.
    pub api_keys: Vec<ApiKey>,
    /// Where the next page begins; `null` on the last one. There when the query asked for pages. Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub next_cursor: Option<Option<String>>,
    /// How many keys the query finds, on all pages, as of the first. There when the query asked for pages.
    /// Our addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}
