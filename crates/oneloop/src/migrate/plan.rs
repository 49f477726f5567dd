//! `oneloop migrate plan`: what would be done with every row, and why. Writes nothing but the files it is asked for.

mod on_server;
mod problems;
mod report;

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::{Code, RowPlan, Summary};
use oneloop_migrate::source::Row;

use self::on_server::OnServer;
use self::problems::Problems;
use self::report::Report;
use super::mapping_file::MappingFile;
use super::numbers::grouped;
use super::planned::{Planned, Reading, Sink, proof};
use super::server::SdkKeyArgs;
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The mapping file
    #[arg(default_value = "migration.toml")]
    mapping: PathBuf,
    /// Plan without a proof of the recipe; the name of who answers for that stands in the plan
    #[arg(long, value_name = "NAME")]
    waive_proof: Option<String>,
    /// Write a line of JSON for each row that is not simply created: number, line, id, code, detail, notes
    #[arg(long, value_name = "PATH")]
    problems: Option<PathBuf>,
    /// Write the plan, as --json prints it, to this file
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Also say what this server lacks: scopes that `apply` would create, and a job of the same plan
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    #[command(flatten)]
    sdk_key: SdkKeyArgs,
    /// Read at most so many rows of a database in a second [default: as many as come]
    #[arg(long, value_name = "N")]
    rows_per_second: Option<NonZeroU32>,
}

/// Nothing but the rows to look at is kept of a plan.
#[derive(Debug)]
struct Looking(Option<Problems>);

impl Sink for Looking {
    fn row(&mut self, _: &Row, plan: &RowPlan, _: &Mapping) -> Outcome {
        self.0.as_mut().map_or(Ok(()), |problems| problems.note(plan))
    }
}

pub(super) async fn run(args: PlanArgs, answer: Answer) -> Outcome {
    let mapping = MappingFile::read(&args.mapping)?.mapping;
    let proof = proof(&mapping, args.waive_proof.as_deref())?;
    // An address or a key that cannot be used is said before a million rows are read.
    let client = args.server.as_deref().map(|server| args.sdk_key.client(server)).transpose()?;
    let now = jiff::Timestamp::now().as_millisecond();
    let reading = Reading { mapping, proof, now, rows_per_second: args.rows_per_second };
    let problems = args.problems.as_deref().map(Problems::create).transpose()?;
    let planned = reading.into(Looking(problems)).await?;

    let Planned { mapping, proof, summary, sql, took, sink: Looking(problems) } = planned;
    if let Some(problems) = problems {
        problems.finish()?;
    }
    let on_server = match &client {
        Some(client) => Some(OnServer::look(client, &mapping, &summary).await?),
        None => None,
    };
    let waived_by = proof.waived_by().map(str::to_owned);
    let (mapping, summary) = (&mapping, &summary);
    let report = Report { mapping, summary, sql, waived_by, took, now, on_server };
    if let Some(path) = args.output.as_ref().filter(|_| !report.is_empty()) {
        report.write(path)?;
    }
    match answer {
        Answer::Json => output::json(&report.json())?,
        Answer::People => report.print()?,
    }
    check(summary)?;
    if answer == Answer::People {
        let plan = args
            .output
            .map_or_else(|| summary.digest.to_string(), |path| path.display().to_string());
        output::hint(&format!(
            "next, once it is reviewed: `oneloop migrate apply {} --plan {plan} --server URL`",
            args.mapping.display()
        ));
    }
    Ok(())
}

/// Refuses a plan that needs a decision, or from which no row becomes a key.
pub(super) fn check(summary: &Summary) -> Outcome {
    if !summary.can_apply() {
        return Err(stopped(summary));
    }
    if summary.estimate.writes > 0 {
        return Ok(());
    }
    if summary.rows == 0 {
        return Err(Failure::user("the source has no row"));
    }
    let reason = |(code, rows): (&Code, &u64)| format!("{} ({})", code.as_str(), grouped(*rows));
    let reasons: Vec<String> = summary.outcomes.iter().map(reason).collect();
    Err(Failure::user(format!("no row becomes a key: {}", reasons.join(", ")))
        .hint("`oneloop migrate plan --problems PATH` names each row with its reason"))
}

/// Why a plan cannot be applied.
fn stopped(summary: &Summary) -> Failure {
    let stops: Vec<String> =
        summary.stops().map(|(code, rows)| format!("{} ({rows})", code.as_str())).collect();
    Failure::blocked(format!("the plan cannot be applied: {}", stops.join(", "))).hint(
        "map every permission in [permissions], an empty {} drops one on purpose; --problems PATH names the rows",
    )
}
