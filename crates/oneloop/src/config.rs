//! Options of `oneloop serve`: from the command line, the environment, a file, or the default file that
//! is compiled in, in this order.

mod file;
mod options;
mod settings;
mod values;

pub(crate) use options::Options;
pub(crate) use settings::{Settings, Storage, resolve, resolve_storage};
pub(crate) use values::{LogFormat, LogLevel, Period, Source};

/// The default configuration: the values, their documentation and an example in one text.
pub(crate) const DEFAULT: &str = include_str!("../config.default.toml");
