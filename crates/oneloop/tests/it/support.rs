//! Starts the binary and talks to it.

mod database;
mod http;
mod migration;
mod process;

pub(crate) use database::postgres_database;
pub(crate) use http::{Answer, Request, delete, get, patch, post, put};
pub(crate) use migration::{Migration, Stored, key, line};
pub(crate) use process::{Ran, Server, command, oneloop, wait_for};
