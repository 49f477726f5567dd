//! Stories about the engine, told through its public face, on real files.

mod audit;
mod create;
mod durability;
mod isolation;
mod link_tokens;
mod migrate;
mod model;
mod rotation;
mod secrets;
mod two_engines;
mod verify;
mod window;
mod workspaces;
mod world;
