//! Recognising keys that are still known under another service's recipe, and making them native.
//!
//! Native keys never come here: it is the branch of a verification that found nothing.
//!
//! - A recipe whose result depends on the key alone is computed and looked up in memory: microseconds.
//! - Where the result depends on the row (a salt of its own, or a slow hash), a part of the key leads to at
//!   most [`CANDIDATES`] rows, and the key is held against them in a pool of a few threads. What is tried
//!   is bounded in every direction, and what cannot be tried now is 503 and never INVALID.
//!
//! Either way the key is native from then on.

mod pool;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oneloop_protocol::key::KeyDigest;
use oneloop_protocol::{UnixMillis, mask};
use oneloop_recipe::Inputs;
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::error::{EngineError, chain};
use crate::index::{Keys, Match};
use crate::recipes::Loaded;
use crate::recognise::pool::Pool;
use crate::store::TagHolder;
use crate::stored_value::StoredValue;
use crate::tag::{Tag, locator_domain};
use crate::turn::Update;

/// Rows that one locator may lead to: 64 bits of locator make a second one rare, and eight of them make a
/// locator of four characters usable.
const CANDIDATES: u32 = 8;

/// How long a key may wait for its turn in the pool, and then be tried.
const PATIENCE: Duration = Duration::from_secs(5);

/// Wrong keys that one locator may be tried with in a [`SPAN`].
const ATTEMPTS: u32 = 20;

/// Over which attempts are counted, and how long a wrong key is remembered.
const SPAN: Duration = Duration::from_secs(60);

/// Wrong keys and locators that are remembered.
const REMEMBERED: usize = 10_000;

/// Keys that are recognised and stay under their recipe, which are remembered: some 100 bytes each. What is forgotten is
/// tried once more.
const ALIASES: usize = 100_000;

/// Keys that wait to be made native.
const WAITING: usize = 10_000;

/// What is known of keys that were tried.
#[derive(Debug, Default)]
pub(crate) struct Recognition {
    pool: Pool,
    wrong: Mutex<Wrong>,
    attempts: Mutex<HashMap<[u8; 32], (Instant, u32)>>,
    /// Of keys that were recognised and stay as they are: from what would be the native tag to that of the index.
    aliases: Mutex<HashMap<Tag, Tag>>,
    upgrades: Mutex<HashMap<u128, Upgrade>>,
}

/// Keys that were nobody's.
#[derive(Debug, Default)]
struct Wrong {
    since: HashMap<Tag, Instant>,
    /// How often new keys came. What was found out before they did says nothing of them.
    arrivals: u64,
}

/// A key that was recognised, and what it is from now on.
#[derive(Debug, Clone)]
struct Upgrade {
    tag: Tag,
    masked_key: String,
}

impl Recognition {
    /// Forgets which keys were wrong: new ones came, and are in the database.
    pub(crate) fn forget_wrong(&self) {
        let mut wrong = lock(&self.wrong);
        wrong.since.clear();
        wrong.arrivals += 1;
    }

    /// How often new keys came so far; `None` if this key is known to be wrong.
    fn arrivals_unless_wrong(&self, tag: &Tag) -> Option<u64> {
        let wrong = lock(&self.wrong);
        let is_wrong = wrong.since.get(tag).is_some_and(|since| since.elapsed() < SPAN);
        (!is_wrong).then_some(wrong.arrivals)
    }

    /// Notes a wrong key, unless new ones came since `arrivals`: it may be one of them.
    fn note_wrong(&self, tag: Tag, arrivals: u64) {
        let mut wrong = lock(&self.wrong);
        if wrong.arrivals != arrivals {
            return;
        }
        if wrong.since.len() >= REMEMBERED {
            wrong.since.clear();
        }
        wrong.since.insert(tag, Instant::now());
    }

    fn alias(&self, native: &Tag) -> Option<Tag> {
        lock(&self.aliases).get(native).copied()
    }

    fn note_alias(&self, native: Tag, tag: Tag) {
        let mut aliases = lock(&self.aliases);
        if aliases.len() >= ALIASES {
            aliases.clear();
        }
        aliases.insert(native, tag);
    }

    /// Forgets the attempts with a locator: it was a right key.
    fn forgive(&self, locator: &[u8; 32]) {
        lock(&self.attempts).remove(locator);
    }

    /// Whether a locator may be tried once more.
    fn attempt(&self, locator: [u8; 32]) -> bool {
        let mut attempts = lock(&self.attempts);
        if attempts.len() >= REMEMBERED {
            attempts.retain(|_, (since, _)| since.elapsed() < SPAN);
        }
        let (since, count) = attempts.entry(locator).or_insert((Instant::now(), 0));
        if since.elapsed() >= SPAN {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        *count <= ATTEMPTS
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// The key that a recipe of the team makes of what was presented.
    pub(crate) fn key_by_recipe<'k>(
        &self,
        keys: &'k Keys<'_>,
        team: u128,
        presented: &str,
        now: UnixMillis,
    ) -> Option<Match<'k>> {
        let recipes = self.recipes().of(team)?;
        for loaded in recipes.iter().filter(|it| !it.spec.needs_row()) {
            let (spec, secrets) = (&loaded.spec, loaded.secrets());
            let inputs = Inputs::of_secrets(None, &secrets);
            let Some(digest) = spec.recipe.digest(presented, inputs) else { continue };
            let tag = Tag::of_recipe_digest(self.pepper(), team, &spec.hash, &digest);
            if let Some(found) = keys.find_by(&tag, now) {
                // Another spelling of it would be refused once this one is native.
                if !spec.recipe.is_of_all(presented, None) {
                    return Some(found);
                }
                let mut upgrades = lock(&self.recognition().upgrades);
                if upgrades.len() < WAITING {
                    upgrades.insert(found.key.id, self.upgrade(team, presented));
                }
                return Some(found);
            }
        }
        None
    }

    fn upgrade(&self, team: u128, presented: &str) -> Upgrade {
        Upgrade {
            tag: Tag::of_key(self.pepper(), team, &KeyDigest::of(presented)),
            masked_key: mask::migrated(presented),
        }
    }

    /// What stands for a locator: HMAC under the pepper, because a locator is a part of a key.
    pub(crate) fn locator_mac(&self, team: u128, recipe: u32, locator: &str) -> [u8; 32] {
        self.pepper().mac(&[&locator_domain(team, recipe), locator.as_bytes()])
    }

    /// Tries a key against the stored values that its locator leads to. Gives the tag by which memory knows the key, if it
    /// was recognised: it is native now, unless it was rotated (then its old secret is known by what was stored of it for as
    /// long as it overlaps), or what was presented is one of several spellings.
    ///
    /// # Errors
    ///
    /// Where a slow check would be needed and cannot be had now: the database is gone, the pool is full, or the
    /// locator was tried too often. Keys that are in memory are never affected.
    pub(crate) async fn recognise(
        &self,
        team: u128,
        presented: &str,
    ) -> Result<Option<Tag>, EngineError> {
        if !self.recipes().need_rows(team) {
            return Ok(None);
        }
        let Some(recipes) = self.recipes().of(team) else { return Ok(None) };
        let native = Tag::of_key(self.pepper(), team, &KeyDigest::of(presented));
        let is_there = |alias: &Tag| self.index().keys().find(alias, self.now()).is_some();
        if let Some(alias) = self.recognition().alias(&native).filter(is_there) {
            return Ok(Some(alias));
        }
        let Some(arrivals) = self.recognition().arrivals_unless_wrong(&native) else {
            return Ok(None);
        };
        let started = Instant::now();
        let presented = Arc::new(Zeroizing::new(presented.to_owned()));
        for (at, recipe) in recipes.iter().enumerate().filter(|(_, it)| it.spec.needs_row()) {
            let Some(locator) = recipe.locator(&presented) else { continue };
            let locator = self.locator_mac(team, recipe.number, &locator);
            let mut store = self.snapshot().await?;
            let rows = store.legacy_candidates(team, recipe.number, &locator, CANDIDATES).await?;
            drop(store);
            if rows.is_empty() {
                continue;
            }
            if !self.recognition().attempt(locator) {
                let message =
                    "keys that begin like this one were tried too often; try again in a minute";
                return Err(EngineError::Busy(message));
            }
            let candidates: Vec<(u128, StoredValue)> = rows
                .iter()
                .filter_map(|row| {
                    let opened = StoredValue::open(self.pepper(), row.api_key, &row.sealed);
                    if opened.is_none() {
                        tracing::error!("A stored value of key {:032x} does not open", row.api_key);
                    }
                    Some((row.api_key, opened?))
                })
                .collect();
            let found =
                self.try_candidates(&recipes, at, Arc::clone(&presented), candidates, started);
            if let Some(id) = found.await? {
                self.recognition().forgive(&locator);
                let spec = &recipe.spec;
                let is_all = spec.recipe.is_of_all(&presented, spec.locator.as_ref());
                if let Some(tag) =
                    self.settle_recognised(id, self.upgrade(team, &presented), is_all).await?
                {
                    return Ok(Some(tag));
                }
                break;
            }
        }
        // Another node may have recognised it, and this one not have heard of that yet.
        let mut store = self.snapshot().await?;
        if let Some(TagHolder::Current(_)) = store.tag_holder(&native).await? {
            drop(store);
            self.follow_changes().await?;
            return Ok(Some(native));
        }
        self.nothing_is_untried(team, arrivals).await?;
        self.recognition().note_wrong(native, arrivals);
        Ok(None)
    }

    /// Decides what a key is from now on that was recognised; `None` if it was a secret that a rotation replaced.
    async fn settle_recognised(
        &self,
        id: u128,
        upgrade: Upgrade,
        is_all: bool,
    ) -> Result<Option<Tag>, EngineError> {
        let native = upgrade.tag;
        let mut store = self.snapshot().await?;
        let Some(key) = store.api_key(id).await? else { return Ok(None) };
        let rotated = !store.rotated_keys(&[id]).await?.is_empty();
        drop(store);
        let alias = match (rotated, is_all) {
            (false, true) => {
                self.make_native(vec![(id, upgrade)]).await?;
                return Ok(Some(native));
            }
            (false, false) => Some(key.tag),
            (true, _) => key.previous_tag,
        };
        if let Some(alias) = alias {
            self.recognition().note_alias(native, alias);
        }
        Ok(alias)
    }

    /// Holds a key against stored values in the pool.
    async fn try_candidates(
        &self,
        recipes: &Arc<[Loaded]>,
        at: usize,
        presented: Arc<Zeroizing<String>>,
        candidates: Vec<(u128, StoredValue)>,
        started: Instant,
    ) -> Result<Option<u128>, EngineError> {
        let left = PATIENCE.saturating_sub(started.elapsed());
        let permit = self.recognition().pool.enter(left).await?;
        let recipes = Arc::clone(recipes);
        let tried = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let Some(loaded) = recipes.get(at) else { return Ok(None) };
            let secrets = loaded.secrets();
            for (id, StoredValue { salt, stored }) in candidates {
                if started.elapsed() > PATIENCE {
                    return Err(EngineError::Busy("trying this key takes too long; try again"));
                }
                let salt = salt.as_ref().map(|salt| salt.as_slice());
                let inputs = Inputs::of_secrets(salt, &secrets);
                if loaded.spec.recipe.matches(&presented, &stored, inputs) {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        });
        let found = tried.await.map_err(EngineError::internal)?;
        let millis = started.elapsed().as_millis();
        tracing::debug!(millis, found = matches!(found, Ok(Some(_))), "Tried a key by its locator");
        found
    }

    /// Makes every key native that waits for it.
    pub(crate) async fn flush_upgrades(&self) {
        let waiting = std::mem::take(&mut *lock(&self.recognition().upgrades));
        if waiting.is_empty() {
            return;
        }
        if let Err(error) = self.make_native(waiting.into_iter().collect()).await {
            // The next verification of each of them asks again.
            let error = chain(&error);
            tracing::warn!(error, "Cannot make recognised keys native; will retry");
        }
    }

    /// Gives keys their native tags, unless somebody did, or they changed their secret meanwhile.
    async fn make_native(&self, upgrades: Vec<(u128, Upgrade)>) -> Result<(), EngineError> {
        let mut turn = self.turn().await?;
        let ids: Vec<_> = upgrades.iter().map(|(id, _)| *id).collect();
        let mut upgrades: HashMap<_, _> = upgrades.into_iter().collect();
        let keys = turn.store.api_keys_by_id(&ids).await?;
        let rotated = turn.store.rotated_keys(&ids).await?;
        let mut updates = Vec::new();
        for mut key in keys {
            let Some(upgrade) = upgrades.remove(&key.id) else { continue };
            if key.tag == upgrade.tag || rotated.contains(&key.id) {
                continue;
            }
            let replaced = std::mem::replace(&mut key.tag, upgrade.tag);
            key.recipe = None;
            key.masked_key = upgrade.masked_key;
            match turn.store.tag_holder(&key.tag).await? {
                None => {}
                // The same key came along twice, once natively: that one answers from now on.
                Some(_) => continue,
            }
            key.revision = turn.store.upgrade_api_key(&key, &replaced).await?;
            updates.push(Update::key(key, vec![replaced]));
        }
        if updates.is_empty() {
            return Ok(());
        }
        let keys = updates.len();
        turn.commit(&[], updates).await?;
        tracing::info!(keys, "Made {keys} migrated keys native");
        Ok(())
    }
}
