//! Who did something, for the audit log.

use std::fmt;
use std::net::IpAddr;

use oneloop_protocol::{LinkTokenId, Reason, SdkKeyId, TeamId};

use crate::bounds::Bounds;
use crate::error::EngineError;
use crate::once::Once;

/// Who is acting, from where, in which request.
#[derive(Clone, Debug)]
pub struct Actor {
    /// On whose behalf. An operator has none, except for what only a team can own (a workspace, a key).
    pub team: Option<TeamId>,
    /// By which credential.
    pub who: Who,
    /// From which address, if it came over the network.
    pub address: Option<IpAddr>,
    /// In which request, if it came over the network.
    pub request_id: Option<String>,
    /// Under which name the request has its effect at most once, if it was given one.
    pub once: Option<Once>,
    /// What it may set, if that is limited.
    pub bounds: Bounds,
}

impl Actor {
    /// The person at the server's own command line.
    pub fn operator() -> Self {
        Self::new(None, Who::Operator)
    }

    /// An SDK key of `team`.
    pub fn sdk_key(team: TeamId, id: SdkKeyId) -> Self {
        Self::new(Some(team), Who::SdkKey(id))
    }

    /// A link token of `team`.
    pub fn link_token(team: TeamId, id: LinkTokenId) -> Self {
        Self::new(Some(team), Who::LinkToken(id))
    }

    fn new(team: Option<TeamId>, who: Who) -> Self {
        let (address, request_id, once) = (None, None, None);
        Self { team, who, address, request_id, once, bounds: Bounds::default() }
    }

    /// The team that this actor changes something of. An operator changes nothing that belongs to a team
    /// without naming the team.
    pub(crate) fn acting_team(&self) -> Result<&TeamId, EngineError> {
        self.team.as_ref().ok_or(EngineError::NotFound(Reason::UnknownTeam))
    }
}

/// A credential, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A team's server.
    SdkKey(SdkKeyId),
    /// A browser.
    LinkToken(LinkTokenId),
    /// The person at the server's own command line.
    Operator,
}

impl fmt::Display for Who {
    /// The id, which names its kind by its prefix; or `operator`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SdkKey(id) => id.as_str(),
            Self::LinkToken(id) => id.as_str(),
            Self::Operator => "operator",
        })
    }
}

impl From<&str> for Who {
    /// Reads what `Display` wrote.
    fn from(text: &str) -> Self {
        if text.starts_with(SdkKeyId::PREFIX) {
            Self::SdkKey(text.into())
        } else if text.starts_with(LinkTokenId::PREFIX) {
            Self::LinkToken(text.into())
        } else {
            Self::Operator
        }
    }
}
