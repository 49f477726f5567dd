//! `oneloop admin jwt-key`.

use clap::Subcommand;
use oneloop_engine::{Actor, Engine};
use oneloop_protocol::TeamId;
use serde_json::json;

use super::Answer;
use crate::failure::Outcome;
use crate::{engine as service, output};

#[derive(Debug, Subcommand)]
pub(crate) enum JwtKeyCommand {
    /// Make a new key pair; tokens of the former one work until they expire
    Rotate {
        /// Whose key pair
        #[arg(long, value_name = "ID")]
        team: TeamId,
        /// Refuse the tokens of all former key pairs at once: for a key that leaked
        #[arg(long)]
        revoke_old: bool,
    },
}

pub(super) async fn run(engine: &Engine, command: JwtKeyCommand, answer: Answer) -> Outcome {
    let JwtKeyCommand::Rotate { team, revoke_old } = command;
    let actor = Actor { team: Some(team), ..Actor::operator() };
    let kid = engine.rotate_signing_key(&actor, revoke_old).await.map_err(service::refused)?;
    if answer == Answer::Json {
        return output::json(&json!({ "kid": kid }));
    }
    output::talk(&format!("New tokens are signed with the key {}.", output::strong(kid.as_str())));
    output::talk(if revoke_old {
        "Tokens of former keys are refused from now on."
    } else {
        "Tokens of the former key work until they expire; --revoke-old refuses them at once."
    });
    Ok(())
}
