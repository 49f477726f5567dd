//! The binary as a process.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Far more than any step takes; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The binary in `dir`, with an environment that holds none of our variables and no terminal.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oneloop"));
    command.current_dir(dir).args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ONELOOP_") {
            command.env_remove(name);
        }
    }
    command.env_remove("COLUMNS").env_remove("CLICOLOR_FORCE").env_remove("RUST_LOG");
    command
}

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Runs `command` to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the binary starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Standard output as JSON, after a success.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs the binary in `dir` to its end.
pub(crate) fn oneloop(dir: &Path, args: &[&str]) -> Ran {
    Ran::of(&mut command(dir, args))
}

/// `oneloop serve` on a free port, killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What the ready file says.
    pub(crate) ready: Value,
    log: PathBuf,
}

impl Server {
    /// Starts a server in `dir` with `args` and waits until it is ready.
    #[track_caller]
    pub(crate) fn start(dir: &Path, args: &[&str]) -> Self {
        Self::start_with(dir, args, &[])
    }

    /// The same with environment variables.
    #[track_caller]
    pub(crate) fn start_with(dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::start_at("127.0.0.1:0", dir, args, env)
    }

    /// The same on another address.
    #[track_caller]
    pub(crate) fn start_at(listen: &str, dir: &Path, args: &[&str], env: &[(&str, &str)]) -> Self {
        let (ready_path, log) = (dir.join("ready.json"), dir.join("server.log"));
        // A start must not be taken for ready because of the file of an earlier, killed server.
        let _absent = fs::remove_file(&ready_path);
        let stderr = File::options().create(true).append(true).open(&log).expect("a log file");
        let child = command(dir, &["serve", "--listen", listen, "--ready-file", "ready.json"])
            .args(args)
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the binary starts");
        let mut server = Self { child, ready: Value::Null, log };
        let ready = wait_for(|| {
            if let Some(status) = server.child.try_wait().expect("our child") {
                panic!("the server ended with {status}:\n{}", server.log());
            }
            fs::read(&ready_path).ok()
        });
        // Whole at the first sight of it: it is renamed into place.
        server.ready = serde_json::from_slice(&ready).expect("JSON");
        server
    }

    /// `path` on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.ready["url"].as_str().expect("a URL"))
    }

    /// A fact about the demonstration.
    #[track_caller]
    pub(crate) fn demo(&self, name: &str) -> &str {
        self.ready["demo"][name].as_str().expect(name)
    }

    /// `Authorization` of the demonstration's SDK key.
    pub(crate) fn sdk(&self) -> String {
        format!("Bearer {}", self.demo("sdkKey"))
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything the server has written to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log")
    }

    /// The log, once `text` is in it: the greeting follows the ready file, and a line its answer.
    #[track_caller]
    pub(crate) fn log_with(&self, text: &str) -> String {
        wait_for(|| Some(self.log()).filter(|log| log.contains(text)))
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a pid");
        kill_process(pid, signal).expect("the server runs");
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end_with(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        wait_for(|| self.child.try_wait().expect("our child"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Looks again and again until there is something to see.
#[track_caller]
pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(started.elapsed() < PATIENCE, "nothing happened for {PATIENCE:?}");
        sleep(Duration::from_millis(10));
    }
}
