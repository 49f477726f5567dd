//! `oneloop admin team`.

use clap::Subcommand;
use oneloop_engine::{Actor, Engine};
use oneloop_protocol::Rights;
use serde_json::json;

use super::Answer;
use super::answers::{IssuedSdkKeyAnswer, TeamAnswer};
use crate::failure::Outcome;
use crate::moment::describe_iso;
use crate::{engine as service, output};

#[derive(Debug, Subcommand)]
pub(crate) enum TeamCommand {
    /// Create a team and its first SDK key
    ///
    /// The SDK key goes to standard output, this once: only a digest of it is kept. It may do
    /// everything; `oneloop admin sdk-key create --rights …` makes narrower ones.
    Create {
        /// What to call it: the company or product whose customers have the keys
        name: String,
    },
    /// List teams
    List,
}

/// What the first SDK key is called. It can be told from later ones, which are named by a person.
const FIRST_KEY: &str = "first";

pub(super) async fn run(engine: &Engine, command: TeamCommand, answer: Answer) -> Outcome {
    match command {
        TeamCommand::Create { name } => create(engine, &name, answer).await,
        TeamCommand::List => list(engine, answer).await,
    }
}

async fn create(engine: &Engine, name: &str, answer: Answer) -> Outcome {
    let actor = Actor::operator();
    let team = engine.create_team(&actor, name).await.map_err(service::refused)?;
    let issued = engine
        .create_sdk_key(&actor, &team.id, FIRST_KEY, Rights::ALL)
        .await
        .map_err(service::refused)?;
    if answer == Answer::Json {
        let (team, sdk_key) = (TeamAnswer::from(team), IssuedSdkKeyAnswer::from(issued));
        return output::json(&json!({ "team": team, "sdkKey": sdk_key }));
    }
    output::talk(&format!("Created team {} with the id {}.", output::strong(&team.name), team.id));
    output::talk(
        "Its SDK key follows. It is shown this once and may do everything: keep it on your servers.",
    );
    output::data(issued.key.expose())
}

async fn list(engine: &Engine, answer: Answer) -> Outcome {
    let teams = engine.list_teams().await.map_err(service::refused)?;
    let teams: Vec<_> = teams.into_iter().map(TeamAnswer::from).collect();
    if answer == Answer::Json {
        return output::json(&json!({ "teams": teams }));
    }
    if teams.is_empty() {
        output::talk("No teams yet.");
        output::hint("`oneloop admin team create NAME` makes one and its first SDK key");
    }
    let rows: Vec<_> = teams
        .into_iter()
        .map(|team| [team.id.to_string(), team.name, describe_iso(&team.created_at)])
        .collect();
    output::table(["ID", "NAME", "CREATED"], &rows)
}
