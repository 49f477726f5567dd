//! `<oneloop-keys>`: a customer's API keys inside the product they belong to.
//!
//! The widget is Leptos compiled to WebAssembly. JavaScript calls `mount::mount` (feature `element`) and nothing else; the
//! custom element around it is TypeScript (`www/widget/`). Another Leptos application uses the views without the
//! element: [`KeysRoot`] around [`Keys`], or around single views (`examples/leptos-app`). What needs no browser (states of a key, expiry,
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
pub mod intl;
pub mod key_status;
pub mod listing;
#[cfg(feature = "element")]
pub mod mount;
pub mod options;
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

pub use self::components::create_dialog::CreateDialog;
pub use self::components::delete_dialog::DeleteDialog;
pub use self::components::details_dialog::DetailsDialog;
pub use self::components::edit_dialog::EditDialog;
pub use self::components::keys::Keys;
pub use self::components::many_dialog::ManyDialog;
pub use self::components::overlap_dialog::OverlapDialog;
pub use self::components::reveal_dialog::RevealDialog;
pub use self::components::root::{Dialogs, KeyList, KeysRoot, Theme};
pub use self::components::rotate_dialog::RotateDialog;
pub use self::host::Template;
pub use self::options::Options;
pub use self::state::{App, Row, Sheet};
pub use oneloop_protocol::Secret;
