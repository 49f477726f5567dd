//! Rate limits that all nodes share, in a Redis: exact, however many nodes ask.
//!
//! The buckets are those of `rate.rs`, each one key that vanishes when it is full. A key's name is the id of an API key,
//! or a MAC of the name that the caller gave: nothing of a secret, and nothing that a caller wrote, leaves for Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oneloop_protocol::ApiKeyId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError, Script};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::pepper::Pepper;
use crate::rate::{Counted, Gcra, Reading};
use crate::redis_url::RedisUrl;

/// Exact limits across nodes.
#[derive(Clone, Debug)]
pub struct SharedLimits {
    /// Where the buckets are.
    pub redis: RedisUrl,
    /// What happens to a limited request when they cannot be reached.
    pub when_away: WhenRedisAway,
}

/// What happens to a request with a rate limit when Redis does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenRedisAway {
    /// The node counts by itself until Redis is back: n nodes let at most n times the limit through.
    OwnLimit,
    /// It is refused, as unavailable.
    Refuse,
}

/// How long an answer may take. Longer, and Redis counts as away.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(1);

/// While Redis is away: between two attempts to reach it. Requests do not try.
const RETRY: Duration = Duration::from_millis(250);

/// Requests that may be on their way at once before further ones wait for a place.
const IN_FLIGHT: usize = 1_024;

/// What is asked of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Takes one if there is one.
    Take,
    /// Takes nothing.
    Peek,
    /// Puts back what was taken.
    Back,
}

impl Ask {
    fn as_str(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Peek => "peek",
            Self::Back => "back",
        }
    }
}

/// The name of a bucket in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketName(String);

impl BucketName {
    /// The bucket of one API key.
    pub(crate) fn of_key(id: u128) -> Self {
        Self(format!("oneloop:rate:key:{}", ApiKeyId::from_bits(id)))
    }

    /// The bucket to which a caller of `team` gave a name. Teams are apart, and so are installations.
    pub(crate) fn named(pepper: &Pepper, team: u128, counted: Counted, name: &str) -> Self {
        // Pieces of one length before the name, so that no two buckets are spelled alike.
        let (kind, millis) = match counted {
            Counted::Keys => (&b"oneloop rate limit"[..], 0),
            Counted::Tokens(period) => (&b"oneloop token rate"[..], period.as_millis()),
        };
        let mac = pepper.mac(&[kind, &team.to_be_bytes(), &millis.to_be_bytes(), name.as_bytes()]);
        Self(format!("oneloop:rate:name:{}", data_encoding::HEXLOWER.encode(&mac)))
    }
}

/// The buckets in Redis. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SharedBuckets(Arc<Inner>);

struct Inner {
    shown: String,
    when_away: WhenRedisAway,
    /// One connection for all requests, made anew when it breaks.
    connection: ConnectionManager,
    script: Script,
    /// Redis did not answer, and has not since.
    away: AtomicBool,
}

impl SharedBuckets {
    /// Connects. A Redis that does not answer is no reason not to start: a node that restarts while it is away must come
    /// back.
    pub(crate) async fn open(limits: &SharedLimits) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(PATIENCE))
            .set_pipeline_buffer_size(IN_FLIGHT);
        // For `rediss://`. Ignored: somebody else has chosen one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(limits.redis.connection())?;
        let buckets = Self(Arc::new(Inner {
            shown: limits.redis.to_string(),
            when_away: limits.when_away,
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            script: Script::new(include_str!("gcra.lua")),
            away: AtomicBool::new(false),
        }));
        match buckets.0.probe().await {
            Ok(()) => {
                let redis = &buckets.0.shown;
                tracing::info!(redis, "Shares rate limits through {redis}");
            }
            Err(error) => buckets.is_away(&error),
        }
        Ok(buckets)
    }

    /// The reading of a bucket; `None` if Redis is away and the node is to count for itself.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unavailable`] if Redis is away and [`WhenRedisAway::Refuse`] is set.
    pub(crate) async fn ask(
        &self,
        what: Ask,
        name: &BucketName,
        limit: u32,
        period: Duration,
    ) -> Result<Option<Reading>, EngineError> {
        let gcra = Gcra::of(limit, period);
        if !self.0.away.load(Ordering::Relaxed) {
            match self.0.ask(what, name, &gcra, PATIENCE).await {
                Ok(answer) => return Ok(Some(answer.reading(&gcra))),
                Err(error) => self.is_away(&error),
            }
        }
        match self.0.when_away {
            WhenRedisAway::OwnLimit => Ok(None),
            WhenRedisAway::Refuse => {
                Err(EngineError::Unavailable("the shared rate limits do not answer".into()))
            }
        }
    }

    /// Notes that Redis does not answer, and tries until it does. One line in the log for each, not one a request.
    fn is_away(&self, error: &RedisError) {
        if self.0.away.swap(true, Ordering::Relaxed) {
            return;
        }
        let (redis, inner) = (&self.0.shown, Arc::downgrade(&self.0));
        let meanwhile = match self.0.when_away {
            WhenRedisAway::OwnLimit => "each node counts for itself until it does",
            WhenRedisAway::Refuse => "requests with a limit are refused until it does",
        };
        tracing::warn!(redis, %error, "{redis} does not answer; {meanwhile}");
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RETRY).await;
                let Some(inner) = inner.upgrade() else { return };
                if inner.probe().await.is_ok() {
                    inner.away.store(false, Ordering::Relaxed);
                    let redis = &inner.shown;
                    tracing::info!(redis, "{redis} answers again; rate limits are shared");
                    return;
                }
            }
        });
    }
}

impl Engine {
    /// Takes one from a bucket that callers of `team` named: of all nodes, or of this one.
    pub(crate) async fn take_named(
        &self,
        team: u128,
        counted: Counted,
        name: &str,
        limit: u32,
    ) -> Result<Reading, EngineError> {
        if let Some(shared) = self.shared_buckets() {
            let name = BucketName::named(self.pepper(), team, counted, name);
            if let Some(reading) = shared.ask(Ask::Take, &name, limit, counted.period()).await? {
                return Ok(reading);
            }
        }
        Ok(self.named_buckets().take(team, counted, name, limit, self.clock()))
    }
}

/// What a bucket answered.
#[derive(Clone, Copy, Debug)]
struct Answer {
    allowed: bool,
    full_in: i64,
    /// When it was asked, in nanoseconds of the server's clock.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests replay it"))]
    at: i64,
}

impl Answer {
    fn reading(self, gcra: &Gcra) -> Reading {
        gcra.reading(self.allowed, self.full_in)
    }
}

impl Inner {
    async fn ask(
        &self,
        what: Ask,
        name: &BucketName,
        gcra: &Gcra,
        patience: Duration,
    ) -> Result<Answer, RedisError> {
        // The handle's own clone: it is one pointer, and every request works on the one connection.
        let mut connection = self.connection.clone();
        let mut call = self.script.key(&name.0);
        call.arg(what.as_str()).arg(gcra.interval).arg(gcra.burst);
        // EVALSHA; the script itself goes over when the server does not know it, after its restart, say.
        let asked = call.invoke_async(&mut connection);
        let (allowed, full_in, seconds, nanos): (i64, i64, i64, i64) =
            in_time(patience, asked).await?;
        Ok(Answer { allowed: allowed == 1, full_in, at: seconds * 1_000_000_000 + nanos })
    }

    /// Whether a bucket can be taken from: a Redis that answers and refuses to write is of no use.
    async fn probe(&self) -> Result<(), RedisError> {
        let bucket = BucketName("oneloop:rate:probe".to_owned());
        let gcra = Gcra::of(1_000_000, Duration::from_secs(1));
        self.ask(Ask::Take, &bucket, &gcra, CONNECTING).await.map(|_| ())
    }
}

async fn in_time<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer,
        Err(late) => Err(std::io::Error::new(std::io::ErrorKind::TimedOut, late).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;
    use crate::rate::Bucket;

    fn limits() -> SharedLimits {
        let url = std::env::var("ONELOOP_TEST_REDIS_URL").expect(
            "ONELOOP_TEST_REDIS_URL names no Redis: run `npm test`, or \
             `node scripts/with-databases.mjs cargo test …`",
        );
        SharedLimits { redis: url.parse().expect("a URL"), when_away: WhenRedisAway::Refuse }
    }

    fn fresh_name() -> BucketName {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let (process, made) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        BucketName(format!("oneloop:rate:test:{process}:{made}"))
    }

    /// A step of a sequence: what is asked, of which limit, and how long is waited before.
    fn steps() -> impl Strategy<Value = Vec<(Ask, u32, u64)>> {
        let ask = prop_oneof![6 => Just(Ask::Take), 1 => Just(Ask::Peek), 1 => Just(Ask::Back)];
        let limit = prop_oneof![
            Just(1),
            Just(3),
            Just(7),
            Just(50),
            Just(333),
            Just(1_000),
            Just(u32::MAX),
            Just(0)
        ];
        // One limit a sequence, most of the time.
        (
            limit.clone(),
            prop::collection::vec((ask, prop::option::weighted(0.1, limit), 0..3_u64), 1..40),
        )
            .prop_map(|(usual, steps)| {
                let step =
                    |(ask, other, wait): (_, Option<_>, _)| (ask, other.unwrap_or(usual), wait);
                steps.into_iter().map(step).collect()
            })
    }

    /// The bucket in memory is asked at the moments at which Redis says it was asked.
    #[test]
    fn the_same_sequence_has_the_same_readings_as_in_memory() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let limits = limits();
        let shared = runtime.block_on(SharedBuckets::open(&limits)).expect("opens");
        let mut runner = TestRunner::new(Config::with_cases(64));
        let replayed = runner.run(&steps(), |steps| {
            let (name, bucket) = (fresh_name(), Bucket::default());
            for (ask, limit, wait) in steps {
                std::thread::sleep(Duration::from_millis(wait));
                let gcra = Gcra::of(limit, Duration::from_secs(1));
                let answer =
                    runtime.block_on(shared.0.ask(ask, &name, &gcra, CONNECTING)).expect("answers");
                let in_memory = match ask {
                    Ask::Take => bucket.take(limit, answer.at),
                    Ask::Peek => bucket.peek(limit, answer.at),
                    Ask::Back => {
                        bucket.give_back(limit);
                        continue;
                    }
                };
                prop_assert_eq!(answer.reading(&gcra), in_memory, "{:?} of {}", ask, limit);
            }
            Ok(())
        });
        replayed.expect("agrees");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn several_nodes_together_get_exactly_the_limit() {
        let limits = limits();
        let name = fresh_name();
        let mut asking = Vec::new();
        for _ in 0..3 {
            let shared = SharedBuckets::open(&limits).await.expect("opens");
            for _ in 0..40 {
                let (shared, name) = (shared.clone(), name.clone());
                // Fifty an hour: nothing comes back while the test runs.
                let hour = Duration::from_secs(60 * 60);
                asking.push(tokio::spawn(async move {
                    shared.ask(Ask::Take, &name, 50, hour).await.expect("answers").expect("shared")
                }));
            }
        }
        let mut passed = 0;
        for asked in asking {
            passed += u32::from(asked.await.expect("ends").allowed);
        }
        assert_eq!(passed, 50);
    }

    #[tokio::test]
    async fn a_bucket_vanishes_by_itself_and_its_name_says_nothing() {
        let limits = limits();
        let shared = SharedBuckets::open(&limits).await.expect("opens");
        let pepper = Pepper::from_bytes(&[7; 32]);
        let named = |team, counted| BucketName::named(&pepper, team, counted, "ada@example.com");
        let name = named(1, Counted::Keys);
        assert!(!name.0.contains("ada"), "{name:?}");
        let tokens = Counted::Tokens(Duration::from_secs(1));
        let hourly = Counted::Tokens(Duration::from_secs(3_600));
        for other in [named(2, Counted::Keys), named(1, tokens), named(1, hourly)] {
            assert_ne!(name, other);
        }
        assert_ne!(named(1, tokens), named(1, hourly));
        shared.ask(Ask::Take, &name, 10, Duration::from_secs(1)).await.expect("answers");
        let mut connection = shared.0.connection.clone();
        let lives: i64 =
            redis::cmd("PTTL").arg(&name.0).query_async(&mut connection).await.expect("answers");
        assert!((1..=1_100).contains(&lives), "{lives} ms");
        shared.ask(Ask::Back, &name, 10, Duration::from_secs(1)).await.expect("answers");
        let there: bool =
            redis::cmd("EXISTS").arg(&name.0).query_async(&mut connection).await.expect("answers");
        assert!(!there, "full again");
    }
}
