//! The stories about the engine on PostgreSQL, and those that only a server can tell.

mod it;
#[path = "postgres/partition.rs"]
mod partition;
#[path = "postgres/place.rs"]
mod place;
#[path = "postgres/server.rs"]
mod server;

use it::world;
