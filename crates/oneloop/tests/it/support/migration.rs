//! A migration as a person sets it up: a server with an open gate, a table of keys, and a mapping that was proved.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use oneloop_protocol::migration::Hex32;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Ran, Server, command, get, oneloop, post};

/// Everything that one migration needs.
pub(crate) struct Migration {
    folder: TempDir,
    /// The server. `None` while it is down.
    pub(crate) server: Option<Server>,
    pub(crate) team: String,
    pub(crate) sdk_key: String,
    pub(crate) workspace: String,
    listen: String,
    /// As `--database` has it.
    database: String,
    stored: Stored,
}

/// How keys stand in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// SHA-256 of the key: it is native at once.
    Digest,
    /// SHA-256 of a salt and the key: the row is found by a part of the key, and its hash is tried.
    Salted,
}

/// The mapping of a table of salted keys.
const SALTED: &str = r#"
    version = 1
    [source]
    kind = "csv"
    location = "keys.csv"
    [target]
    workspace = "WORKSPACE"
    [columns]
    id = "{id}"
    key = "key_hash"
    salt = "salt"
    locator = { column = "lookup", part = "first:12" }
    name = "{name}"
    owner = "{user_id}"
    created = { column = "created_at", format = "unix-s" }
    expires = { column = "expires_at", format = "unix-s" }
    revoked = { column = "revoked_at", set = true }
    permissions = { column = "scopes", format = "space" }
    [recipe]
    algorithm = "sha256"
    salt = "column"
    [permissions]
    read = { deployments = "read" }
    write = { deployments = "create+update" }
"#;

/// The key of a row: 32 characters that no other row has.
pub(crate) fn key(row: usize) -> String {
    let hash = Hex32::sha256(format!("row {row}").as_bytes()).to_string();
    format!("old_{}", &hash[..32])
}

/// The line of a row in `keys.csv`. Every third may read and write, every fifth is expired, every seventh revoked.
pub(crate) fn line(row: usize) -> String {
    line_with(row, Hex32::sha256(key(row).as_bytes()))
}

fn line_with(row: usize, hash: Hex32) -> String {
    let scopes = if row.is_multiple_of(3) { "read write" } else { "read" };
    let expires = if row.is_multiple_of(5) { "1710000000" } else { "" };
    let revoked = if row.is_multiple_of(7) { "1720000000" } else { "" };
    format!("{row},Key {row},customer-{},{hash},{scopes},1700000000,{expires},{revoked}", row % 10)
}

fn salt(row: usize) -> String {
    format!("salt-{row}")
}

impl Stored {
    /// What the table holds for a key.
    fn hash(self, row: usize) -> Hex32 {
        let salt = if self == Self::Salted { salt(row) } else { String::new() };
        Hex32::sha256(format!("{salt}{}", key(row)).as_bytes())
    }

    fn header(self) -> &'static str {
        match self {
            Self::Digest => "id,name,user_id,key_hash,scopes,created_at,expires_at,revoked_at",
            Self::Salted => {
                "id,name,user_id,key_hash,scopes,created_at,expires_at,revoked_at,salt,lookup"
            }
        }
    }

    fn line(self, row: usize) -> String {
        match self {
            Self::Digest => line(row),
            Self::Salted => {
                let line = line_with(row, self.hash(row));
                format!("{line},{},{}", salt(row), &key(row)[..12])
            }
        }
    }
}

impl Migration {
    /// A server on SQLite, and `rows` keys to bring there.
    pub(crate) fn of(rows: usize) -> Self {
        Self::between(Stored::Digest, "sqlite:oneloop.db", rows)
    }

    /// A server on a database, and `rows` keys to bring there.
    pub(crate) fn between(stored: Stored, database: &str, rows: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let create = ["admin", "--database", database, "team", "create", "Acme", "--json"];
        let created = oneloop(dir, &create).json();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let (team, sdk_key) = (text(&created["team"]["id"]), text(&created["sdkKey"]["key"]));
        let server = Server::start(dir, &["--database", database]);
        let listen = server.ready["url"].as_str().expect("a URL").replace("http://", "");
        let made = post(server.url("/api/v1/workspace"))
            .header("authorization", format!("Bearer {sdk_key}"))
            .json(json!({ "name": "Production" }))
            .send()
            .ok();
        let workspace = text(&made["workspace"]["id"]);
        let server = Some(server);
        let database = database.to_owned();
        let migration = Self { folder, server, team, sdk_key, workspace, listen, database, stored };
        migration.open_gate();
        migration.write_keys(1..=rows);
        migration.map();
        migration
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Opens the gate to this machine.
    pub(crate) fn open_gate(&self) {
        let admin = ["admin", "--database", &self.database];
        let args = ["migration-window", "open", "--team", &self.team];
        let ran = oneloop(
            self.dir(),
            &[&admin[..], &args, &["--from", "127.0.0.1", "--for", "2h"]].concat(),
        );
        assert_eq!(ran.code, Some(0), "{ran:?}");
        // The server looks at most once a second.
        let url = self.url("/api/v1/migration/access");
        let open =
            || get(&url).header("authorization", format!("Bearer {}", self.sdk_key)).send().status;
        super::wait_for(|| (open() == 200).then_some(()));
    }

    /// Writes `keys.csv`.
    pub(crate) fn write_keys(&self, rows: impl IntoIterator<Item = usize>) {
        let mut csv = format!("{}\n", self.stored.header());
        for row in rows {
            writeln!(csv, "{}", self.stored.line(row)).expect("writes");
        }
        fs::write(self.dir().join("keys.csv"), csv).expect("written");
    }

    /// Writes `migration.toml` and proves it.
    fn map(&self) {
        if self.stored == Stored::Salted {
            let mapping = SALTED.replace("WORKSPACE", &self.workspace);
            fs::write(self.dir().join("migration.toml"), mapping).expect("written");
        } else {
            let init = ["init", "--from", "keys.csv", "--workspace", &self.workspace, "--yes"];
            assert_eq!(self.run(&init).code, Some(0));
            self.edit(|text| {
                text.replace(
                    "[permissions]\n",
                    "[permissions]\nread = { deployments = \"read\" }\nwrite = { deployments = \"create+update\" }\n",
                )
            });
        }
        let pair = format!("key,stored,salt\n{},{},{}\n", key(1), self.stored.hash(1), salt(1));
        fs::write(self.dir().join("pairs.csv"), pair).expect("written");
        assert_eq!(self.run(&["prove", "--pairs", "pairs.csv"]).code, Some(0));
    }

    /// Changes the mapping as in an editor.
    pub(crate) fn edit(&self, change: impl FnOnce(&str) -> String) {
        let path = self.dir().join("migration.toml");
        let before = fs::read_to_string(&path).expect("the mapping");
        let after = change(&before);
        assert_ne!(after, before, "the edit found nothing to change");
        fs::write(path, after).expect("written");
    }

    /// `oneloop migrate …`, which finds the server and the SDK key in its environment.
    pub(crate) fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(self.dir(), &[&["migrate"], args].concat());
        command.env("ONELOOP_URL", self.url("")).env("ONELOOP_SDK_KEY", &self.sdk_key);
        command
    }

    /// The same, run to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Writes the plan to `plan.json`; its digest.
    pub(crate) fn plan(&self) -> String {
        let plan = self.run(&["plan", "--output", "plan.json", "--json"]).json();
        plan["digest"].as_str().expect("a digest").to_owned()
    }

    /// `apply` of `plan.json`.
    pub(crate) fn apply(&self, more: &[&str]) -> Ran {
        self.run(&[&["apply", "--plan", "plan.json", "--json"], more].concat())
    }

    /// The lines of a file of JSON lines.
    pub(crate) fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.dir().join(name)).expect(name);
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// `path` on the server, which keeps its address when it is started again.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listen)
    }

    /// Starts the server again, where it was.
    pub(crate) fn restart(&mut self) {
        self.server = None;
        let args = ["--database", &self.database];
        self.server = Some(Server::start_at(&self.listen, self.dir(), &args, &[]));
    }

    /// What the server says of a key.
    pub(crate) fn verdict(&self, key: &str) -> Value {
        post(self.url("/api/v1/api-key/verify"))
            .header("authorization", format!("Bearer {}", self.sdk_key))
            .json(json!({ "key": key, "requestedScopes": [] }))
            .send()
            .ok()
    }

    /// Every key of the workspace.
    pub(crate) fn keys(&self) -> Vec<Value> {
        let listed = get(self.url(&format!("/api/v1/workspace/{}/api-key", self.workspace)))
            .header("authorization", format!("Bearer {}", self.sdk_key))
            .send()
            .ok();
        listed["apiKeys"].as_array().expect("keys").clone()
    }
}
