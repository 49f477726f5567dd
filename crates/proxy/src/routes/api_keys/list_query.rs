//! The query of the key list.

use oneloop_protocol::Reason;

use crate::error::ApiError;

/// What the list is asked for. Parameters that it does not know are ignored, as on every original endpoint.
pub(super) struct ListQuery {
    /// Whether deleted keys are in it, too.
    pub(super) include_deleted: bool,
}

impl ListQuery {
    /// Reads `?includeDeleted=true`. When it stands twice, the last one counts.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut include_deleted = false;
        for (_, value) in pairs.filter(|(name, _)| *name == "includeDeleted") {
            include_deleted = match value {
                "true" => true,
                "false" => false,
                _ => {
                    return Err(ApiError::Refused {
                        reason: Reason::InvalidQuery,
                        message: "includeDeleted must be true or false".into(),
                        field: Some("includeDeleted".into()),
                    });
                }
            };
        }
        Ok(Self { include_deleted })
    }
}
