//! Databases as sources of rows: PostgreSQL, MySQL or MariaDB, and SQLite.
//!
//! Nothing is ever written. A [`Connection`] is one read-only transaction from its first statement to its last, so
//! that all that is read is of one moment: a row that changes meanwhile is neither missed nor read twice. Tables are
//! read in pages by a key, with a cap on the rows a second, and the SQL can be seen before it runs.

mod connect;
mod dialect;
mod mysql;
mod name;
mod postgres;
mod select;
mod source;
mod sqlite;
mod table;
#[cfg(test)]
mod tests;
mod wire;

pub use connect::{Connection, DatabaseError, Location, LocationError};
pub use dialect::{Dialect, Form};
pub use name::{TableName, TableNameError};
pub use select::{PAGE_ROWS, Select, SelectError, Wanted};
pub use source::TableSource;
pub use table::{Column, Table};
