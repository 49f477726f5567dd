//! Handler arguments. Each one is a precondition: a handler that names [`Sdk`] or [`Caller`] is not reached
//! by anybody who may not do what it does, and a handler that names neither has nobody to act for.

mod caller;
mod credential;
mod demand;
mod idempotency;
mod json;
mod origin;
mod path;
mod provenance;
mod query;

pub(crate) use caller::{Caller, Identity, Sdk, check_right, identify, sdk_actor};
pub(crate) use credential::{Presented, X_LINK_TOKEN};
pub(crate) use demand::*;
pub(crate) use idempotency::{IDEMPOTENCY_KEY, IdempotencyKey};
pub(crate) use json::{ApiJson, Ndjson, OptionalJson, parse as parse_json, read_body};
pub(crate) use path::ApiPath;
pub(crate) use provenance::Provenance;
pub(crate) use query::Parameters;
