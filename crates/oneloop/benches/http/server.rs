//! A server under measurement: a process of its own, alone on its CPU.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::{Result, SERVER_CPU};

/// Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// The real binary, as it is shipped, on the database in `dir`.
    pub(crate) fn oneloop(dir: &Path) -> Result<Self> {
        let ready = dir.join("ready.json");
        let child = pinned(env!("CARGO_BIN_EXE_oneloop"))
            .args(["serve", "--listen", "127.0.0.1:0", "--ready-file", "ready.json"])
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        for _ in 0..6_000 {
            if let Ok(text) = fs::read(&ready) {
                let facts: serde_json::Value = serde_json::from_slice(&text)?;
                let url = facts["url"].as_str().unwrap_or_default();
                let address = url.strip_prefix("http://").unwrap_or_default().parse()?;
                fs::remove_file(&ready)?;
                return Ok(Self { child, address });
            }
            sleep(Duration::from_millis(10));
        }
        Err("oneloop serve did not become ready".into())
    }

    /// The yardstick.
    pub(crate) fn hello(dir: &Path) -> Result<Self> {
        let program = std::env::current_exe()?;
        let mut child = pinned(&program.to_string_lossy())
            .arg("--hello")
            .current_dir(dir)
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse()? })
    }

    /// The CPU time that the server's threads have used so far, to the nanosecond: the first field of
    /// `schedstat` (the kernel's Documentation/scheduler/sched-stats.rst). `stat` counts whole hundredths of a second.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let mut used = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let stat = fs::read_to_string(thread?.path().join("schedstat"))?;
            used += stat.split(' ').next().ok_or("a short schedstat")?.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(used))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// `taskset` becomes the program itself (exec), so the child's id is the server's.
fn pinned(program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CPU, program]);
    command
}
