//! Teams: the accounts that own everything else.

use oneloop_protocol::{IsoTime, Reason, TeamId, limits};
use serde_json::json;

use crate::actor::Actor;
use crate::engine::{Engine, team_bits};
use crate::error::EngineError;
use crate::store::{Read, TeamRow};
use crate::time::iso;

/// The account that owns workspaces and SDK keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: IsoTime,
}

impl Engine {
    /// Creates a team. Names need not be unique.
    pub async fn create_team(&self, actor: &Actor, name: &str) -> Result<Team, EngineError> {
        limits::check_name("name", name)?;
        let mut turn = self.turn().await?;
        let now = self.now();
        let row = TeamRow { id: self.fresh_id(now), name: name.to_owned(), created_at: now };
        turn.store.insert_team(&row).await?;
        let team = on_wire(row);
        let bits = team_bits(&team.id)?;
        let audit =
            turn.audit(actor, Some(bits), "team.created", &team.id, json!({ "name": name }));
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(team.id = %team.id, "Created team `{}`", team.id);
        Ok(team)
    }

    /// All teams, oldest first.
    pub async fn list_teams(&self) -> Result<Vec<Team>, EngineError> {
        let rows = self.snapshot().await?.teams().await?;
        Ok(rows.into_iter().map(on_wire).collect())
    }
}

/// The team behind an id, or the refusal.
pub(crate) async fn known_team(store: &mut dyn Read, id: &TeamId) -> Result<TeamRow, EngineError> {
    store.team(team_bits(id)?).await?.ok_or(EngineError::NotFound(Reason::UnknownTeam))
}

fn on_wire(row: TeamRow) -> Team {
    Team { id: TeamId::from_bits(row.id), name: row.name, created_at: iso(row.created_at) }
}
