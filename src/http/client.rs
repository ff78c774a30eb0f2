//! From which address a request comes: that of the peer, or what a trusted proxy says of its own peer (RFC 7239).
//!
//! It says where somebody came from, in the log, the record and limits by address. It decides nothing about what they may
//! do, and locations are made of `server.public_url` alone: what proxies say of a host or a scheme is never read (D-28).

use crate::config::{ForwardedHeader, Network};
use axum::http::HeaderMap;
use axum::http::header::{FORWARDED, HeaderName};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Who is at the other end of the connection, in an extension of each request that came by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// From where the client speaks, in an extension of each request that came by a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Whose word about the client is taken, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxies {
    /// The proxies that are believed.
    pub trusted: Vec<Network>,
    /// The header that they set. One alone: of another, they would pass on what the client wrote.
    pub header: ForwardedHeader,
}

impl Default for Proxies {
    /// Nobody's.
    fn default() -> Self {
        Self { trusted: Vec::new(), header: ForwardedHeader::XForwardedFor }
    }
}

impl Proxies {
    /// The address of the client: the last in the chain of proxies that is no trusted proxy's itself. Each proxy appends
    /// its own peer, so the chain is read from its end, and what stands before an address that is not trusted is that
    /// client's own invention. An entry that is no address ends the chain too.
    pub fn client(&self, peer: Peer, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.0.to_canonical();
        if !self.trusts(peer) {
            return ClientAddress(client);
        }
        let (name, read): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, node),
            ForwardedHeader::Forwarded => (FORWARDED, forwarded_for),
        };
        // Split at each comma, also at those in quotes: a quote that a client opens must not swallow what a proxy appends.
        let lines = headers.get_all(name).iter().rev();
        let mut entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while let Some(address) = entries.next().and_then(read) {
            client = address.to_canonical();
            if !self.trusts(Peer(client)) {
                break;
            }
        }
        ClientAddress(client)
    }

    /// Whether this is a trusted proxy.
    pub fn trusts(&self, peer: Peer) -> bool {
        self.trusted.iter().any(|network| network.contains(peer.0))
    }
}

/// The address in `for=192.0.2.60;proto=https` (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    node(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

/// An address with or without a port, IPv6 also in brackets; not `unknown` or another name (RFC 7239 §6).
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(bracketed).or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn proxies(header: ForwardedHeader) -> Proxies {
        let network = |text| Network::parse(text).expect("a network");
        Proxies { trusted: vec![network("10.0.0.0/8"), network("fd00::/8")], header }
    }

    /// `lines` are headers of the kind that is configured.
    #[track_caller]
    fn check(header: ForwardedHeader, peer: &str, lines: &[&str], client: &str) {
        let name = match header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(&name, HeaderValue::from_bytes(line.as_bytes()).expect("a header value"));
        }
        let found = proxies(header).client(Peer(peer.parse().expect("an address")), &headers);
        assert_eq!(found.0.to_string(), client, "{peer} says {lines:?}");
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
            check(header, "192.0.2.1", &["for=198.51.100.7", "198.51.100.7"], "192.0.2.1");
            check(header, "::ffff:192.0.2.1", &["10.0.0.1"], "192.0.2.1");
        }
    }

    #[test]
    fn of_a_trusted_proxy_the_last_address_that_is_no_proxy_counts() {
        let check = |lines: &[&str], client| check(ForwardedHeader::XForwardedFor, "10.0.0.1", lines, client);
        check(&[], "10.0.0.1");
        check(&["198.51.100.7"], "198.51.100.7");
        check(&["203.0.113.9, 198.51.100.7"], "198.51.100.7");
        check(&["203.0.113.9, 198.51.100.7, 10.2.3.4 ,fd00::1"], "198.51.100.7");
        check(&["203.0.113.9", "198.51.100.7", "10.2.3.4"], "198.51.100.7");
        check(&["10.9.9.9, 10.2.3.4"], "10.9.9.9");
        check(&["198.51.100.7:4711"], "198.51.100.7");
        check(&["[2001:db8::17]:4711"], "2001:db8::17");
        check(&["[2001:db8::17]"], "2001:db8::17");
        check(&["2001:db8::17"], "2001:db8::17");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
            for line in ["", ",", "unknown", "198.51.100.7, for=_hidden", "for=198.51.100.7,", "x\t", "198.51.100.7, f\u{fc}r"] {
                check(header, "10.0.0.1", &[line], "10.0.0.1");
            }
        }
        check(ForwardedHeader::XForwardedFor, "10.0.0.1", &["198.51.100.7, unknown, 10.0.0.2"], "10.0.0.2");
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let check = |lines: &[&str], client| check(ForwardedHeader::Forwarded, "10.0.0.1", lines, client);
        check(&["for=192.0.2.43"], "192.0.2.43");
        check(&["For=\"[2001:db8:cafe::17]:4711\""], "2001:db8:cafe::17");
        check(&["for=192.0.2.60;proto=http;by=203.0.113.43"], "192.0.2.60");
        check(&["proto=https; FOR = \"192.0.2.60:80\""], "192.0.2.60");
        check(&["for=192.0.2.43, for=198.51.100.17;proto=https, for=10.0.0.2"], "198.51.100.17");
        check(&["by=198.51.100.17"], "10.0.0.1");
    }

    #[test]
    fn a_quote_that_the_client_opens_hides_nothing_that_a_proxy_appends() {
        check(ForwardedHeader::Forwarded, "10.0.0.1", &["for=\"203.0.113.9, for=198.51.100.7"], "198.51.100.7");
        check(ForwardedHeader::Forwarded, "10.0.0.1", &["for=\"203.0.113.9", "for=198.51.100.7"], "198.51.100.7");
    }

    #[test]
    fn the_header_that_the_proxies_do_not_set_is_the_clients_own_and_not_read() {
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED, HeaderValue::from_static("for=203.0.113.9"));
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("198.51.100.7"));
        let peer = Peer(IpAddr::from([10, 0, 0, 1]));
        let found = |header| proxies(header).client(peer, &headers).0.to_string();
        assert_eq!(found(ForwardedHeader::XForwardedFor), "198.51.100.7");
        assert_eq!(found(ForwardedHeader::Forwarded), "203.0.113.9");
    }
}
