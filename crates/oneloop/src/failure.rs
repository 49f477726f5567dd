//! Why the program ends without having done what it was asked, and whose business that is.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

/// Who can put it right. Decides the exit code, so that a script can tell a typo from a broken disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The person at the keyboard: an option, a file, an address, an id. Exit code 1.
    User,
    /// We, or the machine: a bug, a full disk, a damaged database. Exit code 2.
    Ours,
    /// Nobody: all went well, and what came out must not be applied as it is. Exit code 3.
    Blocked,
}

/// What is printed as `error: …` and, where there is something to try, `hint: …`.
#[derive(Debug)]
pub(crate) struct Failure {
    blame: Blame,
    message: String,
    hint: Option<String>,
}

/// What commands answer with.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// Something the person at the keyboard can put right.
    pub(crate) fn user(message: impl Into<String>) -> Self {
        Self { blame: Blame::User, message: message.into(), hint: None }
    }

    /// Something that should not have happened.
    pub(crate) fn ours(message: impl Into<String>) -> Self {
        Self { blame: Blame::Ours, message: message.into(), hint: None }
    }

    /// A result that stops whatever would come next.
    pub(crate) fn blocked(message: impl Into<String>) -> Self {
        Self { blame: Blame::Blocked, message: message.into(), hint: None }
    }

    /// The same failure with the chain of causes behind it, each one once: many libraries repeat the
    /// text of their source in their own.
    #[must_use]
    pub(crate) fn because(mut self, cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let text = error.to_string();
            if !self.message.contains(&text) {
                let written = write!(self.message, ": {text}");
                debug_assert!(written.is_ok(), "writing to a String cannot fail");
            }
            next = error.source();
        }
        self
    }

    /// The same failure with something to try.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to try, if anything.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// 1, 2 or 3, see [`Blame`].
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.blame {
            Blame::User => ExitCode::from(1),
            Blame::Ours => ExitCode::from(2),
            Blame::Blocked => ExitCode::from(3),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the pepper: {0}")]
    struct Repeats(#[source] io::Error);

    #[test]
    fn a_cause_that_is_already_in_the_message_is_not_repeated() {
        let cause = Repeats(io::Error::other("no such device"));
        let failure = Failure::ours("cannot open the database").because(&cause);
        assert_eq!(
            failure.to_string(),
            "cannot open the database: cannot read the pepper: no such device"
        );
    }
}
