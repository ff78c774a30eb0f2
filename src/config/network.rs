//! An address or a network of addresses.

use std::net::IpAddr;

/// A network such as `10.0.0.0/8`; an address alone is the network of that address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Reads `ADDRESS` or `ADDRESS/BITS`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address or network such as 10.0.0.7, 10.0.0.0/8 or fd00::/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = width(address);
        let prefix = match prefix {
            None => bits,
            // `parse` alone would take "+8" too.
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => prefix.parse().map_err(|_| wrong())?,
            Some(_) => return Err(wrong()),
        };
        if prefix > bits { Err(wrong()) } else { Ok(Self { address, prefix }) }
    }

    /// Whether `address` lies in it. An IPv4 address that came over an IPv6 socket (`::ffff:10.0.0.7`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other) = (self.address.to_canonical(), address.to_canonical());
        if own.is_ipv4() != other.is_ipv4() {
            return false;
        }
        // A network written as ::ffff:10.0.0.0/104 counts its bits from the IPv6 address.
        let prefix = self.prefix.saturating_sub(width(self.address) - width(own));
        let distinct = number(own) ^ number(other);
        prefix == 0 || distinct >> (width(own) - prefix) == 0
    }
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(network: &str, inside: &[&str], outside: &[&str]) {
        let network = Network::parse(network).expect("a network");
        for address in inside {
            assert!(network.contains(address.parse().expect("an address")), "{address} is in {network:?}");
        }
        for address in outside {
            assert!(!network.contains(address.parse().expect("an address")), "{address} is not in {network:?}");
        }
    }

    #[test]
    fn a_network_contains_the_addresses_with_its_prefix() {
        check("10.0.0.0/8", &["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], &["11.0.0.0", "9.255.255.255", "::1"]);
        check("10.0.0.7", &["10.0.0.7"], &["10.0.0.6", "10.0.0.8"]);
        check("0.0.0.0/0", &["1.2.3.4"], &["::1"]);
        check("fd00::/8", &["fd12::1"], &["fe80::1", "10.0.0.1"]);
        check("::/0", &["::1"], &["1.2.3.4"]);
        check("::ffff:10.0.0.0/104", &["10.3.0.1"], &["11.0.0.1"]);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "proxy.example", "10.0.0.0/8/8"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }
}
