//! `oneloop migrate report` and `verify-report`: what a server attests about a job, and whether it really did.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use oneloop_import::apply::report::verify;
use oneloop_protocol::migration::{MigrationReport, SignedReport};
use serde_json::json;

use super::numbers::grouped;
use super::server::of_client;
use super::status::{self, JobArgs};
use crate::admin::Answer;
use crate::failure::{Failure, Outcome};
use crate::moment::describe_iso;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Write the signed report to this file
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyReportArgs {
    /// The file that `report --output` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The server's public key, as `report` showed it; without it any server may have signed
    // One key in sixty-four begins with a hyphen.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    public_key: Option<String>,
}

pub(super) async fn run(args: ReportArgs, answer: Answer) -> Outcome {
    let client = args.job.server.client()?;
    let job = args.job.find(&client).await?;
    let signed = client.report(&job.id).await.map_err(of_client)?;
    if let Some(path) = &args.output {
        let text = serde_json::to_string_pretty(&signed)
            .map_err(|error| Failure::ours("cannot write the report").because(&error))?;
        fs::write(path, text + "\n").map_err(|error| {
            Failure::user(format!("cannot write `{}`", path.display())).because(&error)
        })?;
    }
    if answer == Answer::Json {
        return output::json(&signed);
    }
    show(&signed.report)?;
    output::data(&format!("Signed with    {}", signed.public_key.x))?;
    match &args.output {
        Some(path) => output::hint(&format!(
            "anybody can check it offline: `oneloop migrate verify-report {} --public-key {}`",
            path.display(),
            signed.public_key.x
        )),
        None => output::hint("--output PATH keeps it with its signature"),
    }
    Ok(())
}

fn show(report: &MigrationReport) -> Outcome {
    status::one(&report.migration, Answer::People)?;
    output::data("")?;
    match &report.comparison {
        None => output::data("The source was not held against it since it last changed.")?,
        Some(sides) => {
            let (source, target) = (&sides.source, &sides.target);
            output::table(
                ["", "KEYS", "DIGEST"],
                &[
                    ["source".to_owned(), grouped(source.rows), source.digest.to_string()],
                    ["server".to_owned(), grouped(target.keys), target.digest.to_string()],
                ],
            )?;
        }
    }
    let verdict = if report.reconciled { "yes: every key is as in the source" } else { "no" };
    output::data("")?;
    output::data(&format!("Reconciled     {verdict}"))?;
    output::data(&format!("Written        {}", describe_iso(&report.at)))
}

pub(super) fn verify_report(args: &VerifyReportArgs, answer: Answer) -> Outcome {
    let path = args.file.display();
    let text = fs::read_to_string(&args.file)
        .map_err(|error| Failure::user(format!("cannot read `{path}`")).because(&error))?;
    let signed: SignedReport = serde_json::from_str(&text).map_err(|_| {
        Failure::user(format!("`{path}` is no report"))
            .hint("`oneloop migrate report --output PATH` writes one")
    })?;
    let report = verify(&signed, args.public_key.as_deref())
        .map_err(|error| Failure::user(format!("`{path}` is not to be believed: {error}")))?;
    if answer == Answer::Json {
        return output::json(&json!({
            "genuine": true,
            "publicKey": signed.public_key.x,
            "pinned": args.public_key.is_some(),
            "report": report,
        }));
    }
    show(&report)?;
    output::data(&format!("Signed with    {}", signed.public_key.x))?;
    match args.public_key {
        Some(_) => output::talk("Genuine: signed with the expected key, and not changed since."),
        None => output::warning(
            "not changed since it was signed; whose key that is, only --public-key can tell",
        ),
    }
    Ok(())
}
