//! The benchmarks, one after the other, and their ratios once more at the end.

use anyhow::{bail, ensure};

use crate::{command, report};

/// The packages with benchmarks, and their names. Each prints its ratios as lines that start with `ratio`.
const BENCHMARKS: [(&str, &str); 6] = [
    ("oneloop-engine", "verify"),
    ("oneloop-engine", "creates"),
    ("oneloop-engine", "recipes"),
    ("oneloop", "http"),
    ("oneloop-import", "plan"),
    ("oneloop", "migrate"),
];

/// The widget in Chromium, beside the published React one. Only by its name: it needs a release `dist/` and a browser.
const WIDGET: &str = "widget";

/// What `service` stands for: verification, start, memory, creating keys, and better-auth beside it.
const SERVICE: [&str; 3] = ["verify", "creates", "http"];

/// Runs `cargo bench` on every benchmark, or on the one that is named, which then gets `arguments`, and repeats the lines
/// that state a ratio.
///
/// # Errors
///
/// If there is none of that name, or one fails, which includes missing its own target.
pub(crate) fn run(name: Option<&str>, arguments: &[String]) -> anyhow::Result<()> {
    if name == Some(WIDGET) {
        return command::run(command::node("scripts/bench-widget.mjs").args(arguments));
    }
    let is_chosen = |bench: &str| match name {
        Some("service") => SERVICE.contains(&bench),
        Some(name) => name == bench,
        None => true,
    };
    let chosen: Vec<_> = BENCHMARKS.into_iter().filter(|(_, bench)| is_chosen(bench)).collect();
    if chosen.is_empty() {
        let names = BENCHMARKS.map(|(_, bench)| bench).join(", ");
        let name = name.unwrap_or_default();
        bail!(
            "there is no benchmark `{name}`; there are {names}, {WIDGET}, and service for several"
        );
    }
    let (mut ratios, mut missed) = (Vec::new(), Vec::new());
    for (package, bench) in chosen {
        // Whoever creates keys needs a PostgreSQL whose commits are on the disk; the others do not mind one.
        let postgres = if bench == "creates" { "durable-postgres" } else { "postgres" };
        let mut node = command::node("scripts/with-databases.mjs");
        node.args([postgres, "--", "cargo", "bench", "--locked", "--package", package]);
        node.args(["--bench", bench, "--"]).args(arguments).env("ONELOOP_BENCH_PEER", "1");
        let (output, ended) = command::output_and_end(&mut node)?;
        report::line(&output);
        // The others run all the same: one promise that is broken says nothing about theirs.
        missed.extend(ended.err().map(|error| error.to_string()));
        let lines = output.lines().filter(|line| line.starts_with("ratio"));
        ratios.extend(lines.map(|line| format!("{bench}: {line}")));
    }
    report::line("ratios of this run");
    for ratio in ratios {
        report::line(format!("  {ratio}"));
    }
    ensure!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cargo_metadata::{MetadataCommand, TargetKind};

    use super::*;

    #[test]
    fn every_benchmark_of_the_workspace_is_run() {
        let metadata = MetadataCommand::new().no_deps().exec().expect("cargo metadata");
        let targets = metadata.packages.iter().flat_map(|package| {
            let benches =
                package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench));
            benches.map(|target| (package.name.to_string(), target.name.clone()))
        });
        let known = BENCHMARKS.map(|(package, bench)| (package.to_owned(), bench.to_owned()));
        assert_eq!(targets.collect::<BTreeSet<_>>(), BTreeSet::from(known));
    }
}
