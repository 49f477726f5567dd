//! What this process holds in memory, as Linux counts it (proc(5), `status`).

use std::fs::read_to_string;

use crate::Result;

/// Resident memory now, in KiB.
pub(crate) fn resident() -> Result<u64> {
    field("VmRSS:")
}

/// The most that was resident so far, in KiB.
pub(crate) fn peak() -> Result<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> Result<u64> {
    let status = read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .ok_or("no such line in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
