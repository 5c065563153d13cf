//! What every operation on records has at hand, and how it is tried again when the schema changed under it.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use annex_openapi::collections::CollectionKind;
use time::OffsetDateTime;

use super::group_commit::GroupCommit;
use super::key;
use super::sql::Bind;
use super::sql::predicate::{Context, Verdict, is_row_local};
use super::store::Failure;
use crate::app::App;
use crate::collections::catalogue::{Rule, Snapshot, Table};
use crate::db::lanes::Lane;
use crate::db::{Lanes, Share};
use crate::extract::{Caller, Party};
use crate::problem::{Code, Problem, Result};

/// How many changes of the schema a request follows.
const MOST_REFRESHES: u32 = 5;

/// The parts of the server that an operation uses, and who is calling.
#[derive(Debug, Clone)]
pub struct Request {
    http: HttpRequest,
    /// The application.
    pub app: Data<App>,
    /// The worker's connections.
    pub lanes: Data<Lanes>,
    /// Where the worker's inserts meet.
    pub group_commit: Data<GroupCommit>,
    /// Who is calling.
    pub caller: Caller,
    /// The instant of the request.
    pub now: OffsetDateTime,
    /// The name of the collection, as the path has it.
    pub collection: String,
    /// The key of the row, as the path has it (still percent-encoded); empty where the path has none.
    pub key: String,
}

impl FromRequest for Request {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    /// Takes apart `/v1/records/{collection}/{id}`.
    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().expect("the application has its state").clone();
        let lanes = request.app_data::<Data<Lanes>>().expect("every worker has its lanes").clone();
        let group_commit = request.app_data::<Data<GroupCommit>>().expect("every worker has its own").clone();
        let mut segments = request.uri().path().split('/').skip(3);
        let collection = segments.next().unwrap_or_default().to_owned();
        let key = segments.next().unwrap_or_default().to_owned();
        let now = app.clock.now();
        let caller = Caller::from_request(request, payload).into_inner();
        let http = request.clone();
        ready(caller.map(|caller| Self { http, app, lanes, group_commit, caller, now, collection, key }))
    }
}

impl Request {
    /// The same as if somebody else called.
    pub fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    /// Whose share the request counts for.
    pub fn party(&self) -> Party {
        Party::of(&self.http, &self.caller, &self.app.config.server.trusted_proxies)
    }

    /// The caller's share of what lists run on, for as long as it is held.
    ///
    /// # Errors
    /// `too_many_requests`
    pub async fn scan_share(&self) -> Result<Share> {
        self.lanes.scan_shares.take(self.party()).await
    }

    /// Does `work` with the collections as they are known; where it turns out that the schema has changed since, again
    /// with the collections as they are, and where another request came in between, once more too.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn attempt<T>(&self, mut work: impl AsyncFnMut(View<'_>) -> Result<T, Failure>) -> Result<T> {
        let mut snapshot = self.app.catalogue.snapshot();
        let (mut refreshes, mut overtaken) = (0, false);
        loop {
            match work(View { request: self, snapshot: &snapshot }).await {
                Ok(done) => return Ok(done),
                Err(Failure::Problem(problem)) => return Err(problem),
                Err(Failure::Overtaken(problem)) if overtaken => return Err(problem),
                Err(Failure::Overtaken(_)) => overtaken = true,
                Err(Failure::Stale(reason)) => {
                    tracing::debug!(reason, "the schema changed under a request; reading it again");
                    let before = snapshot;
                    snapshot = self.app.catalogue.refresh_now(&self.app.db.pool).await?;
                    refreshes += 1;
                    let is_followed = refreshes == 1 || snapshot.version != before.version;
                    if !is_followed || refreshes > MOST_REFRESHES {
                        return Err(self.impossible(&reason));
                    }
                }
            }
        }
    }

    /// It is not the catalogue: the database cannot do what was asked of it, order points of a plane, for example.
    fn impossible(&self, reason: &str) -> Problem {
        tracing::warn!(
            reason,
            collection = self.collection,
            "Postgres refused a statement over a collection"
        );
        Problem::new(Code::BadRequest, "The database cannot do what the request asks of the collection")
            .with_hint("Filter and sort by other fields")
    }
}

/// A request and the collections at one moment.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The request.
    pub request: &'a Request,
    /// The collections.
    pub snapshot: &'a Snapshot,
}

impl<'a> View<'a> {
    /// What conditions may refer to.
    pub fn context(&self) -> Context<'a> {
        Context { snapshot: self.snapshot, caller: &self.request.caller, now: self.request.now }
    }

    /// The table of the collection that the path names.
    ///
    /// # Errors
    /// `not_found`
    pub fn table(&self) -> Result<&'a Arc<Table>> {
        self.collection(&self.request.collection)
    }

    /// The table of the collection of that name.
    ///
    /// # Errors
    /// `not_found`
    pub fn collection(&self, name: &str) -> Result<&'a Arc<Table>> {
        self.snapshot.served(name).ok_or_else(|| Problem::not_found(format_args!("collection `{name}`")))
    }

    /// The lane for a read of a table's row by its key.
    pub fn reads(&self, table: &Table) -> &'a Lane {
        let lanes = &self.request.lanes;
        if self.reads_quickly(table) { &lanes.points } else { &lanes.scans }
    }

    /// Whether a read of a table's row by its key waits for nothing. What may take long has a connection to itself: a
    /// view, or a rule that looks at other rows.
    pub fn reads_quickly(&self, table: &Table) -> bool {
        table.collection.kind == CollectionKind::Table && self.is_quick(&table.rules.view)
    }

    /// Where an insert into a table may meet others, to be committed with them: it looks at no other rows, and nothing
    /// else comes of it than its own.
    pub fn company(&self, table: &Table) -> Option<&'a GroupCommit> {
        let is_plain =
            table.inserts_plainly && self.is_quick(&table.rules.create) && self.is_quick(&table.rules.view);
        is_plain.then_some(&*self.request.group_commit)
    }

    /// Whether a rule looks at no other rows.
    fn is_quick(&self, rule: &Rule) -> bool {
        match self.context().verdict(rule) {
            Verdict::All | Verdict::Nothing => true,
            Verdict::Some(predicate) => is_row_local(predicate),
        }
    }

    /// The key that the path names.
    ///
    /// # Errors
    /// `not_found` where it cannot be the key of any row.
    pub fn key(&self, table: &Table) -> Result<Vec<Bind>> {
        key::parse_key(table, &self.request.key)
    }
}

/// A record that is not there, or that the caller may not know of.
pub fn no_such_record(table: &Table) -> Problem {
    Problem::not_found(format_args!("such record in `{}`", table.collection.name))
}
