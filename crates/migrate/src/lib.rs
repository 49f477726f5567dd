//! Bringing existing keys along, the part that only thinks: no database, no network, no file, no clock.
//!
//! - [`recipe`]: how a service turned a key into what it stored; the crate of that name.
//! - [`prove`]: which recipe it was, from a real key and its stored value.
//! - [`mapping`]: the one file that says what a source's columns and permissions mean.
//! - [`origin`]: that file, filled in for services known by name.
//! - [`source`]: rows out of CSV and NDJSON.
//! - [`plan`]: what would be done with every row, and why.
//!
//! It builds for `wasm32-unknown-unknown`: the import in the browser is this code too.

pub mod mapping;
pub mod origin;
pub mod plan;
pub mod prove;
pub mod source;

pub use oneloop_recipe as recipe;

#[cfg(test)]
#[path = "../../recipe/src/samples.rs"]
mod recipe_samples;
