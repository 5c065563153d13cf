//! Triggers: jobs that are enqueued when something happens.

use annex_openapi::triggers::{Trigger, TriggerPage, TriggerReplace, TriggerUpdate};

use super::{Api, ApiError, Call};
use crate::url::segment;

fn path(name: &str) -> String {
    format!("/v1/triggers/{}", segment(name))
}

impl Api {
    /// A page of triggers, by name.
    pub async fn triggers(self, limit: usize, cursor: Option<String>) -> Result<TriggerPage, ApiError> {
        self.fetch(Call::get("/v1/triggers").query("limit", limit).query_opt("cursor", cursor)).await
    }

    /// A trigger.
    pub async fn trigger(self, name: &str) -> Result<Trigger, ApiError> {
        self.fetch(Call::get(path(name))).await
    }

    /// Makes a trigger, or makes it so.
    pub async fn replace_trigger(self, name: &str, trigger: &TriggerReplace) -> Result<Trigger, ApiError> {
        self.fetch(Call::with_method("PUT", path(name)).json(trigger)).await
    }

    /// Changes a trigger.
    pub async fn change_trigger(self, name: &str, change: &TriggerUpdate) -> Result<Trigger, ApiError> {
        self.fetch(Call::patch(path(name)).json(change)).await
    }

    /// Forgets a trigger.
    pub async fn delete_trigger(self, name: &str) -> Result<(), ApiError> {
        self.send(Call::delete(path(name))).await.map(drop)
    }
}
