//! `<oneloop-keys>`: a customer's API keys inside the product they belong to.
//!
//! The widget is Leptos compiled to WebAssembly. JavaScript calls [`mount::mount`] and nothing else; the
//! custom element around it is TypeScript (`www/widget/`). What needs no browser (states of a key, expiry,
//! permissions in words, what an error means) is in modules of its own and tested on the host.

pub mod attempt;
pub mod client;
pub mod components;
pub mod dom;
pub mod evidence;
pub mod expiry;
pub mod fetch;
pub mod format;
pub mod host;
pub mod key_status;
pub mod listing;
pub mod mount;
pub mod overlap;
pub mod problem;
pub mod scope_level;
pub mod session;
pub mod signal;
pub mod snippet;
pub mod state;
pub mod terms;
pub mod text;
pub mod theme;
pub mod wire;
