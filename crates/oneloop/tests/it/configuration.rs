//! Where options come from, and which source wins.

use std::fs;

use tempfile::tempdir;

use crate::support::{Server, get, oneloop};

#[test]
fn the_printed_configuration_is_the_file_in_the_repository_and_can_be_used() {
    let dir = tempdir().expect("a directory");
    let ran = oneloop(dir.path(), &["config"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(ran.stdout, include_str!("../../config.default.toml"));

    fs::write(dir.path().join("oneloop.toml"), &ran.stdout).expect("written");
    let server = Server::start(dir.path(), &["--config", "oneloop.toml"]);
    assert_eq!(get(server.url("/healthz")).send().status, 200);
    assert!(dir.path().join("oneloop.db").is_file(), "the default database");
}

#[test]
fn an_unknown_key_is_the_users_error_and_names_file_line_and_key() {
    let dir = tempdir().expect("a directory");
    fs::write(dir.path().join("my.toml"), "# mine\nwidget-dri = \"w\"\n").expect("written");
    let ran = oneloop(dir.path(), &["serve", "--config", "my.toml"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: in `my.toml`, line 2: unknown key `widget-dri`
    hint: did you mean `widget-dir`?
    ");
}

#[test]
fn a_missing_file_is_the_users_error() {
    let dir = tempdir().expect("a directory");
    let ran = oneloop(dir.path(), &["serve", "--config", "nowhere.toml"]);
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: cannot read the configuration file `nowhere.toml`: No such file or directory (os error 2)
    hint: `oneloop config > oneloop.toml` writes one to start from
    ");
}

/// Three databases, one named by each source: which one is created shows who won.
#[test]
fn the_command_line_wins_over_the_environment_and_that_over_the_file() {
    let dir = tempdir().expect("a directory");
    let file = "database = \"sqlite:file.db\"\nlog-format = \"json\"\n";
    fs::write(dir.path().join("my.toml"), file).expect("written");
    let exists = |name: &str| dir.path().join(name).exists();
    let env = [("ONELOOP_DATABASE", "sqlite:env.db"), ("ONELOOP_CONFIG", "my.toml")];

    drop(Server::start_with(dir.path(), &[], &env[1..]));
    assert!(exists("file.db") && !exists("oneloop.db"));

    drop(Server::start_with(dir.path(), &[], &env));
    assert!(exists("env.db"));

    drop(Server::start_with(dir.path(), &["--database", "sqlite:flag.db"], &env));
    assert!(exists("flag.db"));
}

#[test]
fn a_switch_can_be_switched_off_again() {
    let dir = tempdir().expect("a directory");
    let env = [("ONELOOP_DEMO", "true")];
    let server = Server::start_with(dir.path(), &["--demo=false"], &env);
    assert!(server.ready.get("demo").is_none());
}
