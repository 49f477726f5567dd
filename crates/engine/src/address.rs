//! Addresses: a workspace's list (decisions, "address list"), and the sources of a migration window.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use oneloop_protocol::limits;
use oneloop_protocol::{FieldError, Reason};

/// An IPv4 address in IPv6 clothing (`::ffff:192.0.2.1`) is the IPv4 address: which of the two a socket
/// reports depends on how it was opened, not on who called.
pub(crate) fn normalised(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Whether `address` lies in any of `blocks`.
pub(crate) fn listed(blocks: &[IpNet], address: IpAddr) -> bool {
    let address = normalised(address);
    blocks.iter().any(|block| block.contains(&address))
}

/// Whether the text a caller sent as `clientIp` passes the list. An empty list lets everything pass;
/// against a list, text that is not an address does not.
pub(crate) fn text_listed(blocks: &[IpNet], text: &str) -> bool {
    blocks.is_empty() || text.trim().parse().is_ok_and(|address| listed(blocks, address))
}

/// Reads one address or CIDR block. An address is the block of itself.
pub(crate) fn parse_block(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).ok().map(normalised_block)
}

/// A block inside `::ffff:0:0/96` means IPv4 addresses, which is how they will be compared.
pub(crate) fn normalised_block(block: IpNet) -> IpNet {
    let IpNet::V6(v6) = block else { return block };
    let mapped = v6.network().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96));
    mapped.and_then(|(v4, prefix)| Ipv4Net::new(v4, prefix).ok()).map_or(block, IpNet::V4)
}

/// Checks a workspace's address list.
pub(crate) fn check_list(field: &str, list: &[String]) -> Result<(), FieldError> {
    let (found, limit) = (list.len(), limits::ALLOWED_IPS);
    if found > limit {
        let message = format!("{field} has {found} entries; the limit is {limit}");
        return Err(FieldError::new(field, Reason::TooManyAddresses, message));
    }
    for (at, text) in list.iter().enumerate() {
        if parse_block(text).is_none() {
            let entry = format!("{field}[{at}]");
            let message = format!("{entry} must be an address or a block such as 203.0.113.0/24");
            return Err(FieldError::new(entry, Reason::AddressInvalid, message));
        }
    }
    Ok(())
}

/// The blocks of a list that was checked when it was stored.
pub(crate) fn blocks(list: &[String]) -> Vec<IpNet> {
    list.iter().filter_map(|text| parse_block(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(list: &[&str], address: &str) -> bool {
        let list: Vec<_> = list.iter().map(|text| (*text).to_owned()).collect();
        check_list("defaultAllowedIPs", &list).expect("a good list");
        text_listed(&blocks(&list), address)
    }

    #[test]
    fn addresses_and_blocks_of_both_families() {
        assert!(passes(&["203.0.113.7"], "203.0.113.7"));
        assert!(!passes(&["203.0.113.7"], "203.0.113.8"));
        assert!(passes(&["203.0.113.0/24"], "203.0.113.255"));
        assert!(!passes(&["203.0.113.0/24"], "203.0.114.0"));
        assert!(passes(&["2001:db8::/32"], "2001:db8:ffff::1"));
        assert!(!passes(&["2001:db8::/32"], "2001:db9::1"));
        assert!(passes(&["10.0.0.0/8", "2001:db8::1"], "2001:0DB8:0::0001"));
        assert!(!passes(&["10.0.0.0/8"], "::1"));
    }

    #[test]
    fn mapped_addresses_are_the_addresses_they_map() {
        assert!(passes(&["203.0.113.0/24"], "::ffff:203.0.113.7"));
        assert!(passes(&["::ffff:203.0.113.7"], "203.0.113.7"));
        assert!(passes(&["::ffff:203.0.113.0/120"], "203.0.113.9"));
        assert!(!passes(&["::ffff:203.0.113.0/120"], "203.0.114.9"));
    }

    #[test]
    fn an_empty_list_lets_everything_pass_and_any_list_refuses_what_is_no_address() {
        assert!(passes(&[], "203.0.113.7") && passes(&[], "nonsense"));
        for text in ["nonsense", "", "203.0.113.7:443", "203.0.113.7, 10.0.0.1", "0203.0.113.7"] {
            assert!(!passes(&["0.0.0.0/0", "::/0"], text), "{text:?}");
        }
    }

    #[test]
    fn a_bad_entry_is_named() {
        let list = ["10.0.0.1".to_owned(), "10.0.0.0/33".to_owned()];
        let error = check_list("defaultAllowedIPs", &list).expect_err("33 bits");
        assert_eq!(
            (error.field.as_ref(), error.reason),
            ("defaultAllowedIPs[1]", Reason::AddressInvalid)
        );
        let many = vec!["10.0.0.1".to_owned(); limits::ALLOWED_IPS + 1];
        let error = check_list("defaultAllowedIPs", &many).expect_err("too many");
        assert_eq!(error.reason, Reason::TooManyAddresses);
        check_list("defaultAllowedIPs", &many[1..]).expect("exactly the limit");
    }
}
