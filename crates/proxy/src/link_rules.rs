//! What a link token may ask for when it creates a key (protocol, 5; decisions, "link token").

use oneloop_engine::LinkCaller;
use oneloop_protocol::{CreateApiKey, Reason};

use crate::error::ApiError;

/// Holds a new key to the token's own workspace and customer, and binds it to the token's meter.
///
/// The prefix, the metadata, the meter and the counter are the integrator's: verify hands them to the integrator's code,
/// which trusts them. Name, scopes, expiry and `enabled` are the customer's own affair.
pub(crate) fn hold_to_token(
    link: &LinkCaller,
    body: CreateApiKey,
) -> Result<CreateApiKey, ApiError> {
    let refuse = |reason, field: &'static str, says: &str| {
        let message = format!("{field} {says}").into();
        Err(ApiError::Forbidden { reason, message, field: Some(field.into()) })
    };
    if body.workspace_id != link.workspace {
        return refuse(Reason::OtherWorkspace, "workspaceId", "is not this link token's workspace");
    }
    if body.customer_id != link.customer_id {
        return refuse(Reason::OtherCustomer, "customerId", "is not this link token's customer");
    }
    for (field, is_set) in [
        ("prefix", body.prefix.is_some()),
        ("metadata", body.metadata.is_some()),
        ("externalMeterId", body.external_meter_id.is_some()),
        ("totalUsageAllowed", body.total_usage_allowed.is_some()),
    ] {
        if is_set {
            return refuse(Reason::FieldNotAllowed, field, "cannot be set with a link token");
        }
    }
    Ok(CreateApiKey { external_meter_id: link.external_billing_id.clone(), ..body })
}
