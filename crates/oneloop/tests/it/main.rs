//! The real binary, started as people and scripts start it.

mod admin;
mod apply;
mod command_line;
mod configuration;
mod copy;
mod crash;
mod demo;
mod export;
mod migrate;
mod migration_window;
mod policy;
mod recipe_secrets;
mod reconcile;
mod refusals;
mod secrets;
mod send_raw;
mod serve;
mod support;
