//! The real router on a real engine with a real SQLite file, called without a socket.

mod access_log;
mod api_keys;
mod app;
mod contract;
mod cors;
mod error_shape;
mod health;
mod isolation;
mod limits;
mod link_tokens;
mod migrate;
mod reply;
mod scopes;
mod serve;
mod static_files;
mod verify;
mod workspaces;
