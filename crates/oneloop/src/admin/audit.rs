//! `oneloop admin audit`.

use clap::Args;
use oneloop_engine::{AuditEntry, Engine};
use oneloop_protocol::TeamId;
use serde_json::json;

use super::Answer;
use super::answers::AuditAnswer;
use crate::failure::Outcome;
use crate::moment::describe;
use crate::{engine as service, output};

#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only what concerns this team
    #[arg(long, value_name = "ID")]
    team: Option<TeamId>,
    /// How many entries to show
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

pub(super) async fn run(engine: &Engine, args: &AuditArgs, answer: Answer) -> Outcome {
    let entries =
        engine.list_audit(args.team.as_ref(), args.limit).await.map_err(service::refused)?;
    if answer == Answer::Json {
        let entries: Vec<_> = entries.into_iter().map(AuditAnswer::from).collect();
        return output::json(&json!({ "audit": entries }));
    }
    if entries.is_empty() {
        output::talk("Nothing has been recorded yet.");
    }
    let rows: Vec<_> = entries.into_iter().map(row).collect();
    output::table(["WHEN", "WHO", "ACTION", "SUBJECT", "FROM"], &rows)
}

fn row(entry: AuditEntry) -> [String; 5] {
    let address = entry.address.map(|address| address.to_string()).unwrap_or_default();
    [describe(entry.at), entry.who.to_string(), entry.action, entry.subject, address]
}
