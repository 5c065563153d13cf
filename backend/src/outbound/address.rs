//! Which addresses are hosts of the public internet, by IANA's registries of special-purpose addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(a: u16, b: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), length)
}

const SPECIAL_V4: [(Ipv4Net, &str); 18] = [
    (v4(0, 0, 0, 0, 8), "an address of this machine"),
    (v4(127, 0, 0, 0, 8), "an address of this machine"),
    (v4(10, 0, 0, 0, 8), "a private address"),
    (v4(172, 16, 0, 0, 12), "a private address"),
    (v4(192, 168, 0, 0, 16), "a private address"),
    (v4(100, 64, 0, 0, 10), "an address of a carrier's own network"),
    (v4(169, 254, 0, 0, 16), "a link-local address"),
    (v4(192, 0, 0, 0, 24), "an address of a protocol"),
    (v4(192, 0, 2, 0, 24), "an address for documentation"),
    (v4(198, 51, 100, 0, 24), "an address for documentation"),
    (v4(203, 0, 113, 0, 24), "an address for documentation"),
    (v4(198, 18, 0, 0, 15), "an address for benchmarks"),
    (v4(192, 31, 196, 0, 24), "an address of a protocol"),
    (v4(192, 88, 99, 0, 24), "an address of a tunnel"),
    (v4(192, 175, 48, 0, 24), "an address of a protocol"),
    // In the public range, and yet the same for every machine of Azure: it hands out the machine's secrets.
    (v4(168, 63, 129, 16, 32), "an address of a cloud's own services"),
    (v4(224, 0, 0, 0, 4), "a multicast address"),
    // With the broadcast address.
    (v4(240, 0, 0, 0, 4), "a reserved address"),
];

/// All that is allocated to hosts. Outside of it are `::1`, `::`, IPv4 in IPv6 (`::ffff:0:0/96`, `::/96`), NAT64 (`64:ff9b::/96`),
/// `fc00::/7`, `fe80::/10`, `ff00::/8` and whatever is yet to be given a meaning.
const HOSTS_V6: Ipv6Net = v6(0x2000, 0, 3);

const SPECIAL_V6: [(Ipv6Net, &str); 5] = [
    // Among others Teredo, which has an IPv4 address within.
    (v6(0x2001, 0, 23), "an address of a protocol"),
    (v6(0x2001, 0x0db8, 32), "an address for documentation"),
    (v6(0x3fff, 0, 20), "an address for documentation"),
    // 6to4 has an IPv4 address within.
    (v6(0x2002, 0, 16), "an address of a tunnel"),
    // 6bone, and tunnels that had an IPv4 address within.
    (v6(0x3ffe, 0, 16), "an address of a tunnel"),
];

/// What the address is, where it is not a host of the public internet.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            SPECIAL_V4.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what)
        }
        IpAddr::V6(address) if !HOSTS_V6.contains(&address) => {
            Some(if address.is_loopback() { "an address of this machine" } else { "not a public address" })
        }
        IpAddr::V6(address) => {
            SPECIAL_V6.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_special(text: &str) -> bool {
        special(text.parse().unwrap()).is_some()
    }

    #[test]
    fn the_first_and_the_last_address_of_each_network_are_special_and_their_neighbours_are_not() {
        for (network, what) in SPECIAL_V4 {
            assert!(is_special(&network.network().to_string()), "{network} {what}");
            assert!(is_special(&network.broadcast().to_string()), "{network} {what}");
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "168.63.129.15",
            "168.63.129.17",
            "8.8.8.8",
            "93.184.216.34",
        ] {
            assert!(!is_special(public), "{public}");
        }
    }

    #[test]
    fn only_hosts_are_public_in_ipv6() {
        for special in [
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::a00:1",
            "100::1",
            "1fff:ffff::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3ffe::1",
            "3fff::1",
            "3fff:fff:ffff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(is_special(special), "{special}");
        }
        for public in [
            "2001:200::1",
            "2001:4860:4860::8888",
            "2001:db7::1",
            "2001:db9::1",
            "2003::1",
            "2400::1",
            "2606:4700::1111",
            "2a00::1",
            "3fff:1000::1",
        ] {
            assert!(!is_special(public), "{public}");
        }
    }
}
