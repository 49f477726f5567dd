//! The migration gate: closed unless an operator opened a window, and it shuts itself (decisions, "the
//! gate").

use std::net::IpAddr;

use ipnet::IpNet;
use oneloop_protocol::{FieldError, Reason, TeamId, UnixMillis, limits};
use serde_json::json;

use crate::actor::Actor;
use crate::address;
use crate::engine::{Engine, team_bits};
use crate::error::EngineError;
use crate::store::MigrationWindowRow;
use crate::teams::known_team;

/// The longest a window may be: 31 days, in milliseconds. One that is forgotten must not stay open.
const LONGEST: i64 = 31 * 24 * 60 * 60 * 1_000;

/// From where and when a team may bring keys along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationWindow {
    /// The addresses it is open for; at least one.
    pub sources: Vec<IpNet>,
    /// The first moment it is open.
    pub opens_at: UnixMillis,
    /// The first moment it is closed again; at most 31 days later.
    pub closes_at: UnixMillis,
}

/// Whether a migration request may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// No window is open: the endpoint does not exist (404).
    Closed,
    /// A window is open, but not for this address (403).
    AddressRefused,
    /// Open.
    Open,
}

/// Which of the gate's three conditions was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GateRefusal {
    /// No window is open now.
    Closed,
    /// The SDK key lacks the right.
    Right,
    /// The address is in none of the window's networks, or cannot be known.
    Address,
}

impl GateRefusal {
    /// Its word in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Right => "right",
            Self::Address => "address",
        }
    }
}

impl MigrationWindow {
    /// Checks that it names a source, ends after it begins, has not ended by `now`, and is not too long.
    fn check(&self, now: UnixMillis) -> Result<(), FieldError> {
        let refuse =
            |field: &str, reason, message: &str| Err(FieldError::new(field, reason, message));
        if self.sources.is_empty() {
            return refuse("sources", Reason::MissingField, "the window needs a source address");
        }
        if self.sources.len() > limits::ALLOWED_IPS {
            let message = format!("the window has more than {} sources", limits::ALLOWED_IPS);
            return refuse("sources", Reason::TooManyAddresses, &message);
        }
        limits::check_millis("opensAt", self.opens_at)?;
        limits::check_millis("closesAt", self.closes_at)?;
        if self.closes_at <= self.opens_at {
            return refuse("closesAt", Reason::OutOfRange, "the window closes before it opens");
        }
        if self.closes_at <= now {
            return refuse("closesAt", Reason::OutOfRange, "the window would be over already");
        }
        if self.closes_at - self.opens_at > LONGEST {
            return refuse("closesAt", Reason::OutOfRange, "the window is longer than 31 days");
        }
        Ok(())
    }

    /// Whether a request from `address` may pass at `now`. Half-open: the opening moment is inside, the
    /// closing moment is not.
    fn gate(&self, now: UnixMillis, address: IpAddr) -> Gate {
        if !(self.opens_at..self.closes_at).contains(&now) {
            Gate::Closed
        } else if address::listed(&self.sources, address) {
            Gate::Open
        } else {
            Gate::AddressRefused
        }
    }
}

impl Engine {
    /// Whether a migration request from `address` may pass now.
    pub async fn migration_gate(
        &self,
        team: &TeamId,
        address: IpAddr,
    ) -> Result<Gate, EngineError> {
        let window = self.snapshot().await?.migration_window(team_bits(team)?).await?;
        let now = self.now();
        Ok(window.map_or(Gate::Closed, |row| on_wire(row).gate(now, address)))
    }

    /// Opens a window for a team, in place of the one it may have.
    pub async fn open_migration_window(
        &self,
        actor: &Actor,
        team: &TeamId,
        window: &MigrationWindow,
    ) -> Result<MigrationWindow, EngineError> {
        window.check(self.now())?;
        let mut turn = self.turn().await?;
        let row = MigrationWindowRow {
            team: known_team(turn.store.as_mut(), team).await?.id,
            sources: window.sources.iter().copied().map(address::normalised_block).collect(),
            opens_at: window.opens_at,
            closes_at: window.closes_at,
        };
        turn.store.put_migration_window(&row).await?;
        let sources: Vec<_> = row.sources.iter().map(ToString::to_string).collect();
        let detail =
            json!({ "sources": sources, "opensAt": row.opens_at, "closesAt": row.closes_at });
        let audit = turn.audit(actor, Some(row.team), "migration_window.opened", team, detail);
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(team.id = %team, "Opened the migration window of team `{team}`");
        Ok(on_wire(row))
    }

    /// A team's window, whether or not it is open right now.
    pub async fn migration_window(
        &self,
        team: &TeamId,
    ) -> Result<Option<MigrationWindow>, EngineError> {
        let mut store = self.snapshot().await?;
        let team = known_team(store.as_mut(), team).await?.id;
        Ok(store.migration_window(team).await?.map(on_wire))
    }

    /// Closes a team's window. `false` if there was none.
    pub async fn close_migration_window(
        &self,
        actor: &Actor,
        team: &TeamId,
    ) -> Result<bool, EngineError> {
        let mut turn = self.turn().await?;
        let bits = known_team(turn.store.as_mut(), team).await?.id;
        if !turn.store.delete_migration_window(bits).await? {
            return Ok(false);
        }
        let audit = turn.audit(actor, Some(bits), "migration_window.closed", team, json!({}));
        turn.commit(&[audit], Vec::new()).await?;
        tracing::info!(team.id = %team, "Closed the migration window of team `{team}`");
        Ok(true)
    }
}

fn on_wire(row: MigrationWindowRow) -> MigrationWindow {
    let MigrationWindowRow { sources, opens_at, closes_at, .. } = row;
    MigrationWindow { sources, opens_at, closes_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn window(opens_at: UnixMillis, closes_at: UnixMillis) -> MigrationWindow {
        let sources = vec!["203.0.113.0/24".parse().expect("a block")];
        MigrationWindow { sources, opens_at, closes_at }
    }

    #[test]
    fn the_edges_are_half_open() {
        let window = window(1_000, 2_000);
        let inside = "203.0.113.7".parse().expect("an address");
        let gates = [999, 1_000, 1_999, 2_000].map(|now| window.gate(now, inside));
        assert_eq!(gates, [Gate::Closed, Gate::Open, Gate::Open, Gate::Closed]);
    }

    #[test]
    fn only_the_listed_addresses_pass_and_a_closed_gate_says_nothing_about_them() {
        let window = window(1_000, 2_000);
        let gate = |now, address: &str| window.gate(now, address.parse().expect("an address"));
        assert_eq!(gate(1_500, "203.0.114.1"), Gate::AddressRefused);
        assert_eq!(gate(1_500, "::ffff:203.0.113.1"), Gate::Open);
        assert_eq!(gate(1_500, "2001:db8::1"), Gate::AddressRefused);
        assert_eq!(gate(2_500, "203.0.114.1"), Gate::Closed);
    }

    #[test]
    fn a_window_must_make_sense() {
        let refused = |window: MigrationWindow| {
            window.check(1_000).map_err(|error| (error.field.into_owned(), error.reason))
        };
        assert_eq!(refused(window(1, 1 + 31 * DAY)), Ok(()));
        assert_eq!(refused(window(1_000, 1_001)), Ok(()));
        let closes = |reason| Err(("closesAt".to_owned(), reason));
        assert_eq!(refused(window(1, 2 + 31 * DAY)), closes(Reason::OutOfRange));
        assert_eq!(refused(window(2_000, 2_000)), closes(Reason::OutOfRange));
        assert_eq!(refused(window(1, 1_000)), closes(Reason::OutOfRange));
        let nowhere = MigrationWindow { sources: Vec::new(), ..window(1_000, 2_000) };
        assert_eq!(refused(nowhere), Err(("sources".to_owned(), Reason::MissingField)));
    }
}
