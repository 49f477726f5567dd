//! How many connections the system's limit on open files leaves room for.

use std::num::NonZeroU32;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are kept for everything but clients: the database and its log, the connections to PostgreSQL and Redis
/// (some twenty), the widget's files while they are sent.
const RESERVED: u64 = 256;

/// How many connections may be open at once: `wanted`, or as many as there is room for.
///
/// The limit that a shell sets is often 1,024, for programs that use `select`; this one does not, so it takes what it
/// needs of what the system allows. Without this a server that has run out of files could neither accept nor read.
pub(crate) fn connections(wanted: NonZeroU32) -> usize {
    let wanted = u64::from(wanted.get());
    let limit = getrlimit(Resource::Nofile);
    let raised = raised(&limit, wanted);
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => limit.current,
    };
    let fitting = fitting(current, wanted);
    if fitting < wanted {
        let files = current.unwrap_or(u64::MAX);
        tracing::warn!(
            files,
            "The system allows {files} open files: {fitting} connections at once instead of {wanted}"
        );
    }
    usize::try_from(fitting).unwrap_or(usize::MAX)
}

/// `limit`, raised as far as `wanted` connections need it and the system allows.
fn raised(limit: &Rlimit, wanted: u64) -> Rlimit {
    let needed = wanted.saturating_add(RESERVED);
    let allowed = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    let current = limit.current.map(|current| current.max(allowed));
    Rlimit { current, maximum: limit.maximum }
}

/// How many of `wanted` connections so many open files leave room for; `None` is no limit.
fn fitting(files: Option<u64>, wanted: u64) -> u64 {
    // Under a very low limit each side gets half.
    let room = |files: u64| files.saturating_sub(RESERVED).max(files / 2).max(1);
    files.map_or(wanted, |files| room(files).min(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_needed_and_never_lowered() {
        let limit = |current, maximum| Rlimit { current, maximum };
        for (before, after) in [
            (limit(Some(1_024), Some(524_288)), Some(10_256)),
            (limit(Some(1_024), Some(4_096)), Some(4_096)),
            (limit(Some(20_000), Some(20_000)), Some(20_000)),
            (limit(Some(256), None), Some(10_256)),
            (limit(None, None), None),
        ] {
            let raised = raised(&before, 10_000);
            assert_eq!((raised.current, raised.maximum), (after, before.maximum), "{before:?}");
        }
    }

    #[test]
    fn files_for_everything_else_are_left_over() {
        for (files, connections) in [
            (None, 10_000),
            (Some(20_000), 10_000),
            (Some(1_024), 768),
            (Some(100), 50),
            (Some(0), 1),
        ] {
            assert_eq!(fitting(files, 10_000), connections, "{files:?}");
        }
    }
}
