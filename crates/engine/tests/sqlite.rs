//! The stories about the engine on SQLite, and those that only a file can tell.

#[path = "sqlite/copy.rs"]
mod copy;
#[path = "sqlite/files.rs"]
mod files;
mod it;
#[path = "sqlite/place.rs"]
mod place;

#[path = "postgres/place.rs"]
#[allow(dead_code, reason = "what only the stories about PostgreSQL use")]
mod server_place;

use it::world;
