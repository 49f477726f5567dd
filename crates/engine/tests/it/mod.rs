//! Stories about the engine, told through its public face, on every database: what is different about one is
//! its `place`, which the binary of each brings along.

mod audit;
mod audit_chain;
mod create;
mod credit;
mod durability;
mod isolation;
mod link_tokens;
mod migrate;
mod migration;
mod migration_counter;
mod migration_force;
mod model;
pub(crate) mod recognise;
mod rotation;
mod secrets;
mod two_engines;
mod verify;
mod window;
mod workspaces;
pub(crate) mod world;
