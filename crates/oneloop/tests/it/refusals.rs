//! Databases and peppers that cannot be used: who is at fault, and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use tempfile::{TempDir, tempdir};

use crate::support::{Ran, Server, command, oneloop};

/// A directory with a database in it, made by a server that has ended.
fn used() -> TempDir {
    let dir = tempdir().expect("a directory");
    Server::start(dir.path(), &[]).end_with(Signal::TERM);
    dir
}

fn serve(dir: &Path) -> Ran {
    oneloop(dir, &["serve", "--listen", "127.0.0.1:0"])
}

const PEPPER: &str = "oneloop.db.pepper";

#[test]
fn a_wrong_pepper_refuses_to_start() {
    let (dir, other) = (used(), used());
    fs::copy(other.path().join(PEPPER), dir.path().join(PEPPER)).expect("copied");
    let ran = serve(dir.path());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    insta::assert_snapshot!(ran.stderr, @r"
    error: the pepper in `oneloop.db.pepper` does not belong to the database `sqlite:oneloop.db`
    hint: restore the pepper file that was made with this database, or name it with `--pepper-file PATH`; with any other, no key would verify
    ");
}

#[test]
fn a_lost_pepper_is_not_replaced_by_a_new_one() {
    let dir = used();
    fs::remove_file(dir.path().join(PEPPER)).expect("removed");
    let ran = serve(dir.path());
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: the database `sqlite:oneloop.db` needs its pepper, and there is no `oneloop.db.pepper`
    hint: restore the file from your backup, copy it from another node, or name it with `--pepper-file PATH`; without it no key can be verified
    ");
    assert!(!dir.path().join(PEPPER).exists());
}

#[test]
fn a_pepper_that_others_can_read_is_refused() {
    let dir = used();
    let pepper = dir.path().join(PEPPER);
    fs::set_permissions(&pepper, fs::Permissions::from_mode(0o644)).expect("changed");
    let ran = serve(dir.path());
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: other users of this machine could read the pepper file `oneloop.db.pepper` (mode 0644)
    hint: make it private with `chmod 600 'oneloop.db.pepper'`
    ");
}

#[test]
fn a_pepper_may_live_elsewhere() {
    let dir = used();
    let moved = dir.path().join("elsewhere");
    fs::rename(dir.path().join(PEPPER), &moved).expect("moved");
    let server = Server::start(dir.path(), &["--pepper-file", "elsewhere"]);
    assert!(!dir.path().join(PEPPER).exists());
    drop(server);
}

#[test]
fn a_damaged_database_is_not_the_users_error() {
    let dir = used();
    fs::write(dir.path().join("oneloop.db"), [b'x'; 8_192]).expect("overwritten");
    let ran = serve(dir.path());
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: cannot open the database `sqlite:oneloop.db`: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let dir = tempdir().expect("a directory");
    let ran = oneloop(
        dir.path(),
        &["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:no/such.db"],
    );
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stderr, @r"
    error: cannot create `no/such.db`: there is no directory `no`
    hint: create it with `mkdir -p 'no'`, or name another database with `--database sqlite:PATH`
    ");
}

#[test]
fn a_database_of_another_kind_is_the_users_error_and_its_password_is_not_repeated() {
    let dir = tempdir().expect("a directory");
    let url = "oracle://scott:tiger@db/keys";
    fs::write(dir.path().join("my.toml"), format!("database = \"{url}\"\n")).expect("written");
    let mut from_environment = command(dir.path(), &["serve"]);
    from_environment.env("ONELOOP_DATABASE", url);
    for mut serve in [
        command(dir.path(), &["serve", "--database", url]),
        command(dir.path(), &["admin", "team", "list", "--database", url]),
        command(dir.path(), &["serve", "--config", "my.toml"]),
        from_environment,
    ] {
        let ran = Ran::of(&mut serve);
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.contains("a database is written `sqlite:PATH`"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("tiger"), "{}", ran.stderr);
    }
}

#[test]
fn a_password_in_a_url_that_is_refused_is_not_repeated() {
    let dir = tempdir().expect("a directory");
    let (redis, database) = ("rediss://scott:tiger@host:port", "postgres://scott:tiger@host");
    fs::write(dir.path().join("my.toml"), format!("redis = \"{redis}\"\n")).expect("written");
    for args in [
        vec!["serve", "--redis", redis],
        vec!["serve", "--config", "my.toml"],
        vec!["admin", "copy", "--from", database, "--to", "sqlite:new.db"],
        vec!["admin", "copy", "--from", "sqlite:old.db", "--to", database],
    ] {
        let ran = oneloop(dir.path(), &args);
        assert_eq!(ran.code, Some(1), "{args:?}");
        assert!(!ran.stderr.contains("tiger"), "{}", ran.stderr);
    }
}
