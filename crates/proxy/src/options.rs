//! What the proxy can be told.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use ipnet::IpNet;
use oneloop_protocol::link_token::is_origin;

/// Options of [`router`](crate::router()).
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// The web origins whose pages may call the API. Default: none, which leaves pages of the server's own
    /// origin.
    pub allowed_origins: Vec<Origin>,
    /// The networks whose `X-Forwarded-For` is believed. Default: none; the client is the socket's peer.
    pub trusted_proxies: Vec<IpNet>,
    /// The built widget, served at `/widget/`. Default: `dist/widget`, relative to the working directory.
    pub widget_dir: PathBuf,
    /// How long a request may take, its body included, before it is refused with `timeout`; and how long an answer may
    /// be under way without a byte of it moving, before the connection is closed. Default: 30 s.
    pub request_timeout: Duration,
    /// How long a connection may go without a complete head of a request before it is closed: a client that sends
    /// one byte a minute, and one that is idle. Default: 75 s, more than the 60 s after which load balancers close a
    /// connection they no longer need, since whoever does that first should be the one that also sends.
    pub head_timeout: Duration,
    /// How many connections may be open at once; others wait until one closes. Each takes a file descriptor, and some
    /// kilobytes. Default: 10,000.
    pub max_connections: usize,
    /// More routes, such as the demo's. They get the same request ids, log line, headers, time limit and
    /// panic net. They must bring no fallback. Default: none.
    pub extra_routes: Router,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self {
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            widget_dir: PathBuf::from("dist/widget"),
            request_timeout: Duration::from_secs(30),
            head_timeout: Duration::from_secs(75),
            max_connections: 10_000,
            extra_routes: Router::new(),
        }
    }
}

/// An exact web origin, `scheme://host[:port]`, as a browser writes it in an `Origin` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refused = || OriginError { text: text.to_owned() };
        if !is_origin(text) {
            return Err(refused());
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| refused())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_str().map_or(Ok(()), |text| f.write_str(text))
    }
}

/// Text that is not an [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an origin: write it as the browser does, such as https://app.example.com, \
     without a path or a wildcard"
)]
pub struct OriginError {
    text: String,
}
