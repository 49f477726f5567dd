//! better-auth, measured by a script of its own.

use std::path::Path;
use std::process::Command;

use crate::Result;

/// What the script said.
pub(crate) struct Peer {
    pub(crate) line: String,
    /// Verifications a second.
    pub(crate) rate: f64,
    /// Microseconds of CPU time each.
    pub(crate) cost: f64,
}

/// Runs the script on one CPU.
pub(crate) fn measure(cpu: &str) -> Result<Peer> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/bench/better-auth.mjs");
    let output = Command::new("taskset").args(["-c", cpu, "node"]).arg(script).output()?;
    let line = String::from_utf8(output.stdout)?.trim().to_owned();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    // "better-auth, in process, 1000 keys: 59 verifications/s, 2956 µs of CPU each"
    let word_before = |unit: &str| {
        let (before, _) = line.split_once(unit)?;
        before.rsplit(' ').next()?.parse::<f64>().ok()
    };
    let (rate, cost) = word_before(" verifications/s")
        .zip(word_before(" µs of CPU"))
        .ok_or_else(|| format!("the peer's line has no numbers: {line}"))?;
    Ok(Peer { line, rate, cost })
}
