//! The real router on a real engine with a real SQLite file, called without a socket.

mod access_log;
mod api_keys;
mod app;
mod contract;
mod cors;
mod error_shape;
mod evidence;
mod health;
mod idempotency;
mod isolation;
mod key_list;
mod limits;
mod link_bounds;
mod link_tokens;
mod meters;
mod migrate;
mod migrations;
mod openapi;
mod operations;
mod reply;
mod rotation;
mod scopes;
mod serve;
mod static_files;
mod verify;
mod workspaces;
