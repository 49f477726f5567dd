//! What a server has of a plan before it is applied.

use oneloop_import::apply::client::Client;
use oneloop_migrate::mapping::Mapping;
use oneloop_migrate::plan::Summary;
use oneloop_protocol::migration::{Hex32, Migration, MigrationState};
use serde::Serialize;

use super::super::apply::missing_scopes;
use super::super::server::of_client;
use crate::failure::Outcome;
use crate::output;

/// What was found there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnServer {
    /// Scopes that the mapping grants and the workspace does not define: `apply` creates them.
    scopes_missing: Vec<String>,
    /// The job of the same plan, if it was begun.
    migration: Option<Migration>,
    /// Whether the gate let us look for one.
    gate_open: bool,
}

impl OnServer {
    /// Looks, and changes nothing.
    pub(super) async fn look(
        client: &Client,
        mapping: &Mapping,
        summary: &Summary,
    ) -> Outcome<Self> {
        let scopes_missing = missing_scopes(client, mapping).await?;
        let digest = Hex32::from(summary.digest);
        let same = |job: &Migration| {
            job.plan_digest == digest
                && job.workspace_id == mapping.target.workspace
                && job.state != MigrationState::RolledBack
        };
        match client.jobs().await {
            Ok(jobs) => {
                let migration = jobs.into_iter().find(same);
                Ok(Self { scopes_missing, migration, gate_open: true })
            }
            // A plan is made before the gate is opened, as a rule.
            Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => {
                Ok(Self { scopes_missing, migration: None, gate_open: false })
            }
            Err(error) => Err(of_client(error)),
        }
    }

    /// For people.
    pub(super) fn print(&self) -> Outcome {
        match self.scopes_missing.as_slice() {
            [] => output::data("Every scope that it grants is there already.")?,
            missing => output::data(&format!("Scopes to create: {}", missing.join(", ")))?,
        }
        match (&self.migration, self.gate_open) {
            (Some(job), _) => output::data(&format!(
                "The same plan is job {} there, which is {}: `apply` goes on with it.",
                job.id, job.state
            )),
            (None, true) => output::data("It was not applied there yet."),
            (None, false) => {
                output::talk(
                    "The migration gate is closed: whether it was applied there is not known.",
                );
                Ok(())
            }
        }
    }
}
