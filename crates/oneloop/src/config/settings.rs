//! All layers laid over each other.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use oneloop_engine::{Database, EngineOptions, Freshness, SecretRef, SharedLimits};
use oneloop_proxy::Origin;

use super::{DEFAULT, LogFormat, LogLevel, Options, file};
use crate::failure::{Failure, Outcome};

/// The demonstration's own database: it must never fill somebody's real one by default.
const DEMO_DATABASE: &str = "sqlite:.data/demo.db";

/// What `oneloop serve` runs with. The fields are those of the default configuration file, which
/// documents them.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) storage: Storage,
    /// Where the secrets of recipes are, never the secrets.
    pub(crate) recipe_secrets: Vec<SecretRef>,
    pub(crate) freshness: Freshness,
    pub(crate) shared_limits: Option<SharedLimits>,
    pub(crate) ready_file: Option<PathBuf>,
    pub(crate) max_connections: NonZeroU32,
    pub(crate) allowed_origins: Vec<Origin>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) widget_dir: PathBuf,
    pub(crate) link_token_ttl: Duration,
    /// The directory of the demo page, if there is to be a demonstration.
    pub(crate) demo_dir: Option<PathBuf>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: LogLevel,
}

/// Where the keys are, and the secret they are stored under.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) database: Database,
    /// Beside the database when absent.
    pub(crate) pepper_file: Option<PathBuf>,
}

impl Storage {
    /// The engine's options for this storage.
    pub(crate) fn options(&self) -> EngineOptions {
        let mut options = EngineOptions::new(self.database.clone());
        options.pepper_file.clone_from(&self.pepper_file);
        options
    }
}

/// Lays `options` (command line and environment) over the file, if one is named, over the defaults.
pub(crate) fn resolve(options: Options, config: Option<&Path>) -> Outcome<Settings> {
    let chosen = options.or(config.map(file::read).transpose()?.unwrap_or_default());
    let demo = chosen.demo.unwrap_or_default();
    let demo_database = if demo && chosen.database.is_none() {
        Some(DEMO_DATABASE.parse().map_err(|error| {
            Failure::ours("the demonstration's database has an unreadable name").because(&error)
        })?)
    } else {
        None
    };
    let all = chosen.or(Options { database: demo_database, ..Options::default() }).or(defaults()?);

    let when_away = required(all.when_redis_away, "when-redis-away")?.into();
    let demo_dir = required(all.demo_dir, "demo-dir")?;
    let proxies = required(all.trusted_proxies, "trusted-proxies")?;
    Ok(Settings {
        listen: required(all.listen, "listen")?.0,
        storage: Storage {
            database: required(all.database, "database")?,
            pepper_file: all.pepper_file,
        },
        recipe_secrets: required(all.recipe_secrets, "recipe-secrets")?,
        freshness: Freshness {
            stale_after: required(all.stale_after, "stale-after")?.0,
            when_stale: required(all.when_stale, "when-stale")?.into(),
        },
        shared_limits: all.redis.map(|redis| SharedLimits { redis, when_away }),
        ready_file: all.ready_file,
        max_connections: required(all.max_connections, "max-connections")?,
        allowed_origins: required(all.allowed_origins, "allowed-origins")?,
        trusted_proxies: proxies.into_iter().map(|proxy| proxy.0).collect(),
        widget_dir: required(all.widget_dir, "widget-dir")?,
        link_token_ttl: required(all.link_token_ttl, "link-token-ttl")?.0,
        demo_dir: demo.then_some(demo_dir),
        log_format: required(all.log_format, "log-format")?,
        log_level: required(all.log_level, "log-level")?,
    })
}

/// The same for commands that need no more than the database.
pub(crate) fn resolve_storage(
    database: Option<Database>,
    pepper_file: Option<PathBuf>,
    config: Option<&Path>,
) -> Outcome<Storage> {
    let options = Options { database, pepper_file, ..Options::default() };
    resolve(options, config).map(|settings| settings.storage)
}

fn defaults() -> Outcome<Options> {
    file::parse(DEFAULT, "the built-in configuration")
        .map_err(|failure| Failure::ours(failure.to_string()))
}

fn required<T>(value: Option<T>, key: &str) -> Outcome<T> {
    value.ok_or_else(|| Failure::ours(format!("the built-in configuration lacks `{key}`")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::{Args, Command};

    use super::*;

    #[test]
    fn the_default_file_gives_the_documented_defaults() {
        let settings = resolve(Options::default(), None).expect("defaults");
        insta::assert_debug_snapshot!(settings, @r#"
        Settings {
            listen: 127.0.0.1:8787,
            storage: Storage {
                database: Sqlite(
                    "oneloop.db",
                ),
                pepper_file: None,
            },
            recipe_secrets: [],
            freshness: Freshness {
                stale_after: 5s,
                when_stale: ReadThrough,
            },
            shared_limits: None,
            ready_file: None,
            max_connections: 10000,
            allowed_origins: [],
            trusted_proxies: [],
            widget_dir: "dist/widget",
            link_token_ttl: 3600s,
            demo_dir: None,
            log_format: Text,
            log_level: LogLevel(
                "info",
            ),
        }
        "#);
    }

    #[test]
    fn every_option_has_a_variable_of_its_name_and_shows_its_default() {
        let command = Options::augment_args(Command::new("serve"));
        let defaults: toml::Table = toml::from_str(DEFAULT).expect("TOML");
        for arg in command.get_arguments() {
            let long = arg.get_long().expect("every option is a long one");
            let variable = format!("ONELOOP_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));

            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let default = match defaults.get(long) {
                Some(toml::Value::String(default)) => default.clone(),
                Some(toml::Value::Integer(default)) => default.to_string(),
                _ => continue,
            };
            assert!(help.contains(&format!("[default: {default}")), "--{long}: {help}");
        }
    }

    #[test]
    fn a_layer_above_wins_and_one_below_fills_in() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("oneloop.toml");
        fs::write(&path, "listen = \"127.0.0.1:1\"\nlog-level = \"debug\"\ndemo = true\n")
            .expect("written");
        let options = Options {
            listen: Some("127.0.0.1:2".parse().expect("an address")),
            ..Options::default()
        };
        let settings = resolve(options, Some(&path)).expect("settings");
        assert_eq!(settings.listen.port(), 2, "the command line wins");
        assert_eq!(settings.log_level.0, "debug", "the file wins over the default");
        assert_eq!(settings.link_token_ttl, Duration::from_secs(3_600), "the default fills in");
        assert_eq!(settings.storage.database.to_string(), DEMO_DATABASE);
    }

    #[test]
    fn a_demonstration_uses_a_named_database_all_the_same() {
        let options = Options {
            demo: Some(true),
            database: Some("sqlite:mine.db".parse().expect("a database")),
            ..Options::default()
        };
        let settings = resolve(options, None).expect("settings");
        assert_eq!(settings.storage.database.to_string(), "sqlite:mine.db");
    }
}
