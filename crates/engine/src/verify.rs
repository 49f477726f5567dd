//! Verification: one key in, one verdict out. No I/O and no waiting, unless the key spends credit: that is on disk
//! before the answer leaves. Or has a limit that nodes share, see `verify/shared.rs`.

mod shared;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::verify::{Denied, RateLimitConfig};
use oneloop_protocol::{
    ApiKeyId, Grant, Secret, TeamId, UnixMillis, Verdict, Verification, VerifyRequest,
};

use crate::address;
use crate::caller::SdkKeyHolder;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::grants::Catalogue;
use crate::index::{Match, WorkspaceEntry};
use crate::key_entry::{KeyEntry, PreviousSecret};
use crate::ledger::Charge;
use crate::meters::{self, charge_of};
use crate::rate::{Counted, Reading};
use crate::store::MeterRow;
use crate::tag::Tag;

/// Something that stands against a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    Deleted,
    Disabled,
    Expired,
    Address,
    Scopes,
    Rate,
    Credit,
}

/// The precedence of verdicts (decisions, "verify precedence"): the first row whose obstacle was found is
/// the answer. An unknown key is INVALID before any of these can be asked.
const PRECEDENCE: [(Obstacle, Verdict, Option<Denied>); 7] = [
    (Obstacle::Deleted, Verdict::Deleted, None),
    (Obstacle::Disabled, Verdict::Disabled, None),
    (Obstacle::Expired, Verdict::Expired, None),
    (Obstacle::Address, Verdict::Invalid, Some(Denied::AddressNotAllowed)),
    (Obstacle::Scopes, Verdict::InvalidScopes, None),
    (Obstacle::Rate, Verdict::RateLimited, None),
    (Obstacle::Credit, Verdict::UsageLimited, None),
];

/// The obstacles found, in any order.
#[derive(Clone, Copy, Debug, Default)]
struct Found(u8);

impl Found {
    fn note(&mut self, obstacle: Obstacle, stands: bool) {
        self.0 |= u8::from(stands) << obstacle as u8;
    }

    fn verdict(self) -> (Verdict, Option<Denied>) {
        PRECEDENCE
            .iter()
            .find(|(obstacle, ..)| self.0 & 1 << *obstacle as u8 != 0)
            .map_or((Verdict::Valid, None), |(_, verdict, denied)| (*verdict, *denied))
    }
}

/// All that stands against `request` but its rate and its credit.
fn obstacles(
    key: &KeyEntry,
    workspace: &WorkspaceEntry,
    request: &VerifyRequest,
    now: UnixMillis,
) -> Found {
    let refused = |text: &String| !address::text_listed(&workspace.allowed, text);
    let mut found = Found::default();
    found.note(Obstacle::Deleted, key.deleted);
    found.note(Obstacle::Disabled, !key.enabled);
    found.note(Obstacle::Expired, key.expires_at <= now);
    found.note(Obstacle::Address, request.client_ip.as_ref().is_some_and(refused));
    found.note(Obstacle::Scopes, !granted(key, workspace, &request.requested_scopes));
    found
}

/// Whether the key holds every bit that is asked for. A scope that is asked for with no bit asks for
/// nothing, whether or not it exists.
fn granted(key: &KeyEntry, workspace: &WorkspaceEntry, asked: &[Grant]) -> bool {
    asked.iter().filter(|grant| grant.access().bits() != 0).all(|grant| {
        workspace
            .number(&grant.representation)
            .is_some_and(|number| key.holder.grants().access(number).covers(grant.access()))
    })
}

/// The key that was presented, whether or not it stands in the words of a header.
pub(crate) fn presented(key: &Secret) -> &str {
    let key = key.expose();
    key.strip_prefix("Bearer ").unwrap_or(key)
}

/// What a key looks like that is not there: nothing of any key shows.
fn unknown(request: &VerifyRequest) -> Verification {
    Verification {
        api_key_id: String::new(),
        expires_at: None,
        requested_scopes: request.requested_scopes.clone(),
        status: Verdict::Invalid,
        rate_limit: None,
        metadata: Default::default(),
        billing: None,
        external_meter_id: None,
        customer_id: None,
        scopes: Vec::new(),
        denied: None,
    }
}

/// The limit that a request counts against.
enum Limit<'a> {
    Named(&'a RateLimitConfig),
    OfKey(u32),
    None,
}

fn limit<'a>(request: &'a VerifyRequest, workspace: &WorkspaceEntry) -> Limit<'a> {
    match (&request.rate_limit_config, workspace.rate_limit) {
        (Some(config), _) => Limit::Named(config),
        (None, Some(limit)) => Limit::OfKey(limit.get()),
        (None, None) => Limit::None,
    }
}

/// What was found about a request for a known key.
struct Case {
    team: u128,
    workspace: Arc<WorkspaceEntry>,
    /// The secret that was presented, if it was not the current one.
    previous: Option<Arc<PreviousSecret>>,
    now: UnixMillis,
    found: Found,
    /// Where the rate limit stands.
    reading: Option<Reading>,
}

/// How far a request came without its credit.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the rule, and a box would cost it an allocation"
)]
enum Judged {
    /// There is no such key.
    Unknown,
    /// There is nothing to charge.
    Settled(Verification),
    /// It passed, if the credit is there.
    Spends(Box<Spending>),
    /// It has a limit, and nodes count together.
    Counts(Box<Counting>),
}

/// A request that waits for its rate, with the key as it was when it was judged.
struct Counting {
    case: Case,
    key: KeyEntry,
}

/// A request that waits for its credit, with the key as it was when it was judged.
struct Spending {
    case: Case,
    key: KeyEntry,
    charge: Charge,
}

/// A copy of a key that shares with it what changes with use.
pub(crate) fn shared(key: &KeyEntry) -> KeyEntry {
    key.live();
    key.clone()
}

/// A verification that was begun.
#[allow(
    clippy::large_enum_variant,
    reason = "the large one is the rule, and a box would cost it an allocation"
)]
pub enum Verifying {
    /// It had nothing to wait for: the rule.
    Done(Verification),
    /// It waits: for credit to be on disk, for the change log, or for a key to be tried against stored values.
    Waits(Pin<Box<dyn Future<Output = Result<Verification, EngineError>> + Send>>),
}

impl Engine {
    /// Verifies a key that an end user presented to one of `team`'s services.
    ///
    /// Reads memory only, and never waits, unless the key spends credit: SHA-256 of the key, HMAC with the pepper,
    /// one look-up, one table of verdicts. [`VerifyRequest::check`] is the caller's duty, since only a caller
    /// can refuse.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if credit would have to be charged and the database does not answer, if memory
    /// is too old to answer from, see [`Freshness`](crate::Freshness), or if an unknown key would have to be tried
    /// against stored values of another service and cannot be now.
    pub async fn verify(
        &self,
        team: &TeamId,
        request: &VerifyRequest,
    ) -> Result<Verification, EngineError> {
        let Some(team) = team.bits() else { return Ok(unknown(request)) };
        self.ensure_current().await?;
        let judged = self.judge(team, request);
        self.conclude(team, request, judged).await
    }

    /// Begins a verification for the team behind an SDK key, and ends it too if there is nothing to wait for. The same
    /// as [`Engine::verify`], without a future where none is needed.
    pub fn begin_verify(&self, caller: &SdkKeyHolder, request: VerifyRequest) -> Verifying {
        let team = caller.team;
        let judged = if self.is_current() {
            match self.judge(team, &request) {
                Judged::Settled(verification) => return Verifying::Done(verification),
                Judged::Unknown if !self.recipes().need_rows(team) => {
                    return Verifying::Done(unknown(&request));
                }
                judged => Some(judged),
            }
        } else {
            None
        };
        let engine = self.clone();
        Verifying::Waits(Box::pin(async move {
            let judged = match judged {
                Some(judged) => judged,
                None => {
                    engine.ensure_current().await?;
                    engine.judge(team, &request)
                }
            };
            engine.conclude(team, &request, judged).await
        }))
    }

    /// Does what is left to do after a verdict without credit.
    async fn conclude(
        &self,
        team: u128,
        request: &VerifyRequest,
        mut judged: Judged,
    ) -> Result<Verification, EngineError> {
        // No native key ever takes this branch. Boxed, as below.
        if matches!(judged, Judged::Unknown)
            && let Some(tag) = Box::pin(self.recognise(team, presented(&request.key))).await?
        {
            judged = self.judge_by(team, request, &tag);
        }
        match judged {
            Judged::Unknown => Ok(unknown(request)),
            Judged::Settled(verification) => Ok(verification),
            // Boxed: what few requests need must not weigh on the future of all.
            Judged::Spends(spending) => Box::pin(self.spend(request, *spending)).await,
            Judged::Counts(counting) => Box::pin(self.count_together(request, *counting)).await,
        }
    }

    /// Everything but credit.
    fn judge(&self, team: u128, request: &VerifyRequest) -> Judged {
        let presented = presented(&request.key);
        if presented.is_empty() {
            return Judged::Unknown;
        }
        let tag = Tag::of_key(self.pepper(), team, &KeyDigest::of(presented));
        self.judge_by(team, request, &tag)
    }

    /// The same for the key that is known by `tag`, or else by a recipe.
    fn judge_by(&self, team: u128, request: &VerifyRequest, tag: &Tag) -> Judged {
        let now = self.clock().now();
        let keys = self.index().keys();
        let by_recipe = || self.key_by_recipe(&keys, team, presented(&request.key), now);
        let Some(Match { key, previous }) = keys.find_by(tag, now).or_else(by_recipe) else {
            return Judged::Unknown;
        };
        let Some(workspace) = self.index().workspace(key.workspace) else {
            // Rows are loaded and applied workspace first, so this is a bug: refuse, and say so.
            tracing::error!(key.id = %ApiKeyId::from_bits(key.id), "a key without its workspace");
            return Judged::Unknown;
        };

        let found = obstacles(key, &workspace, request, now);
        let passes = found.verdict().0 == Verdict::Valid;
        if self.shared_buckets().is_some() && !matches!(limit(request, &workspace), Limit::None) {
            let case = Case { team, workspace, previous, now, found, reading: None };
            return Judged::Counts(Box::new(Counting { case, key: shared(key) }));
        }
        let reading = self.count(team, key, &workspace, request, passes);
        self.priced(request, key, Case { team, workspace, previous, now, found, reading })
    }

    /// What the request costs, now that its rate is known.
    fn priced(&self, request: &VerifyRequest, key: &KeyEntry, mut case: Case) -> Judged {
        case.found.note(Obstacle::Rate, case.reading.is_some_and(|reading| !reading.allowed));
        let charge = match case.found.verdict().0 {
            Verdict::Valid => charge_of(case.team, key, request.billing.as_ref(), case.now),
            _ => None,
        };
        match charge {
            None => Judged::Settled(self.settle(request, key, &case, None)),
            Some(charge) => Judged::Spends(Box::new(Spending { case, key: shared(key), charge })),
        }
    }

    /// Charges the credit of a request that passed everything else. If there is none, the rate that it took is given
    /// back: only a request that passes everything consumes anything.
    async fn spend(
        &self,
        request: &VerifyRequest,
        spending: Spending,
    ) -> Result<Verification, EngineError> {
        let Spending { mut case, key, charge } = spending;
        let charged = match self.charge(charge).await {
            Ok(charged) => charged,
            Err(error) => {
                self.put_back(request, &key, &case).await;
                return Err(error);
            }
        };
        if !charged.passed {
            case.found.note(Obstacle::Credit, true);
            self.put_back(request, &key, &case).await;
            case.reading = self.reading_of(request, &key, &case).await;
        }
        Ok(self.settle(request, &key, &case, charged.meter.as_ref()))
    }

    /// Notes the use, and puts the verdict into words.
    fn settle(
        &self,
        request: &VerifyRequest,
        key: &KeyEntry,
        case: &Case,
        meter: Option<&MeterRow>,
    ) -> Verification {
        let Case { workspace, previous, now, found, reading, .. } = case;
        let (status, denied) = found.verdict();
        match (status, request.route.as_deref().unwrap_or_default()) {
            (Verdict::Valid, "") => key.live().count(1),
            (_, route) => self.usage().count(key.id, route, status, *now),
        }
        // After the count: whoever writes the use then finds it.
        if status == Verdict::Valid {
            self.last_used().note(key, previous.as_ref(), *now);
        }

        let extra = key.extra.as_deref();
        Verification {
            api_key_id: ApiKeyId::from_bits(key.id).as_str().to_owned(),
            expires_at: (key.expires_at != UnixMillis::MAX).then_some(key.expires_at),
            requested_scopes: request.requested_scopes.clone(),
            status,
            rate_limit: reading.map(|reading| reading.on_wire(*now)),
            metadata: extra.map(|extra| extra.metadata.clone()).unwrap_or_default(),
            billing: meter.map(meters::on_wire),
            external_meter_id: extra.and_then(|extra| extra.external_meter_id.clone()),
            customer_id: Some(key.holder.customer_id().to_owned()),
            scopes: workspace.unpack(key.holder.grants()),
            denied,
        }
    }

    /// Puts back what the request took from its rate limit.
    fn give_back(&self, request: &VerifyRequest, key: &KeyEntry, case: &Case) {
        match limit(request, &case.workspace) {
            Limit::Named(RateLimitConfig { id, limit }) => {
                self.named_buckets().give_back(case.team, id, *limit);
            }
            Limit::OfKey(limit) => key.live().bucket.give_back(limit),
            Limit::None => {}
        }
    }

    /// Where the limit stands that applies to this request, if one does. Counts the request only if it
    /// `passes` everything else.
    fn count(
        &self,
        team: u128,
        key: &KeyEntry,
        workspace: &WorkspaceEntry,
        request: &VerifyRequest,
        passes: bool,
    ) -> Option<Reading> {
        let clock = self.clock();
        match (limit(request, workspace), passes) {
            (Limit::Named(RateLimitConfig { id, limit }), true) => {
                Some(self.named_buckets().take(team, Counted::Keys, id, *limit, clock))
            }
            (Limit::Named(RateLimitConfig { id, limit }), false) => {
                Some(self.named_buckets().peek(team, id, *limit, clock))
            }
            (Limit::OfKey(limit), true) => {
                Some(key.live().bucket.take(limit, clock.monotonic_nanos()))
            }
            (Limit::OfKey(limit), false) => {
                Some(key.live().bucket.peek(limit, clock.monotonic_nanos()))
            }
            (Limit::None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docs/http-api.md` has the table for readers: the same rows in the same order.
    #[test]
    fn the_documented_precedence_is_this_one() {
        let docs = include_str!("../../../docs/http-api.md");
        let (_, table) = docs.split_once("| order | status | when |").expect("the table");
        let documented: Vec<_> = table
            .lines()
            .skip(2)
            .map_while(|line| line.strip_prefix("| "))
            .map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" "))
            .collect();
        let word = |value: serde_json::Value| value.as_str().expect("a word").to_owned();
        let table = PRECEDENCE.iter().map(|(_, verdict, denied)| {
            let verdict = word(serde_json::json!(verdict));
            match denied {
                Some(denied) => {
                    format!("`{verdict}`, `denied: \"{}\"`", word(serde_json::json!(denied)))
                }
                None => format!("`{verdict}`"),
            }
        });
        let all =
            std::iter::once("`INVALID`".to_owned()).chain(table).chain(["`VALID`".to_owned()]);
        let numbered: Vec<_> =
            all.enumerate().map(|(at, row)| format!("{} {row}", at + 1)).collect();
        assert_eq!(documented, numbered);
    }

    /// Every set of obstacles, not only every pair: the answer is the first row of the table that is in it.
    #[test]
    fn of_any_obstacles_the_first_of_the_table_is_the_answer() {
        for set in 0_u8..1 << PRECEDENCE.len() {
            let mut found = Found::default();
            let mut first = (Verdict::Valid, None);
            for (at, (obstacle, verdict, denied)) in PRECEDENCE.iter().enumerate().rev() {
                let stands = set & 1 << at != 0;
                found.note(*obstacle, stands);
                if stands {
                    first = (*verdict, *denied);
                }
            }
            assert_eq!(found.verdict(), first, "{set:07b}");
        }
    }
}
