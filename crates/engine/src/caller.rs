//! Who is asking: the two credentials, once they have been recognised.

use oneloop_protocol::{
    LinkTokenId, LinkTokenPermissions, Rights, SdkKeyId, TeamId, UnixMillis, WorkspaceId,
};

use crate::bounds::Bounds;
use crate::error::EngineError;

/// An SDK key that works, without texts: for verification, which has no use for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdkKeyHolder {
    pub(crate) team: u128,
    pub(crate) sdk_key: u128,
    pub(crate) rights: Rights,
}

impl SdkKeyHolder {
    /// What the key may do.
    pub fn rights(&self) -> Rights {
        self.rights
    }
}

impl From<SdkKeyHolder> for SdkCaller {
    fn from(holder: SdkKeyHolder) -> Self {
        Self {
            team: TeamId::from_bits(holder.team),
            sdk_key: SdkKeyId::from_bits(holder.sdk_key),
            rights: holder.rights,
        }
    }
}

/// A team's own server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdkCaller {
    /// The team.
    pub team: TeamId,
    /// The SDK key it used.
    pub sdk_key: SdkKeyId,
    /// What that key may do.
    pub rights: Rights,
}

/// A browser that speaks for one customer in one workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCaller {
    /// The link token it used.
    pub id: LinkTokenId,
    /// The team that minted the token.
    pub team: TeamId,
    /// The one workspace.
    pub workspace: WorkspaceId,
    /// The one customer.
    pub customer_id: String,
    /// What the token may do.
    pub permissions: LinkTokenPermissions,
    /// Origins it may be used from; empty = any that CORS allows.
    pub origins: Vec<String>,
    /// The meter that keys made with it are bound to.
    pub external_billing_id: Option<String>,
    /// What it may set on keys.
    pub bounds: Bounds,
    /// When it stops working.
    pub expires_at: UnixMillis,
}

/// Why a link token is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum LinkTokenRefusal {
    /// No such token.
    #[error("no such link token")]
    Unknown,
    /// Its time is over, or it was revoked.
    #[error("the link token has expired or was revoked")]
    Expired,
    /// The database cannot say.
    #[error(transparent)]
    Unavailable(#[from] EngineError),
}

/// Which keys a caller may see. A key outside is not found, as if it did not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Of this team,
    pub team: TeamId,
    /// in this workspace,
    pub workspace: WorkspaceId,
    /// of this customer; `None` = of all.
    pub customer_id: Option<String>,
}
