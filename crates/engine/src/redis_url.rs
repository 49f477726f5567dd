//! Where a Redis is, and who asks.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionInfo, IntoConnectionInfo};

/// `redis://user:password@host:port/number`, `rediss://…` for TLS, or `redis+unix:///path`; of a Redis 5 or newer, or a
/// Valkey.
///
/// `Display` and `Debug` are safe to log: they show where it is, and nothing else.
#[derive(Clone)]
pub struct RedisUrl(Box<ConnectionInfo>);

impl RedisUrl {
    pub(crate) fn connection(&self) -> ConnectionInfo {
        ConnectionInfo::clone(&self.0)
    }
}

/// A text that names no Redis. Does not repeat it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Redis is written `redis://user@host:6379/0`, `rediss://…` with TLS, or `redis+unix:///path`"
)]
pub struct RedisUrlError;

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        // Without the cause: it may repeat a part of the text.
        text.into_connection_info().map(|info| Self(Box::new(info))).map_err(|_| RedisUrlError)
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://{}/{}", self.0.addr(), self.0.redis_settings().db())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_nor_a_refusal_has_the_password() {
        let url: RedisUrl = "redis://ada:tiger@cache.example.com/2".parse().expect("a URL");
        assert_eq!(
            format!("{url} {url:?}"),
            "redis://cache.example.com:6379/2 redis://cache.example.com:6379/2"
        );
        for wrong in ["redis://ada:tiger@host:port", "http://ada:tiger@host", "tiger", ""] {
            let error = wrong.parse::<RedisUrl>().expect_err(wrong);
            assert!(!error.to_string().contains("tiger"), "{error}");
        }
    }
}
