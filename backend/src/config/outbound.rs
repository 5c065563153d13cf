//! How the server calls other hosts for its users.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use url::Host;

use super::source::{AtLeast, Bytes, Source};

/// How the server calls other hosts for its users.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// What may be called although it is not public.
    pub allow: Vec<Allowed>,
    /// The name servers that are asked; empty for the system's.
    pub dns: Vec<SocketAddr>,
    /// How many calls one host has to answer at once.
    pub per_host: usize,
    /// The largest answer that is read, in bytes.
    pub max_response: usize,
}

/// What may be called although it is not public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// The addresses of a network, by whatever name.
    Network(IpNet),
    /// A host of that name, whatever its address.
    Host(String),
}

impl Outbound {
    pub(super) fn from_source(source: &mut Source) -> Self {
        let dns: Vec<NameServer> = source.list(
            "ANNEX_OUTBOUND_DNS",
            "outbound.dns",
            "addresses of name servers, such as 10.0.0.2 or 10.0.0.2:5353, with commas between them",
        );
        Self {
            allow: source.list(
                "ANNEX_OUTBOUND_ALLOW",
                "outbound.allow",
                "host names, addresses and networks, such as search.internal or 10.1.0.0/16, with commas between them",
            ),
            dns: dns.into_iter().map(|NameServer(address)| address).collect(),
            per_host: source
                .get(
                    "ANNEX_OUTBOUND_PER_HOST",
                    "outbound.per_host",
                    "a number of calls, at least 1",
                    AtLeast::<1>(10),
                )
                .0,
            max_response: source
                .get(
                    "ANNEX_OUTBOUND_MAX_RESPONSE",
                    "outbound.max_response",
                    Bytes::ALLOWED,
                    Bytes(1 << 20),
                )
                .0,
        }
    }
}

impl FromStr for Allowed {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        match Host::parse(text).map_err(|_| ())? {
            // A pattern would be a name that no host has.
            Host::Domain(name) if name.contains(|c: char| !(c.is_alphanumeric() || "-._".contains(c))) => {
                Err(())
            }
            Host::Domain(name) => Ok(Self::Host(name.trim_end_matches('.').to_owned())),
            Host::Ipv4(address) => Ok(Self::Network(IpAddr::from(address).into())),
            Host::Ipv6(address) => Ok(Self::Network(IpAddr::from(address).into())),
        }
    }
}

struct NameServer(SocketAddr);

impl FromStr for NameServer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        const PORT: u16 = 53;
        let address = text.parse().or_else(|_| text.parse().map(|address: IpAddr| (address, PORT).into()));
        address.map(Self).map_err(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_an_address_or_a_network_is_allowed() {
        let network = |text: &str| Ok(Allowed::Network(text.parse().unwrap()));
        assert_eq!("10.1.0.0/16".parse(), network("10.1.0.0/16"));
        assert_eq!("10.1.2.3".parse(), network("10.1.2.3/32"));
        assert_eq!("fd00::/8".parse(), network("fd00::/8"));
        assert_eq!("::1".parse(), network("::1/128"));
        assert_eq!("[::1]".parse(), network("::1/128"));
        assert_eq!("Search.Internal.".parse(), Ok(Allowed::Host("search.internal".to_owned())));
        for wrong in [
            "10.1.0.0/33",
            "http://search.internal",
            "search.internal:80",
            "10.1.0.0/",
            "a b",
            "*",
            "*.internal",
        ] {
            assert_eq!(wrong.parse::<Allowed>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn a_name_server_has_port_53_where_it_names_none() {
        let parsed = |text: &str| text.parse().map(|NameServer(address)| address.to_string()).ok();
        assert_eq!(parsed("10.0.0.2").as_deref(), Some("10.0.0.2:53"));
        assert_eq!(parsed("[fd00::2]:5353").as_deref(), Some("[fd00::2]:5353"));
        assert_eq!(parsed("dns.internal"), None);
    }
}
