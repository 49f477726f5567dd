//! Starts the binary and talks to it.

mod http;
mod process;

pub(crate) use http::{Answer, Request, delete, get, patch, post};
pub(crate) use process::{Ran, Server, command, oneloop};
