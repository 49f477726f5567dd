//! Who may do what: the whole of it, one line an operation (decisions, "SDK-key rights"; protocol, 2.1).

use oneloop_protocol::{Access, LinkTokenPermissions, Resource, Right};

/// What an operation demands of an SDK key.
pub(crate) trait Demand: Send + Sync + 'static {
    /// The right that the key must hold.
    const RIGHT: Right;
}

/// An operation that a link token may be used for, too.
pub(crate) trait LinkDemand: Demand {
    /// What the token's permissions must include.
    const PERMISSION: LinkTokenPermissions;
}

/// One line of the table below, as the OpenAPI document shows it.
pub(crate) struct Demanded {
    /// The marker's name: the handler's, in camel case.
    pub(crate) operation: &'static str,
    /// The right that an SDK key must hold.
    pub(crate) right: Right,
    /// What a link token's permissions must include; `None` when no link token may do it.
    pub(crate) permission: Option<LinkTokenPermissions>,
}

macro_rules! demands {
    ($($operation:ident: $resource:ident.$access:ident $(or $permission:ident)?;)+) => {$(
        /// A marker for [`Sdk`](super::Sdk) or [`Caller`](super::Caller).
        pub(crate) enum $operation {}

        impl Demand for $operation {
            const RIGHT: Right = Right(Resource::$resource, Access::$access);
        }

        $(impl LinkDemand for $operation {
            const PERMISSION: LinkTokenPermissions = LinkTokenPermissions::$permission;
        })?
    )+

        /// The whole table.
        pub(crate) const DEMANDS: &[Demanded] = &[$(Demanded {
            operation: stringify!($operation),
            right: <$operation as Demand>::RIGHT,
            permission: demands!(@permission $($permission)?),
        }),+];
    };
    (@permission) => { None };
    (@permission $permission:ident) => { Some(LinkTokenPermissions::$permission) };
}

demands! {
    // operation          an SDK key's right        or a link token's permission
    ListWorkspaces:       Workspace.READ;
    CreateWorkspace:      Workspace.CREATE;
    GetWorkspace:         Workspace.READ;
    PatchWorkspace:       Workspace.UPDATE;
    ListScopes:           WorkspaceScopes.READ      or LIST;
    CreateScope:          WorkspaceScopes.CREATE;
    CreateApiKey:         ApiKeys.CREATE            or CREATE;
    ListApiKeys:          ApiKeys.READ              or LIST;
    GetApiKey:            ApiKeys.READ;
    GetApiKeyUsage:       ApiKeys.READ              or LIST;
    GetApiKeyActivity:    ApiKeys.READ              or LIST;
    PatchApiKey:          ApiKeys.UPDATE            or UPDATE;
    DeleteApiKey:         ApiKeys.DELETE            or DELETE;
    RotateApiKey:         ApiKeys.UPDATE            or ROTATE;
    EndOverlap:           ApiKeys.UPDATE            or ROTATE;
    RefillApiKey:         ApiKeys.UPDATE;
    VerifyApiKey:         ApiKeys.READ;
    RecordUsage:          ApiKeys.UPDATE;
    GetUsage:             ApiKeys.READ;
    GetCustomerBilling:   ApiKeys.READ;
    CreateCustomerBilling: ApiKeys.CREATE;
    RefillCustomerBilling: ApiKeys.UPDATE;
    MigrateApiKey:        Migration.CREATE;
    CreateLinkToken:      ApiKeys.CREATE;
    GetLinkToken:         ApiKeys.READ              or NONE;
    RevokeLinkTokens:     ApiKeys.DELETE;
    CreateJwt:            ApiKeys.CREATE;
    VerifyJwt:            ApiKeys.READ;
    RotateSigningKey:     ApiKeys.UPDATE;
}
