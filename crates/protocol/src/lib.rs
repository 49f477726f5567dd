//! What crosses the wire between the widget, the proxy, the engine and the published SDKs.
//!
//! Requests, responses, ids, error reasons, limits, and the format of a key. Nothing here does I/O or
//! reads a clock, so the same code runs in the server and, compiled to WebAssembly, in the browser.
//!
//! `In` types (requests) are lenient where published clients are: `null` means absent, an absent array
//! means an empty one, and unknown fields are ignored. Response types always carry every field that the
//! strictest published client (Python 0.0.24) requires.

pub mod activity;
pub mod amount;
pub mod api_key;
pub mod base62;
pub mod error;
pub mod export;
pub mod grant;
pub mod id;
pub mod jwt;
pub mod key;
pub mod key_list;
pub mod lenient;
pub mod limits;
pub mod link_token;
pub mod mask;
pub mod meter;
pub mod migration;
pub mod patch;
pub mod rights;
pub mod secret;
pub mod time;
pub mod usage;
pub mod verify;
pub mod workspace;

pub use amount::Amount;
pub use api_key::{ApiKey, CreateApiKey, IssuedApiKey, MigrateApiKey, PatchApiKey, RotateApiKey};
pub use error::{ErrorBody, FieldError, Reason};
pub use grant::{Access, Grant};
pub use id::{
    ApiKeyId, LinkTokenId, MeterId, MigrationId, ScopeId, SdkKeyId, SigningKeyId, TeamId,
    WorkspaceId,
};
pub use key_list::{KeyStatus, LastUsed, ListKeys, Sort};
pub use link_token::{
    CreateLinkToken, KeyPolicy, LinkToken, LinkTokenPermissions, LinkTokenStatus,
};
pub use patch::Patch;
pub use rights::{Resource, Right, Rights};
pub use secret::Secret;
pub use time::{IsoTime, UnixMillis};
pub use verify::{Verdict, Verification, VerifyRequest};
pub use workspace::{CreateScope, CreateWorkspace, PatchWorkspace, Workspace, WorkspaceScope};
