//! Handlers, one file a resource, named `<verb>_<resource>`.
//!
//! Their arguments are their preconditions, in the order in which they are checked: who is asking, whether
//! they may, what the path names, what the body says. What is left is the happy path.

pub(crate) mod api_keys;
pub(crate) mod evidence;
pub(crate) mod health;
pub(crate) mod jwts;
pub(crate) mod link_tokens;
pub(crate) mod meters;
pub(crate) mod migrate;
pub(crate) mod migrations;
pub(crate) mod scopes;
pub(crate) mod verify;
pub(crate) mod workspaces;
