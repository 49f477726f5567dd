//! Refusals at the migration gate in the audit log.
//!
//! Whoever is refused may knock as often as they like, and each line of the audit log is kept for ever: so the same
//! SDK key, from the same address, refused for the same reason is one line a minute.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::actor::Actor;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::migration_window::GateRefusal;

/// How long one line stands for all that are like it.
const SPAN: Duration = Duration::from_secs(60);

/// Kinds of refusal that are remembered.
const REMEMBERED: usize = 10_000;

/// Who was refused, from where, and why.
type Kind = (String, Option<IpAddr>, GateRefusal);

/// Who was refused lately, and since when that is written.
#[derive(Debug, Default)]
pub(crate) struct Knocks(Mutex<HashMap<Kind, Instant>>);

impl Knocks {
    /// Whether this refusal is a line of its own.
    fn is_new(&self, who: String, address: Option<IpAddr>, why: GateRefusal) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, since| since.elapsed() < SPAN);
        }
        if known.len() >= REMEMBERED {
            // More addresses in a minute than anybody has: what is lost is in the log of the gate all the same.
            return false;
        }
        let since = known.get(&(who.clone(), address, why));
        if since.is_some_and(|since| since.elapsed() < SPAN) {
            return false;
        }
        known.insert((who, address, why), Instant::now());
        true
    }
}

impl Engine {
    /// Writes down that somebody with a valid SDK key was refused at the migration gate, unless the same was written
    /// within the last minute.
    pub async fn audit_gate_refusal(
        &self,
        actor: &Actor,
        why: GateRefusal,
    ) -> Result<(), EngineError> {
        let team = actor.acting_team()?;
        if !self.knocks().is_new(actor.who.to_string(), actor.address, why) {
            return Ok(());
        }
        let turn = self.turn().await?;
        let detail = json!({ "why": why.as_str() });
        let audit = turn.audit(actor, team.bits(), "migration_gate.refused", team, detail);
        turn.commit(&[audit], Vec::new()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_is_one_line_a_minute_and_memory_is_bounded() {
        let knocks = Knocks::default();
        let address = |last: u32| Some(IpAddr::from(last.to_be_bytes()));
        let new = |who: &str, last, why| knocks.is_new(who.to_owned(), address(last), why);
        assert!(new("sk_1", 1, GateRefusal::Address));
        assert!(!new("sk_1", 1, GateRefusal::Address));
        assert!(new("sk_1", 2, GateRefusal::Address) && new("sk_2", 1, GateRefusal::Address));
        assert!(new("sk_1", 1, GateRefusal::Right));
        for last in 0..20_000 {
            new("sk_3", last, GateRefusal::Closed);
        }
        assert_eq!(knocks.0.lock().expect("not poisoned").len(), REMEMBERED);
    }
}
