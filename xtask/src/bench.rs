//! The benchmarks, one after the other, and their ratios once more at the end.

use crate::{command, report};

/// The packages with benchmarks. Each prints its ratios as lines that start with `ratio`.
const PACKAGES: [&str; 3] = ["oneloop-engine", "oneloop", "oneloop-import"];

/// Runs `cargo bench` on each package and repeats the lines that state a ratio.
///
/// # Errors
///
/// If a benchmark fails, which includes missing its own target.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut ratios = Vec::new();
    for package in PACKAGES {
        let mut bench = command::cargo();
        let output =
            command::output(bench.args(["bench", "--locked", "--bench=*", "--package", package]))?;
        report::line(&output);
        let lines = output.lines().filter(|line| line.starts_with("ratio"));
        ratios.extend(lines.map(|line| format!("{package}: {line}")));
    }
    report::line("ratios of this run");
    for ratio in ratios {
        report::line(format!("  {ratio}"));
    }
    Ok(())
}
