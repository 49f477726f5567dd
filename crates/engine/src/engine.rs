//! The engine: what is open, and how it opens and closes.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use oneloop_protocol::{TeamId, UnixMillis};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::background::Background;
use crate::change_feed::ChangeFeed;
use crate::charges::Charges;
use crate::clock::Clock;
use crate::creates::Creates;
use crate::error::{Cause, EngineError, OpenError};
use crate::freshness::Freshness;
use crate::id::IdSource;
use crate::index::{Found, Index};
use crate::knocks::Knocks;
use crate::last_used::LastUsed;
use crate::migration::Arrivals;
use crate::options::{Database, EngineOptions};
use crate::pepper::Pepper;
use crate::rate::NamedBuckets;
use crate::recipes::{RecipeSecrets, Recipes};
use crate::recognise::Recognition;
use crate::shared_rate::SharedBuckets;
use crate::store::postgres::PostgresStore;
use crate::store::sqlite::SqliteStore;
use crate::store::{Read, Store, StoreError};
use crate::turn::{Followed, Update};
use crate::usage::Usage;

/// How long a database may take for the last writes of an engine that closes.
const CLOSING: Duration = Duration::from_secs(30);

/// The key service over one database. Cheap to clone; all clones are one engine.
///
/// Several engines, in one process or in several, may use one database: each follows the changes of the
/// others within a quarter of a second.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    link_token_ttl: Duration,
    pepper: Pepper,
    ids: IdSource,
    store: Arc<dyn Store>,
    index: Index,
    named_buckets: NamedBuckets,
    /// Where nodes count together, if they do.
    shared_buckets: Option<SharedBuckets>,
    last_used: LastUsed,
    usage: Usage,
    charges: Charges,
    creates: Creates,
    /// Where writers of this process wait for each other, in the order in which they came.
    queue: Mutex<()>,
    recipes: Recipes,
    recipe_secrets: RecipeSecrets,
    recognition: Recognition,
    arrivals: Arrivals,
    knocks: Knocks,
    writer: Mutex<Followed>,
    freshness: Freshness,
    change_feed: Arc<ChangeFeed>,
    background: Background,
}

/// An engine that may be gone.
#[derive(Clone)]
pub(crate) struct WeakEngine(Weak<Inner>);

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }

    /// The feed and the store alone, so that waiting on them does not keep the engine open.
    pub(crate) fn feed_and_store(&self) -> Option<(Arc<ChangeFeed>, Arc<dyn Store>)> {
        let inner = self.0.upgrade()?;
        Some((Arc::clone(&inner.change_feed), Arc::clone(&inner.store)))
    }
}

impl Engine {
    /// Opens the database, creating it and its pepper if there is none, and loads the index.
    ///
    /// Needs a Tokio runtime: two small tasks run until [`Engine::close`], or until the last clone is gone.
    ///
    /// # Errors
    ///
    /// [`OpenError`], whose message says what to do. A pepper that is missing, wrong, malformed or readable
    /// by others stops the start.
    pub async fn open(options: EngineOptions) -> Result<Self, OpenError> {
        let database = options.database.to_string();
        let failed = |cause: Cause| OpenError::Database { database: database.clone(), cause };
        let (store, alone): (Arc<dyn Store>, _) = match &options.database {
            Database::Sqlite(file) => {
                let alone = lock_directory(file).await.map_err(|error| failed(error.into()))?;
                (Arc::new(SqliteStore::open(file).await?), Some(alone))
            }
            // Upgrades under a lock of its own.
            Database::Postgres(url) => (Arc::new(PostgresStore::open(url).await?), None),
        };
        if store.is_half_copied().await.map_err(|error| failed(error.into()))? {
            return Err(OpenError::HalfCopied { database });
        }
        let pepper = pepper(&options, store.as_ref()).await?;
        drop(alone);
        let shared_buckets = match &options.shared_limits {
            Some(limits) => Some(SharedBuckets::open(limits).await.map_err(OpenError::Redis)?),
            None => None,
        };

        let engine = Self(Arc::new(Inner {
            clock: options.clock,
            link_token_ttl: options.link_token_ttl,
            pepper,
            ids: IdSource::new(),
            store,
            index: Index::default(),
            named_buckets: NamedBuckets::default(),
            shared_buckets,
            last_used: LastUsed::default(),
            usage: Usage::default(),
            charges: Charges::default(),
            creates: Creates::default(),
            queue: Mutex::default(),
            recipes: Recipes::default(),
            recipe_secrets: RecipeSecrets::load(options.recipe_secrets.as_deref())?,
            recognition: Recognition::default(),
            arrivals: Arrivals::default(),
            knocks: Knocks::default(),
            writer: Mutex::default(),
            freshness: options.freshness,
            change_feed: Arc::new(ChangeFeed::new(options.freshness.stale_after)),
            background: Background::new(),
        }));
        engine.tie_audit().await.map_err(|error| failed(error.into()))?;
        engine.load().await.map_err(|error| failed(error.into()))?;
        // Keys may have been read from a later state than their workspaces. And reading many takes longer than memory may
        // go without a look: the first questions would find it too old to answer from.
        engine.look_for_changes(true).await.map_err(|error| failed(error.into()))?;
        engine.0.background.start(&engine);
        Ok(engine)
    }

    /// Ends the background tasks, writes what is still waiting, and folds the write-ahead log into the
    /// database. Every later operation but verify answers that the database is unavailable.
    ///
    /// A database that does not answer is given up after half a minute: a process that was told to stop must not stay.
    pub async fn close(&self) {
        let closing = async {
            self.0.background.stop().await;
            self.flush_last_used().await;
            self.flush_usage().await;
            self.flush_upgrades().await;
            self.0.store.close().await;
        };
        if timeout(CLOSING, closing).await.is_err() {
            tracing::error!("The database does not answer; last uses and counts may be lost");
        }
    }

    /// Whether this engine can do its work: the database answers, and its changes are being followed.
    pub async fn ping(&self) -> Result<(), EngineError> {
        self.snapshot().await?.revision().await?;
        if self.0.change_feed.is_current() {
            return Ok(());
        }
        Err(EngineError::Unavailable("the change log has not been followed for a while".into()))
    }

    /// What time it is.
    pub fn now(&self) -> UnixMillis {
        self.0.clock.now()
    }

    /// Reads the whole database into the index, which is empty.
    async fn load(&self) -> Result<(), StoreError> {
        let mut followed = self.0.writer.lock().await;
        let mut store = self.0.store.read().await?;
        self.read_all(store.as_mut(), &mut followed, &mut |update| update.apply(self)).await
    }

    /// Replaces the index by what is in the database now, whatever revision that bears. A verification meanwhile
    /// finds each key as it was or as it is, never none that is there.
    pub(crate) async fn reload(
        &self,
        store: &mut dyn Read,
        followed: &mut Followed,
    ) -> Result<(), StoreError> {
        let mut found = Found::default();
        let mut replace = |update: Update| update.replace(self, &mut found);
        self.read_all(store, followed, &mut replace).await?;
        self.index().retain(&found);
        self.recognition().forget_wrong();
        Ok(())
    }

    /// Hands over everything that the index holds, from one snapshot.
    async fn read_all(
        &self,
        store: &mut dyn Read,
        followed: &mut Followed,
        sink: &mut (dyn FnMut(Update) + Send),
    ) -> Result<(), StoreError> {
        followed.0 = store.revision().await?;
        // Workspaces first: a key means nothing without its own.
        let catalogue = store.scopes(None).await?;
        for row in store.workspaces(None).await? {
            // Sorted by workspace, so each catalogue is one slice.
            let start = catalogue.partition_point(|scope| scope.workspace < row.id);
            let own = catalogue.get(start..).unwrap_or_default();
            let own = own.get(..own.partition_point(|scope| scope.workspace == row.id));
            sink(Update::workspace(&row, own.unwrap_or_default()));
        }
        for row in store.sdk_keys(None).await? {
            sink(Update::sdk_key(&row));
        }
        let recipes = store.recipes(None).await?;
        for own in recipes.chunk_by(|one, next| one.team == next.team) {
            let team = own.first().map_or(0, |row| row.team);
            Update::recipes(team, own).apply(self);
        }
        let keys = store.count_keys().await?;
        self.0.index.reserve(usize::try_from(keys).unwrap_or(0));
        store.load_keys(&mut |key| sink(Update::Key(key, Vec::new()))).await?;
        tracing::info!(keys, revision = followed.0, "Loaded {keys} keys");
        Ok(())
    }

    /// Forgets what is over: rate buckets that are full, rotated secrets whose overlap has ended.
    pub(crate) fn sweep(&self) {
        self.0.named_buckets.sweep(self.clock());
        self.0.index.sweep(self.now());
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    pub(crate) fn pepper(&self) -> &Pepper {
        &self.0.pepper
    }

    pub(crate) fn index(&self) -> &Index {
        &self.0.index
    }

    pub(crate) fn named_buckets(&self) -> &NamedBuckets {
        &self.0.named_buckets
    }

    pub(crate) fn shared_buckets(&self) -> Option<&SharedBuckets> {
        self.0.shared_buckets.as_ref()
    }

    pub(crate) fn last_used(&self) -> &LastUsed {
        &self.0.last_used
    }

    pub(crate) fn usage(&self) -> &Usage {
        &self.0.usage
    }

    pub(crate) fn charges(&self) -> &Charges {
        &self.0.charges
    }

    pub(crate) fn creates(&self) -> &Creates {
        &self.0.creates
    }

    pub(crate) fn recipes(&self) -> &Recipes {
        &self.0.recipes
    }

    pub(crate) fn recipe_secrets(&self) -> &RecipeSecrets {
        &self.0.recipe_secrets
    }

    pub(crate) fn recognition(&self) -> &Recognition {
        &self.0.recognition
    }

    pub(crate) fn knocks(&self) -> &Knocks {
        &self.0.knocks
    }

    pub(crate) fn arrivals(&self) -> &Arrivals {
        &self.0.arrivals
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    pub(crate) fn queue(&self) -> &Mutex<()> {
        &self.0.queue
    }

    pub(crate) fn writer(&self) -> &Mutex<Followed> {
        &self.0.writer
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.0.freshness
    }

    pub(crate) fn change_feed(&self) -> &ChangeFeed {
        &self.0.change_feed
    }

    /// When a link token minted at `now` stops working.
    pub(crate) fn link_token_expiry(&self, now: UnixMillis) -> UnixMillis {
        let ttl = i64::try_from(self.0.link_token_ttl.as_millis()).unwrap_or(i64::MAX);
        now.saturating_add(ttl)
    }

    /// A new id, greater than every one before it.
    pub(crate) fn fresh_id(&self, now: UnixMillis) -> u128 {
        self.0.ids.next(now)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine(…)")
    }
}

/// The 128 bits of a team's id; an id that is not ours names no team.
pub(crate) fn team_bits(team: &TeamId) -> Result<u128, EngineError> {
    team.bits().ok_or(EngineError::NotFound(oneloop_protocol::Reason::UnknownTeam))
}

/// Lets one process at a time create or upgrade a database of this directory: two that start together
/// would otherwise make two peppers. The lock is the directory's, because SQLite's own locks on the
/// database file would be dropped with ours.
async fn lock_directory(database: &Path) -> std::io::Result<File> {
    let parent = database.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.unwrap_or(Path::new(".")).to_owned();
    let lock = move || File::open(directory).and_then(|file| file.lock().map(|()| file));
    tokio::task::spawn_blocking(lock).await.map_err(std::io::Error::other)?
}

/// The pepper of this database. Made only when the database is new: a pepper that is lost must not be
/// replaced by one that verifies nothing.
async fn pepper(options: &EngineOptions, store: &dyn Store) -> Result<Pepper, OpenError> {
    let (file, database) = (options.pepper_path(), options.database.to_string());
    let failed =
        |error: StoreError| OpenError::Database { database: database.clone(), cause: error.into() };
    let check = match store.read().await.map_err(failed)?.pepper_check().await.map_err(failed)? {
        Some(check) => check,
        None => {
            // Of several nodes that find a new database, one is the first to write.
            let mut store = store.write().await.map_err(failed)?;
            match store.pepper_check().await.map_err(failed)? {
                Some(check) => check,
                None => {
                    let pepper = match Pepper::read(&file)? {
                        Some(pepper) => pepper,
                        None => Pepper::create(&file)?,
                    };
                    let now = options.clock.now();
                    store.insert_installation(&pepper.check(), now).await.map_err(failed)?;
                    store.commit(&[], &pepper).await.map_err(failed)?;
                    return Ok(pepper);
                }
            }
        }
    };
    let Some(pepper) = Pepper::read(&file)? else {
        return Err(OpenError::PepperMissing { file, database });
    };
    if pepper.belongs_to(&check) {
        Ok(pepper)
    } else {
        Err(OpenError::WrongPepper { file, database })
    }
}
