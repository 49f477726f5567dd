//! What clap says about a command line, with our exit codes and one hint that clap cannot give.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, Error};

use crate::config::Options;
use crate::output;

/// Prints help and version to standard output, and refusals to standard error.
pub(crate) fn explain(mut error: Error) -> ExitCode {
    hide_secrets(&mut error);
    // When the stream is closed there is nobody left to tell.
    let _gone = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        // clap's own exit code is 2, which here means that the fault is ours.
        _ => {
            if let Some(variable) = variable_at_fault(&error) {
                output::hint(&format!("the value comes from the environment: {variable}"));
            }
            ExitCode::from(1)
        }
    }
}

/// Options whose values may hold a password, or are one by mistake.
const SECRET: [&str; 7] =
    ["--database", "--redis", "--from", "--to", "--recipe-secrets", "--sdk-key", "--secret"];

/// clap repeats a value that it refuses.
fn hide_secrets(error: &mut Error) {
    let secret = |shown: &ContextValue| match shown {
        ContextValue::String(shown) => SECRET.iter().any(|option| shown.starts_with(option)),
        _ => false,
    };
    if error.get(ContextKind::InvalidArg).is_some_and(secret) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
}

/// The environment variable behind a bad value: clap names the option, which the person never typed.
fn variable_at_fault(error: &Error) -> Option<String> {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    let option = shown.split([' ', '=', '[']).next()?;
    if std::env::args().any(|arg| arg == option || arg.starts_with(&format!("{option}="))) {
        return None;
    }
    let command = Options::augment_args(Command::new("serve"));
    let long = option.strip_prefix("--")?;
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(long))?;
    let variable = arg.get_env()?;
    std::env::var_os(variable).map(|_| variable.to_string_lossy().into_owned())
}
