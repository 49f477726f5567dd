//! What a newcomer reads: help, usage errors, exit codes.

use std::path::Path;

use crate::support::{Ran, command, oneloop};

fn here(args: &[&str]) -> Ran {
    oneloop(Path::new("."), args)
}

#[test]
fn help_texts_read_as_agreed() {
    for (name, args) in [
        ("help", vec![]),
        ("help-serve", vec!["serve"]),
        ("help-admin", vec!["admin"]),
        ("help-export", vec!["export"]),
        ("help-admin-team-create", vec!["admin", "team", "create"]),
        ("help-admin-sdk-key-create", vec!["admin", "sdk-key", "create"]),
        ("help-admin-migration-window-open", vec!["admin", "migration-window", "open"]),
    ] {
        let ran = here(&[args.as_slice(), &["--help"]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
        insta::assert_snapshot!(name, ran.stdout);
    }
}

#[test]
fn without_arguments_the_help_is_shown_and_nothing_was_done() {
    let ran = here(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("Usage: oneloop <COMMAND>"), "{}", ran.stderr);
}

#[test]
fn a_misspelt_option_is_the_users_error_and_names_what_was_meant() {
    let ran = here(&["serve", "--liste", "127.0.0.1:0"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: unexpected argument '--liste' found

      tip: a similar argument exists: '--listen'

    Usage: oneloop serve --listen <ADDR:PORT>

    For more information, try '--help'.
    ");
}

#[test]
fn a_bad_value_shows_a_right_one() {
    let ran = here(&["serve", "--listen", "localhost:8787"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: invalid value 'localhost:8787' for '--listen <ADDR:PORT>': expected an address and a port, such as 127.0.0.1:8787, [::1]:8787 or 0.0.0.0:80; for this machine only: 127.0.0.1:8787

    For more information, try '--help'.
    ");
}

#[test]
fn a_bad_value_from_the_environment_is_traced_to_its_variable() {
    let mut serve = command(Path::new("."), &["serve"]);
    let ran = Ran::of(serve.env("ONELOOP_LINK_TOKEN_TTL", "soon"));
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: invalid value 'soon' for '--link-token-ttl <TIME>': expected a length of time, such as 30m, 2h or 7d

    For more information, try '--help'.
    hint: the value comes from the environment: ONELOOP_LINK_TOKEN_TTL
    ");
}

#[test]
fn the_version_is_the_packages() {
    let ran = here(&["--version"]);
    assert_eq!(
        (ran.code, ran.stdout),
        (Some(0), format!("oneloop {}\n", env!("CARGO_PKG_VERSION")))
    );
}
