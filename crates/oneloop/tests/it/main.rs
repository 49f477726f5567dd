//! The real binary, started as people and scripts start it.

mod admin;
mod command_line;
mod configuration;
mod demo;
mod migrate;
mod migration_window;
mod refusals;
mod secrets;
mod serve;
mod support;
