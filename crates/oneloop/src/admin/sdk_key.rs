//! `oneloop admin sdk-key`.

use clap::Subcommand;
use oneloop_engine::{Actor, Engine};
use oneloop_protocol::{SdkKeyId, TeamId};
use serde_json::json;

use super::Answer;
use super::answers::{IssuedSdkKeyAnswer, SdkKeyAnswer};
use super::rights::{RightsText, describe};
use crate::failure::Outcome;
use crate::{engine as service, output};

#[derive(Debug, Subcommand)]
pub(crate) enum SdkKeyCommand {
    /// Create an SDK key; it goes to standard output, this once
    Create {
        /// The team that it acts for
        #[arg(long, value_name = "ID")]
        team: TeamId,
        /// What to call it: the server or the person that will hold it
        #[arg(long)]
        name: String,
        /// What it may do: `all`, or a list such as workspace:read,api_keys:create+read
        ///
        /// Resources: workspace, workspace_scopes, api_keys, migration. Access: create, read, update,
        /// delete, all. Verifying keys needs api_keys:read; making link tokens api_keys:create.
        #[arg(long, default_value = "all", value_name = "RIGHTS")]
        rights: RightsText,
    },
    /// List the SDK keys that are not revoked, newest last
    List {
        /// Only this team's
        #[arg(long, value_name = "ID")]
        team: Option<TeamId>,
        /// Revoked ones too
        #[arg(long)]
        all: bool,
    },
    /// Switch an SDK key off until it is enabled again; servers refuse it within a second
    Disable {
        /// Its id, as `list` shows it
        id: SdkKeyId,
    },
    /// Switch a disabled SDK key on again, with the rights that it had
    Enable {
        /// Its id, as `list` shows it
        id: SdkKeyId,
    },
    /// Revoke an SDK key for good; servers refuse it within a second
    Revoke {
        /// Its id, as `list` shows it
        id: SdkKeyId,
    },
}

pub(super) async fn run(engine: &Engine, command: SdkKeyCommand, answer: Answer) -> Outcome {
    match command {
        SdkKeyCommand::Create { team, name, rights } => {
            create(engine, &team, &name, rights, answer).await
        }
        SdkKeyCommand::List { team, all } => list(engine, team.as_ref(), all, answer).await,
        SdkKeyCommand::Disable { id } => enable(engine, &id, false, answer).await,
        SdkKeyCommand::Enable { id } => enable(engine, &id, true, answer).await,
        SdkKeyCommand::Revoke { id } => revoke(engine, &id, answer).await,
    }
}

async fn create(
    engine: &Engine,
    team: &TeamId,
    name: &str,
    rights: RightsText,
    answer: Answer,
) -> Outcome {
    let issued = engine
        .create_sdk_key(&Actor::operator(), team, name, rights.0)
        .await
        .map_err(service::refused)?;
    if answer == Answer::Json {
        return output::json(&json!({ "sdkKey": IssuedSdkKeyAnswer::from(issued) }));
    }
    let (name, id) = (output::strong(&issued.sdk_key.name), &issued.sdk_key.id);
    output::talk(&format!("Created SDK key {name} with the id {id}."));
    output::talk(
        "It follows, and is shown this once: keep it on your servers, never in a browser.",
    );
    output::data(issued.key.expose())
}

async fn list(engine: &Engine, team: Option<&TeamId>, all: bool, answer: Answer) -> Outcome {
    let keys = engine.list_sdk_keys(team).await.map_err(service::refused)?;
    let keys: Vec<_> = keys.into_iter().filter(|key| all || !key.deleted).collect();
    if answer == Answer::Json {
        let keys: Vec<_> = keys.into_iter().map(SdkKeyAnswer::from).collect();
        return output::json(&json!({ "sdkKeys": keys }));
    }
    if keys.is_empty() {
        output::talk("No SDK keys that are not revoked.");
        output::hint("`oneloop admin sdk-key create --team ID --name NAME` makes one");
    }
    let state = |deleted: bool, enabled: bool| match (deleted, enabled) {
        (true, _) => "revoked",
        (false, true) => "active",
        (false, false) => "disabled",
    };
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| {
            [
                key.id.to_string(),
                key.name.clone(),
                key.masked_key.clone(),
                state(key.deleted, key.enabled).to_owned(),
                describe(key.rights),
                key.team_id.to_string(),
            ]
        })
        .collect();
    output::table(["ID", "NAME", "KEY", "STATE", "RIGHTS", "TEAM"], &rows)
}

async fn enable(engine: &Engine, id: &SdkKeyId, enabled: bool, answer: Answer) -> Outcome {
    let operator = Actor::operator();
    let key = engine.enable_sdk_key(&operator, id, enabled).await.map_err(service::refused)?;
    if answer == Answer::Json {
        return output::json(&json!({ "sdkKey": SdkKeyAnswer::from(key) }));
    }
    let name = output::strong(&key.name);
    output::talk(&if enabled {
        format!("Enabled SDK key {name}. Running servers accept it within a second.")
    } else {
        format!("Disabled SDK key {name}. Running servers refuse it within a second.")
    });
    Ok(())
}

async fn revoke(engine: &Engine, id: &SdkKeyId, answer: Answer) -> Outcome {
    let revoked = engine.revoke_sdk_key(&Actor::operator(), id).await.map_err(service::refused)?;
    if answer == Answer::Json {
        return output::json(&json!({ "sdkKey": SdkKeyAnswer::from(revoked) }));
    }
    let name = output::strong(&revoked.name);
    output::talk(&format!("Revoked SDK key {name}. Running servers refuse it within a second."));
    Ok(())
}
