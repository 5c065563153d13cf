//! Which hosts may be called: those of the public internet, and those that whoever runs the server allows.
//!
//! A name is looked up once, each address of the answer is checked, and the client connects to what is left: there is no second
//! lookup that could answer otherwise.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::special;
use crate::config::{self, Allowed};

/// A host that may not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{host}` is {what}, which is not called unless ANNEX_OUTBOUND_ALLOW names it")]
pub struct Refused {
    /// As it was asked for.
    pub host: String,
    /// What it is.
    pub what: &'static str,
}

/// Says which hosts may be called, and looks their names up.
#[derive(Debug, Clone)]
pub(super) struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    allow: Vec<Allowed>,
    resolver: TokioResolver,
}

impl Guard {
    pub(super) fn new(config: &config::Outbound) -> Result<Self, NetError> {
        let mut builder = if config.dns.is_empty() {
            TokioResolver::builder_tokio().unwrap_or_else(|error| {
                tracing::warn!(%error, "The system names no name servers: hosts are not found by name");
                TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
            })
        } else {
            let servers = config.dns.iter().map(name_server).collect();
            let servers = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(servers, TokioRuntimeProvider::default())
        };
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        Ok(Self(Arc::new(Inner { allow: config.allow.clone(), resolver: builder.build()? })))
    }

    /// Whether an address may be called.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let is_allowed = |allowed: &Allowed| match allowed {
            Allowed::Network(network) => network.contains(&address),
            Allowed::Host(_) => false,
        };
        match special(address) {
            Some(what) if !self.0.allow.iter().any(is_allowed) => {
                Err(Refused { host: address.to_string(), what })
            }
            _ => Ok(()),
        }
    }

    /// The addresses of a host that may be called.
    async fn look_up(&self, host: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let found = self.0.resolver.lookup_ip(host).await?;
        let name = host.trim_end_matches('.');
        let is_allowed = |allowed: &Allowed| matches!(allowed, Allowed::Host(host) if host == name);
        let is_allowed = self.0.allow.iter().any(is_allowed);
        let mut refused = None;
        let mut addresses = Vec::new();
        for address in found.iter() {
            match self.check(address) {
                Err(error) if !is_allowed => refused = Some(Refused { host: name.to_owned(), ..error }),
                // The port is the URL's.
                _ => addresses.push(SocketAddr::new(address, 0)),
            }
        }
        match refused {
            Some(refused) if addresses.is_empty() => Err(refused.into()),
            _ => Ok(addresses),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.look_up(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}
