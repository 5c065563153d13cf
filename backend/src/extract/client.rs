//! Where a request comes from, and whose share it counts for.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use uuid::Uuid;

use super::Caller;
use crate::app::App;
use crate::problem::Problem;

/// The longest name of a program that is kept.
const MAX_USER_AGENT: usize = 400;

/// The client of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its address: the connection's, or what a proxy that is trusted says of it.
    pub address: IpAddr,
    /// The program, as it names itself.
    pub user_agent: Option<String>,
}

impl Client {
    /// The client of that request.
    pub fn of(request: &HttpRequest, trusted_proxies: &[IpAddr]) -> Self {
        let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
        Self {
            address: Self::address_of(request, trusted_proxies),
            user_agent: user_agent.map(|name| name.chars().take(MAX_USER_AGENT).collect()),
        }
    }

    /// The address of that request's client.
    pub fn address_of(request: &HttpRequest, trusted_proxies: &[IpAddr]) -> IpAddr {
        let peer =
            request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip().to_canonical());
        let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        through_proxies(peer, forwarded, trusted_proxies)
    }
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().expect("the application has its state");
        ready(Ok(Self::of(request, &app.config.server.trusted_proxies)))
    }
}

/// Whoever a limit is for: an account, or where nobody is signed in, the network that the request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// That account.
    Account(Uuid),
    /// That network.
    Network(IpAddr),
}

impl Party {
    /// The party of that caller's request.
    pub fn of(request: &HttpRequest, caller: &Caller, trusted_proxies: &[IpAddr]) -> Self {
        match caller.identity() {
            Some(identity) => Self::Account(identity.user_id),
            None => Self::Network(network(Client::address_of(request, trusted_proxies))),
        }
    }
}

/// The network of an address: in IPv6 one client has at least 64 bits to choose from.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

/// Each proxy adds whom it heard from at the end, so the last address that no trusted proxy has is the client's.
fn through_proxies<'a>(
    peer: IpAddr,
    forwarded: impl Iterator<Item = &'a str>,
    trusted_proxies: &[IpAddr],
) -> IpAddr {
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
    let mut address = peer;
    for hop in hops.into_iter().rev() {
        if !trusted_proxies.contains(&address) {
            break;
        }
        let Ok(said) = hop.trim().parse::<IpAddr>() else { break };
        address = said.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let proxies: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        for (peer, forwarded, client) in [
            ("192.0.2.9", vec!["198.51.100.1"], "192.0.2.9"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["203.0.113.5, nonsense"], "10.0.0.1"),
            ("10.0.0.1", vec!["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["10.0.0.2, 10.0.0.1"], "10.0.0.2"),
        ] {
            let found = through_proxies(peer.parse().unwrap(), forwarded.iter().copied(), &proxies);
            assert_eq!(found.to_string(), client, "{peer} {forwarded:?}");
        }
    }
}
