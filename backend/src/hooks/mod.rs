//! Before something is written, others may change it or refuse: code of the program that Annex is a part of, and programs elsewhere
//! that are called over HTTP.
//!
//! A hook sees what was sent once it is known to be sound and not denied without looking; what it makes of it is checked again, and
//! the rules hold for it all the same. It is asked before the write's transaction, not in it: a write that fails afterwards was asked
//! about too.

mod call;
pub mod delete;
pub mod get;
mod input;
pub mod list;
pub mod replace;
pub mod rotate;
pub mod store;
pub mod update;

use std::fmt;
use std::sync::Arc;

use annex_openapi::hooks::Hook;
pub use annex_openapi::hooks::{HookEvent, HookMethod};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

use crate::app::App;
use crate::extract::{Caller, settings_tag};
use crate::problem::{Problem, Result};

pub use store::HttpHook;

/// Names the settings of a hook, for `If-Match`.
fn tag(hook: &Hook) -> String {
    let Hook { events, collection, url, timeout_ms, on_failure, enabled, .. } = hook;
    settings_tag(&(events, collection, url, timeout_ms, on_failure, enabled))
}

/// The collection that accounts are called by.
pub const USERS: &str = "users";

/// A write of one record that a hook is asked about.
#[derive(Debug, Clone)]
pub struct Change {
    /// What is about to be done.
    pub method: HookMethod,
    /// The collection; `users` for an account.
    pub collection: String,
    /// Who does it.
    pub caller: Caller,
    /// The record's key, or a list with its parts; null for one that is to be made.
    pub id: Value,
    /// The fields to write; empty for a delete. A hook may change them.
    pub body: Map<String, Value>,
}

type Before =
    dyn for<'a> Fn(&'a mut Change, &'a App) -> LocalBoxFuture<'a, Result<()>> + Send + Sync + 'static;

struct Registered {
    event: HookEvent,
    collection: String,
    before: Box<Before>,
}

/// The hooks of the program itself.
#[derive(Default)]
pub struct Hooks(Vec<Registered>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|hook| (hook.event, &hook.collection))).finish()
    }
}

/// Why something is not written.
#[derive(Debug)]
pub struct Refused {
    /// Which of the changes it is about.
    pub index: usize,
    /// What the client is told; its pointers are into the body of that change.
    pub problem: Problem,
}

impl Hooks {
    /// Adds one, which is asked before that is done to a record of the collection.
    pub fn add<F>(&mut self, event: HookEvent, collection: &str, hook: F)
    where
        F: AsyncFn(&mut Change, &App) -> Result<()> + Send + Sync + 'static,
    {
        let hook = Arc::new(hook);
        let before = boxed(move |change, app| {
            let hook = Arc::clone(&hook);
            async move { hook(change, app).await }.boxed_local()
        });
        self.0.push(Registered { event, collection: collection.to_owned(), before });
    }

    /// Those that are asked about a write, in the order in which they are asked: the program's own, then the others by name.
    pub fn due<'a>(&'a self, http: &'a [HttpHook], method: HookMethod, collection: &str) -> Due<'a> {
        let is_due = |event: HookEvent| match method {
            HookMethod::Create => event == HookEvent::Create,
            HookMethod::Update => event == HookEvent::Update,
            HookMethod::Replace => matches!(event, HookEvent::Create | HookEvent::Update),
            HookMethod::Delete => event == HookEvent::Delete,
            HookMethod::Register => event == HookEvent::Register,
        };
        let own = self.0.iter().filter(|hook| is_due(hook.event) && hook.collection == collection);
        let http = http.iter().filter(|hook| {
            let about = method == HookMethod::Register
                || hook.collection.as_deref().is_none_or(|named| named == collection);
            about && hook.events.iter().any(|event| is_due(*event))
        });
        Due { own: own.collect(), http: http.collect() }
    }
}

fn boxed<F>(before: F) -> Box<Before>
where
    F: for<'a> Fn(&'a mut Change, &'a App) -> LocalBoxFuture<'a, Result<()>> + Send + Sync + 'static,
{
    Box::new(before)
}

/// The hooks that are asked about a write.
pub struct Due<'a> {
    own: Vec<&'a Registered>,
    http: Vec<&'a HttpHook>,
}

impl Due<'_> {
    /// Nobody is asked.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.http.is_empty()
    }

    /// Asks one after the other; each sees what those before have made of it. The changes are of one method and one collection.
    ///
    /// # Errors
    /// One refuses, or does not answer and must.
    pub async fn ask(&self, app: &App, changes: &mut [Change]) -> Result<(), Refused> {
        for hook in &self.own {
            for (index, change) in changes.iter_mut().enumerate() {
                (hook.before)(change, app).await.map_err(|problem| Refused { index, problem })?;
            }
        }
        for hook in &self.http {
            call::ask(app, hook, changes).await?;
        }
        Ok(())
    }
}
