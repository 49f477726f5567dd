//! The embedded key service: who may ask, keys and scopes, verification, link tokens, the migration gate,
//! the audit log; over one SQLite file, or over one PostgreSQL database that many nodes share.
//!
//! [`Engine`] is the whole surface. Verification reads memory only; everything else is one transaction
//! each, durable when it is acknowledged, and in effect on the very next verification. Bodies are checked
//! in here, so no caller can forget to.
//!
//! What is never written down, logged or shown: a secret, its digest, its tag, the pepper.

mod activity;
mod actor;
mod address;
mod api_key;
mod audit;
mod audit_chain;
mod background;
mod bounds;
mod caller;
mod change_feed;
mod charges;
pub mod clock;
mod copy;
mod creates;
mod deadline;
mod engine;
mod entropy;
mod error;
mod export;
mod freshness;
mod gathering;
mod grants;
mod id;
mod index;
mod jwt;
mod key_entry;
mod key_list;
mod keys;
mod knocks;
mod last_used;
mod ledger;
mod link_tokens;
mod meters;
mod migrate;
mod migration;
mod migration_window;
mod once;
mod options;
mod pepper;
mod postgres_url;
mod rate;
mod recipes;
mod recognise;
mod redis_url;
mod rotate;
mod scopes;
mod sdk_keys;
mod seal;
mod shared_rate;
mod store;
mod stored_value;
mod tag;
mod teams;
mod time;
mod turn;
mod usage;
mod verify;
mod workspaces;

pub use activity::ActivityPage;
pub use actor::{Actor, Who};
pub use audit::{AuditBreak, AuditEntry, AuditHead, AuditHeadParseError, AuditState};
pub use bounds::Bounds;
pub use caller::{LinkCaller, LinkTokenRefusal, Reach, SdkCaller, SdkKeyHolder};
pub use copy::{ComparedTable, Copied, CopyError, CopyOptions, CopyStep, TableDigest, copy};
pub use engine::Engine;
pub use error::{Cause, EngineError, OpenError};
pub use export::{ExportError, ExportOptions, export};
pub use freshness::{Freshness, WhenStale};
pub use key_list::{ApiKeyPage, Paging};
pub use migration_window::{Gate, GateRefusal, MigrationWindow};
pub use once::Once;
pub use oneloop_recipe::SecretRef;
pub use options::{Database, DatabaseParseError, EngineOptions, PostgresUrl};
pub use redis_url::{RedisUrl, RedisUrlError};
pub use sdk_keys::{IssuedSdkKey, SdkKey};
pub use shared_rate::{SharedLimits, WhenRedisAway};
pub use teams::Team;
pub use verify::Verifying;
