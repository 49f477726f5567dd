//! The stories about the engine on SQLite, and those that only a file can tell.

#[path = "sqlite/files.rs"]
mod files;
mod it;
#[path = "sqlite/place.rs"]
mod place;

use it::world;
