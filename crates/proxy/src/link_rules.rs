//! What a link token may be given, and what it may ask for when it creates a key (protocol, 5; decisions, "link token").

use oneloop_engine::LinkCaller;
use oneloop_protocol::{
    Access, CreateApiKey, CreateLinkToken, LinkTokenPermissions, Reason, Resource, Right, Rights,
};

use crate::error::ApiError;

/// The right of an SDK key that each permission passes on.
const PASSED_ON: [(LinkTokenPermissions, Right); 5] = [
    (LinkTokenPermissions::LIST, Right(Resource::ApiKeys, Access::READ)),
    (LinkTokenPermissions::CREATE, Right(Resource::ApiKeys, Access::CREATE)),
    (LinkTokenPermissions::UPDATE, Right(Resource::ApiKeys, Access::UPDATE)),
    (LinkTokenPermissions::ROTATE, Right(Resource::ApiKeys, Access::UPDATE)),
    (LinkTokenPermissions::DELETE, Right(Resource::ApiKeys, Access::DELETE)),
];

/// Holds a new link token to what an SDK key with `rights` may do itself: what is asked for by name and is more is
/// refused, and what is given to those who name nothing is cut down.
pub(crate) fn hold_to_minter(
    rights: Rights,
    body: CreateLinkToken,
) -> Result<CreateLinkToken, ApiError> {
    let Some(asked) = body.permissions else {
        let held = PASSED_ON.into_iter().filter(|(_, right)| rights.allow(*right));
        let permissions =
            held.fold(LinkTokenPermissions::NONE, |held, (permission, _)| held.with(permission));
        return Ok(CreateLinkToken { permissions: Some(permissions), ..body });
    };
    let more = |(permission, right): &(_, _)| asked.allow(*permission) && !rights.allow(*right);
    match PASSED_ON.iter().find(|entry| more(entry)) {
        None => Ok(body),
        Some((permission, right)) => {
            let word: String = permission.words().collect();
            Err(ApiError::Forbidden {
                reason: Reason::RightMissing,
                message: format!(
                    "`permissions` names {word}, and for that this SDK key lacks the right {right}"
                )
                .into(),
                field: Some("permissions".into()),
            })
        }
    }
}

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
