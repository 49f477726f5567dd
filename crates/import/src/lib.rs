//! The half of a migration that touches the world. What it decides stands in `oneloop-migrate`; here are the
//! files and databases that it reads, and the server that it sends to.
//!
//! - [`mod@apply`]: what is done with a plan that was reviewed.
//! - [`mod@file`]: rows out of a file or standard input.
//! - [`database`]: rows out of PostgreSQL, MySQL, MariaDB and SQLite.
//! - [`export_file`]: what stands in an export of another Oneloop besides keys.
//! - [`open`]: either, as a mapping says.
//! - [`secret`]: secrets by reference.
//! - [`seen`]: which keys a plan has met.
//! - [`survey`]: the first look at a source.
//! - [`upstream`]: another Oneloop, by its API.

pub mod apply;
pub mod database;
pub mod export_file;
pub mod file;
pub mod open;
pub mod secret;
pub mod seen;
pub mod survey;
pub mod upstream;
