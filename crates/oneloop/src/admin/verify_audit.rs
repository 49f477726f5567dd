//! `oneloop admin verify-audit`.

use clap::Args;
use oneloop_engine::{AuditHead, AuditState, Engine};
use serde_json::json;

use super::Answer;
use crate::failure::{Failure, Outcome};
use crate::{engine as service, output};

#[derive(Debug, Args)]
pub(crate) struct VerifyAuditArgs {
    /// The head that an earlier look printed, kept elsewhere: does the log still go on from there?
    #[arg(long, value_name = "NUMBER:DIGITS")]
    head: Option<AuditHead>,
}

pub(super) async fn run(engine: &Engine, args: &VerifyAuditArgs, answer: Answer) -> Outcome {
    let state = engine.verify_audit(args.head).await.map_err(service::refused)?;
    match state {
        AuditState::Intact(head) if answer == Answer::Json => {
            let (lines, head) = (head.seq, head.to_string());
            output::json(&json!({ "audit": { "intact": true, "lines": lines, "head": head } }))
        }
        AuditState::Intact(head) => {
            output::talk(&format!(
                "The audit log is intact: {} lines. Its head follows: keep it elsewhere, and give it to the next look \
                 with `--head`.",
                head.seq
            ));
            output::data(&head.to_string())
        }
        AuditState::Broken(broken) => {
            if answer == Answer::Json {
                let (line, reason) = (broken.seq(), broken.to_string());
                let found = json!({ "intact": false, "line": line, "reason": reason });
                output::json(&json!({ "audit": found }))?;
            }
            Err(Failure::user(format!("the audit log is not what was written: {broken}"))
                .hint("compare it with a backup from before, and keep both"))
        }
    }
}
