//! What happens when our own code panics: a log line that cannot quote a secret, and exit code 2.

use std::backtrace::Backtrace;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use crate::failure::{Failure, Outcome};

/// Replaces the standard hook, which prints the payload: a formatted one may quote what the code was
/// working on, keys included. A text that stands in the source is shown; anything else is left out.
pub(crate) fn log_without_data() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = Backtrace::capture();
        tracing::error!(place, %backtrace, "Panicked at {place}: {}", literal(info));
    }));
}

fn literal<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(text with data, left out)")
}

/// Runs `main`, and turns a panic of it into a failure that is ours.
pub(crate) fn caught(main: impl FnOnce() -> Outcome) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(main)).unwrap_or_else(|_| {
        Err(Failure::ours("this is a bug in oneloop")
            .hint("please report it with the lines above; they hold no keys"))
    })
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::*;

    #[test]
    fn a_panic_is_our_fault() {
        let outcome = caught(|| panic!("on purpose"));
        assert_eq!(outcome.expect_err("a failure").exit_code(), ExitCode::from(2));
    }
}
