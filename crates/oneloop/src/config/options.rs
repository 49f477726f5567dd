//! One struct for all three layers: a field is an option, an environment variable and a key of the file.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::Args;
use oneloop_engine::{Database, RedisUrl, SecretRef};
use oneloop_proxy::Origin;
use serde::Deserialize;

use super::values::{
    ListenAddress, LogFormat, LogLevel, Period, Source, WhenRedisAway, WhenStale, text, texts,
    unrepeated, unrepeated_list,
};

/// What one layer says; `None` where it says nothing.
///
/// A field's long option in kebab case is its key in the file, and `ONELOOP_` plus that in upper snake
/// case its variable. Tests hold all three together.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8787]
    #[arg(long, env = "ONELOOP_LISTEN", value_name = "ADDR:PORT", hide_env_values = true)]
    #[serde(deserialize_with = "text")]
    pub(crate) listen: Option<ListenAddress>,

    /// Where keys are kept: sqlite:PATH or postgres://… [default: sqlite:oneloop.db; with --demo: sqlite:.data/demo.db]
    #[arg(long, env = "ONELOOP_DATABASE", value_name = "URL", hide_env_values = true)]
    #[serde(deserialize_with = "unrepeated")]
    pub(crate) database: Option<Database>,

    /// The secret that keys are stored under [default: the database's path + ".pepper"]
    #[arg(long, env = "ONELOOP_PEPPER_FILE", value_name = "PATH", hide_env_values = true)]
    pub(crate) pepper_file: Option<PathBuf>,

    /// Secrets that hashed existing keys elsewhere, for recipes that name them: env:NAME, file:PATH or binary-file:PATH, separated by commas
    #[arg(
        long,
        env = "ONELOOP_RECIPE_SECRETS",
        value_name = "PLACE,…",
        value_delimiter = ',',
        hide_env_values = true
    )]
    #[serde(deserialize_with = "unrepeated_list")]
    pub(crate) recipe_secrets: Option<Vec<SecretRef>>,

    /// Cut off from the database for so long, this node no longer trusts its memory [default: 5s]
    #[arg(
        long,
        env = "ONELOOP_STALE_AFTER",
        value_name = "TIME",
        help_heading = "Many nodes",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "text")]
    pub(crate) stale_after: Option<Period>,

    /// What then happens to requests: read-through or refuse [default: read-through]
    #[arg(
        long,
        env = "ONELOOP_WHEN_STALE",
        value_name = "WHAT",
        hide_possible_values = true,
        help_heading = "Many nodes",
        hide_env_values = true
    )]
    pub(crate) when_stale: Option<WhenStale>,

    /// Count rate limits together with the other nodes, in this Redis or Valkey: redis://…
    #[arg(
        long,
        env = "ONELOOP_REDIS",
        value_name = "URL",
        help_heading = "Many nodes",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "unrepeated")]
    pub(crate) redis: Option<RedisUrl>,

    /// What happens to a rate limit while Redis is away: own-limit or refuse [default: own-limit]
    #[arg(
        long,
        env = "ONELOOP_WHEN_REDIS_AWAY",
        value_name = "WHAT",
        hide_possible_values = true,
        help_heading = "Many nodes",
        hide_env_values = true
    )]
    pub(crate) when_redis_away: Option<WhenRedisAway>,

    /// Write `{"url", "pid"}` here once ready, and remove it when stopping
    #[arg(long, env = "ONELOOP_READY_FILE", value_name = "PATH", hide_env_values = true)]
    pub(crate) ready_file: Option<PathBuf>,

    /// How many connections may be open at once; others wait [default: 10000]
    #[arg(
        long,
        env = "ONELOOP_MAX_CONNECTIONS",
        value_name = "NUMBER",
        help_heading = "Browsers and proxies",
        hide_env_values = true
    )]
    pub(crate) max_connections: Option<NonZeroU32>,

    /// Pages on other origins that may use the widget; exact, separated by commas
    #[arg(
        long,
        env = "ONELOOP_ALLOWED_ORIGINS",
        value_name = "ORIGIN,…",
        value_delimiter = ',',
        help_heading = "Browsers and proxies",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "texts")]
    pub(crate) allowed_origins: Option<Vec<Origin>>,

    /// Reverse proxies whose X-Forwarded-For is believed: addresses or CIDR, separated by commas
    #[arg(
        long,
        env = "ONELOOP_TRUSTED_PROXIES",
        value_name = "ADDR,…",
        value_delimiter = ',',
        help_heading = "Browsers and proxies",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "texts")]
    pub(crate) trusted_proxies: Option<Vec<Source>>,

    /// The built widget, served at /widget/ [default: dist/widget]
    #[arg(
        long,
        env = "ONELOOP_WIDGET_DIR",
        value_name = "DIR",
        help_heading = "Browsers and proxies",
        hide_env_values = true
    )]
    pub(crate) widget_dir: Option<PathBuf>,

    /// How long a link token works: 30m, 1h, 1d … [default: 1h]
    #[arg(
        long,
        env = "ONELOOP_LINK_TOKEN_TTL",
        value_name = "TIME",
        help_heading = "Browsers and proxies",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "text")]
    pub(crate) link_token_ttl: Option<Period>,

    /// Fill the database with a believable customer and serve a page to try everything on
    #[arg(
        long,
        env = "ONELOOP_DEMO",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Demonstration",
        hide_env_values = true
    )]
    pub(crate) demo: Option<bool>,

    /// The built demo page, served at / with --demo [default: dist/demo]
    #[arg(
        long,
        env = "ONELOOP_DEMO_DIR",
        value_name = "DIR",
        help_heading = "Demonstration",
        hide_env_values = true
    )]
    pub(crate) demo_dir: Option<PathBuf>,

    /// text, for people, or json, one object a line; to standard error [default: text]
    #[arg(
        long,
        env = "ONELOOP_LOG_FORMAT",
        value_name = "FORMAT",
        hide_possible_values = true,
        help_heading = "Logs",
        hide_env_values = true
    )]
    pub(crate) log_format: Option<LogFormat>,

    /// error, warn, info, debug, trace; or by part: warn,oneloop_proxy=debug [default: info]
    #[arg(
        long,
        env = "ONELOOP_LOG_LEVEL",
        value_name = "LEVEL",
        help_heading = "Logs",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "text")]
    pub(crate) log_level: Option<LogLevel>,
}

impl Options {
    /// These options, and what `lower` says where they say nothing.
    #[must_use]
    pub(crate) fn or(self, lower: Self) -> Self {
        Self {
            listen: self.listen.or(lower.listen),
            database: self.database.or(lower.database),
            pepper_file: self.pepper_file.or(lower.pepper_file),
            recipe_secrets: self.recipe_secrets.or(lower.recipe_secrets),
            stale_after: self.stale_after.or(lower.stale_after),
            when_stale: self.when_stale.or(lower.when_stale),
            redis: self.redis.or(lower.redis),
            when_redis_away: self.when_redis_away.or(lower.when_redis_away),
            ready_file: self.ready_file.or(lower.ready_file),
            max_connections: self.max_connections.or(lower.max_connections),
            allowed_origins: self.allowed_origins.or(lower.allowed_origins),
            trusted_proxies: self.trusted_proxies.or(lower.trusted_proxies),
            widget_dir: self.widget_dir.or(lower.widget_dir),
            link_token_ttl: self.link_token_ttl.or(lower.link_token_ttl),
            demo: self.demo.or(lower.demo),
            demo_dir: self.demo_dir.or(lower.demo_dir),
            log_format: self.log_format.or(lower.log_format),
            log_level: self.log_level.or(lower.log_level),
        }
    }
}
