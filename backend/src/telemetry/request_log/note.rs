//! From a request that ends to an entry, where there is room for one.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::dev::ServiceRequest;
use actix_web::http::Uri;

use super::entry::{self, Entry};
use crate::app::App;
use crate::extract::{Caller, Client};
use crate::problem::Problem;
use crate::telemetry::{Counters, RequestId};

/// What is remembered of a request while it is worked on: it may go down with a layer that fails.
#[derive(Debug)]
pub struct Arrival {
    uri: Uri,
    address: IpAddr,
}

/// How a request ended.
#[derive(Debug, Clone)]
pub struct Ending<'a> {
    /// Its id.
    pub id: &'a RequestId,
    /// Its method.
    pub method: &'static str,
    /// The path's pattern, where there is such a route.
    pub route: Option<&'a str>,
    /// The answer's status.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// Who asked, where that is known.
    pub caller: Option<Caller>,
    /// What was wrong.
    pub problem: Option<&'a Problem>,
}

impl Arrival {
    /// What is to be remembered of that request.
    pub fn of(request: &ServiceRequest, app: &App) -> Self {
        let address = Client::address_of(request.request(), &app.config.server.trusted_proxies);
        Self { uri: request.uri().clone(), address }
    }

    /// Notes the request in the log; where there are too many of late, only that there was one.
    pub fn note(self, app: &App, counters: &Counters, ending: &Ending<'_>) {
        if !app.config.request_log.enabled {
            return;
        }
        if !app.request_log.has_room(ending.status) || !app.request_log.push(self.entry(app, ending)) {
            counters.unlogged();
        }
    }

    fn entry(self, app: &App, ending: &Ending<'_>) -> Entry {
        let identity = ending.caller.as_ref().and_then(Caller::identity);
        Entry {
            id: ending.id.id,
            request_id: ending.id.given().map(str::to_owned),
            at: app.clock.now() - ending.took,
            method: ending.method,
            path: entry::path(self.uri.path()),
            query: self.uri.query().map(entry::query),
            route: ending.route.map(str::to_owned),
            status: ending.status,
            duration_us: ending.took.as_micros() as i64,
            user_id: identity.map(|identity| identity.user_id),
            impersonator_id: identity.and_then(|identity| identity.impersonator),
            address: self.address,
            problem: ending.problem.map(entry::problem),
        }
    }
}
