//! Starts the binary and talks to it.

mod http;
mod migration;
mod process;

pub(crate) use http::{Answer, Request, delete, get, patch, post, put};
pub(crate) use migration::{Migration, key, line};
pub(crate) use process::{Ran, Server, command, oneloop, wait_for};
