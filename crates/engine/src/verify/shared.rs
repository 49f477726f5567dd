//! Verification where nodes count together: a request with a limit waits for Redis, all others never do.

use oneloop_protocol::verify::RateLimitConfig;
use oneloop_protocol::{Verdict, Verification, VerifyRequest};

use super::{Case, Counting, Judged, Limit, limit, unknown};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::key_entry::KeyEntry;
use crate::rate::{Counted, Reading};
use crate::shared_rate::{Ask, BucketName};

impl Engine {
    /// Counts the request in the bucket of all nodes, and goes on from there.
    pub(super) async fn count_together(
        &self,
        request: &VerifyRequest,
        Counting { mut case, key }: Counting,
    ) -> Result<Verification, EngineError> {
        let passes = case.found.verdict().0 == Verdict::Valid;
        let ask = if passes { Ask::Take } else { Ask::Peek };
        case.reading = match self.asked(ask, request, &key, &case).await? {
            Some(reading) => Some(reading),
            None => self.count(case.team, &key, &case.workspace, request, passes),
        };
        match self.priced(request, &key, case) {
            Judged::Spends(spending) => self.spend(request, *spending).await,
            Judged::Settled(verification) => Ok(verification),
            // It was judged and counted: neither is left.
            Judged::Unknown | Judged::Counts(_) => Ok(unknown(request)),
        }
    }

    /// Puts back what the request took from its rate limit.
    pub(super) async fn put_back(&self, request: &VerifyRequest, key: &KeyEntry, case: &Case) {
        // A Redis that is away now has forgotten nothing: what was taken comes back by itself, within a second.
        if !matches!(self.asked(Ask::Back, request, key, case).await, Ok(Some(_))) {
            self.give_back(request, key, case);
        }
    }

    /// Where the request's limit stands.
    pub(super) async fn reading_of(
        &self,
        request: &VerifyRequest,
        key: &KeyEntry,
        case: &Case,
    ) -> Option<Reading> {
        match self.asked(Ask::Peek, request, key, case).await {
            Ok(Some(reading)) => Some(reading),
            Ok(None) | Err(_) => self.count(case.team, key, &case.workspace, request, false),
        }
    }

    /// What Redis says; `None` if this node counts for itself, or there is nothing to count.
    async fn asked(
        &self,
        ask: Ask,
        request: &VerifyRequest,
        key: &KeyEntry,
        case: &Case,
    ) -> Result<Option<Reading>, EngineError> {
        let Some(shared) = self.shared_buckets() else { return Ok(None) };
        let (name, limit) = match limit(request, &case.workspace) {
            Limit::Named(RateLimitConfig { id, limit }) => {
                (BucketName::named(self.pepper(), case.team, Counted::Keys, id), *limit)
            }
            Limit::OfKey(limit) => (BucketName::of_key(key.id), limit),
            Limit::None => return Ok(None),
        };
        shared.ask(ask, &name, limit, Counted::Keys.period()).await
    }
}
