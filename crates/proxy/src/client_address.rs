//! Whose address a request comes from (decisions, "client address").
//!
//! The socket's peer; unless that peer is one of our own proxies, in which case `X-Forwarded-For` is read
//! from right to left, and the first hop that is not one of ours is the client. Everything left of it was
//! written by somebody we do not trust. A hop that cannot be read is not skipped: whoever stands behind it
//! is unknown, and an unknown address passes no list.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks whose `X-Forwarded-For` is believed.
pub(crate) struct TrustedProxies(pub(crate) Vec<IpNet>);

impl TrustedProxies {
    /// The client's address, IPv4 written as IPv4 whatever the socket's family. `None` when it cannot be
    /// known.
    pub(crate) fn client_address(&self, parts: &Parts) -> Option<IpAddr> {
        let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        self.walk(peer.ip().to_canonical(), &parts.headers)
    }

    fn walk(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer;
        // Several lines of one header are one list, in order (RFC 9110, section 5.3).
        for line in headers.get_all(X_FORWARDED_FOR).into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            for hop in line.to_str().ok()?.rsplit(',') {
                if !self.trusts(client) {
                    break;
                }
                client = parse_hop(hop)?;
            }
        }
        Some(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Reads one hop: an address, which may carry a port, brackets or a zone.
///
/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, `fe80::1%eth0`.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        let has_port = after.strip_prefix(':').is_some_and(is_port);
        if !(after.is_empty() || has_port) {
            return None;
        }
        IpAddr::V6(parse_v6(inside)?)
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else if let Some((address, _)) = text.split_once(':').filter(|(_, port)| is_port(port)) {
        IpAddr::V4(address.parse().ok()?)
    } else {
        IpAddr::V6(parse_v6(text)?)
    };
    Some(address.to_canonical())
}

/// Reads an IPv6 address and drops its zone, which means something on the machine that wrote it only.
fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    match text.split_once('%') {
        Some((_, "")) => None,
        Some((address, _)) => address.parse().ok(),
        None => text.parse().ok(),
    }
}

fn is_port(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&[u8]]) -> Option<String> {
        let trusted = ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8"].map(|net| net.parse().expect(net));
        let headers = lines.iter().map(|line| {
            (X_FORWARDED_FOR, HeaderValue::from_bytes(line).expect("allowed in a header"))
        });
        let peer: IpAddr = peer.parse().expect(peer);
        let found = TrustedProxies(trusted.to_vec())
            .walk(peer.to_canonical(), &headers.collect::<HeaderMap>());
        found.map(|address| address.to_string())
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        let claims: [&[&[u8]]; 5] =
            [&[], &[b"203.0.113.9"], &[b"10.0.0.1"], &[b"rubbish"], &[b"\xff"]];
        for lines in claims {
            assert_eq!(client("198.51.100.4", lines).as_deref(), Some("198.51.100.4"));
        }
    }

    #[test]
    fn the_first_untrusted_hop_from_the_right_is_the_client() {
        let cases: [(&[&[u8]], &str); 10] = [
            (&[b"203.0.113.9"], "203.0.113.9"),
            (&[b"203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            (&[b"203.0.113.9,10.1.2.3 ,\t192.0.2.7"], "203.0.113.9"),
            // A client may write what it likes on the left.
            (&[b"1.1.1.1, 203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            (&[b"rubbish, 203.0.113.9"], "203.0.113.9"),
            // Several lines are one list.
            (&[b"1.1.1.1", b"203.0.113.9", b"10.1.2.3"], "203.0.113.9"),
            (&[b"203.0.113.9, 10.9.9.9", b"10.1.2.3"], "203.0.113.9"),
            (&[b"\xff", b"203.0.113.9"], "203.0.113.9"),
            // All are ours: the furthest one is where it began.
            (&[b"10.5.5.5, 10.1.2.3"], "10.5.5.5"),
            (&[], "10.0.0.1"),
        ];
        for (lines, expected) in cases {
            assert_eq!(client("10.0.0.1", lines).as_deref(), Some(expected), "{lines:?}");
        }
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        for (hop, expected) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25en0]:80", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ] {
            assert_eq!(client("10.0.0.1", &[hop.as_bytes()]).as_deref(), Some(expected), "{hop}");
        }
    }

    #[test]
    fn a_hop_that_cannot_be_read_hides_the_client() {
        for hop in [
            "",
            "unknown",
            "_hidden",
            "203.0.113",
            "203.0.113.9:",
            "203.0.113.9:x",
            "203.0.113.9:70000",
            "203.0.113.9:+80",
            "[2001:db8::1",
            "2001:db8::1]",
            "[2001:db8::1]x",
            "[203.0.113.9]",
            "fe80::1%",
            "\"203.0.113.9\"",
            "203.0.113.9;10.0.0.1",
            "0x7f.1",
            "010.0.0.1",
            "203.0.113.9,",
            ",",
        ] {
            assert_eq!(client("10.0.0.1", &[hop.as_bytes()]), None, "{hop:?}");
        }
        assert_eq!(client("10.0.0.1", &[b"203.0.113.9\xff"]), None);
    }

    #[test]
    fn mapped_addresses_are_their_ipv4_selves() {
        assert_eq!(client("::ffff:198.51.100.4", &[]).as_deref(), Some("198.51.100.4"));
        let through = client("::ffff:10.0.0.1", &[b"::ffff:10.1.2.3, 203.0.113.9"]);
        assert_eq!(through.as_deref(), Some("203.0.113.9"));
        let deeper = client("::ffff:10.0.0.1", &[b"203.0.113.9, ::ffff:10.1.2.3"]);
        assert_eq!(deeper.as_deref(), Some("203.0.113.9"));
    }
}
