//! Annex as a library: a program of one's own that is an Annex server with more job kinds, routes and hooks.

use std::fmt;
use std::process::ExitCode;
use std::sync::Arc;

use actix_web::web::ServiceConfig;
use annex_openapi::hooks::HookEvent;
use clap::Parser;
use utoipa::openapi::OpenApi;

use crate::app::App;
use crate::commands::Cli;
use crate::document::Documents;
use crate::hooks::{Change, Hooks};
use crate::jobs::{self, Job, Registry};
use crate::problem::Result;
use crate::records::transfer::background;
use crate::webhooks;

/// Adds routes to the server of each thread.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// What a program adds to the server that it is: `App::builder().job::<Greet>().run()` is all of its `main`.
///
/// What it makes has the command line of `annex` (`serve`, `worker`, `migrate`, …) and is configured like it.
pub struct Builder {
    pub(crate) kinds: Registry,
    pub(crate) hooks: Hooks,
    pub(crate) routes: Vec<Routes>,
    pub(crate) documents: Documents,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("kinds", &self.kinds)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        let mut kinds = Registry::default();
        jobs::kinds::add_to(&mut kinds);
        background::add_to(&mut kinds);
        webhooks::add_to(&mut kinds);
        Self { kinds, hooks: Hooks::default(), routes: Vec::new(), documents: Documents::default() }
    }
}

impl App {
    /// A server as `annex` is, to which more is added.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Adds a kind of job, which every server and worker of the program runs; one of the same name is replaced.
    #[must_use]
    pub fn job<T: Job>(mut self) -> Self {
        self.kinds.add::<T>();
        self
    }

    /// Adds routes, and the operations that describe them in the server's document: what `#[derive(OpenApi)]` gathers from their
    /// handlers. They stand inside the layers that all routes have: callers are known ([`Caller`](crate::extract::Caller)), idempotency
    /// keys hold, requests are logged, and a [`Problem`](crate::problem::Problem) is answered as every other. A route of Annex is not replaced.
    #[must_use]
    pub fn route(
        mut self,
        document: OpenApi,
        routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
    ) -> Self {
        self.documents.add(document);
        self.routes.push(Arc::new(routes));
        self
    }

    /// Adds a hook, which is asked before that is done to a record of the collection (`users` for [`HookEvent::Register`]), through
    /// whichever way of the API. It may change the fields that are written, and refuses with a problem: its pointers are into the body.
    #[must_use]
    pub fn hook<F>(mut self, event: HookEvent, collection: &str, hook: F) -> Self
    where
        F: AsyncFn(&mut Change, &App) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks.add(event, collection, hook);
        self
    }

    /// Does what the command line says; what goes wrong is told on the standard error.
    pub async fn run(self) -> ExitCode {
        match Cli::parse().run(self).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => {
                eprintln!("annex: {failure}");
                ExitCode::FAILURE
            }
        }
    }
}
