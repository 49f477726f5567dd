//! The binary as a process, and what it holds in memory, as Linux counts it (proc(5), `status`).

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(5);

/// Longest wait for a server: three million keys are read at its start.
const START: Duration = Duration::from_secs(120);

/// The binary in `dir`, which sees none of our variables.
pub(crate) fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oneloop"));
    command.current_dir(dir).args(args).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ONELOOP_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a command printed.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// How long a command took, and the most that was resident of it, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    pub(crate) peak: f64,
}

/// Runs a command to its end and looks at its memory meanwhile.
pub(crate) fn watch(mut command: Command) -> Result<Took> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut peak: f64 = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // Gone between the two looks: then the one before stands.
        peak = resident(child.id(), "VmHWM:").unwrap_or(peak).max(peak);
        sleep(LOOK);
    };
    let time = begun.elapsed();
    if status.success() {
        return Ok(Took { time, peak });
    }
    let said = child.wait_with_output()?.stderr;
    Err(format!("{command:?} ended with {status}: {}", String::from_utf8_lossy(&said)).into())
}

/// `VmRSS:`, what is resident of a process now, or `VmHWM:`, the most so far; in MiB.
fn resident(pid: u32, field: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)).ok_or("no such field")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? / 1024.0)
}

/// `oneloop serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(dir: &Path, database: &str) -> Result<Self> {
        let ready = dir.join("ready.json");
        // One of an earlier, killed server.
        let _absent = fs::remove_file(&ready);
        let log = fs::File::options().create(true).append(true).open(dir.join("server.log"))?;
        let child =
            command(dir, &["serve", "--listen", "127.0.0.1:0", "--ready-file", "ready.json"])
                .env("ONELOOP_DATABASE", database)
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()?;
        let mut server = Self { child, url: String::new() };
        let begun = Instant::now();
        loop {
            if let Ok(text) = fs::read(&ready) {
                let facts: serde_json::Value = serde_json::from_slice(&text)?;
                facts["url"].as_str().unwrap_or_default().clone_into(&mut server.url);
                return Ok(server);
            }
            if begun.elapsed() > START || server.child.try_wait()?.is_some() {
                let log = fs::read_to_string(dir.join("server.log"))?;
                return Err(format!("oneloop serve did not become ready:\n{log}").into());
            }
            sleep(LOOK);
        }
    }

    /// What is resident of it now, in MiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        resident(self.child.id(), "VmRSS:")
    }

    /// The most that was resident so far, in MiB.
    pub(crate) fn peak(&self) -> Result<f64> {
        resident(self.child.id(), "VmHWM:")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}
