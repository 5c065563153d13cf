//! Hooks: programs that are asked before something is written.

use annex_openapi::hooks::{Hook, HookPage, HookReplace, HookUpdate};

use super::{Api, ApiError, Call};
use crate::url::segment;

fn path(name: &str) -> String {
    format!("/v1/hooks/{}", segment(name))
}

impl Api {
    /// The hooks, by name.
    pub async fn hooks(self) -> Result<Vec<Hook>, ApiError> {
        Ok(self.fetch::<HookPage>(Call::get("/v1/hooks")).await?.items)
    }

    /// A hook.
    pub async fn hook(self, name: &str) -> Result<Hook, ApiError> {
        self.fetch(Call::get(path(name))).await
    }

    /// Makes a hook, which then has its secret, or makes it so.
    pub async fn replace_hook(self, name: &str, hook: &HookReplace) -> Result<Hook, ApiError> {
        self.fetch(Call::with_method("PUT", path(name)).json(hook)).await
    }

    /// Changes a hook.
    pub async fn change_hook(self, name: &str, change: &HookUpdate) -> Result<Hook, ApiError> {
        self.fetch(Call::patch(path(name)).json(change)).await
    }

    /// Gives it a new secret, which it has then.
    pub async fn rotate_hook(self, name: &str) -> Result<Hook, ApiError> {
        self.fetch(Call::post(format!("{}/rotate", path(name)))).await
    }

    /// Forgets a hook.
    pub async fn delete_hook(self, name: &str) -> Result<(), ApiError> {
        self.send(Call::delete(path(name))).await.map(drop)
    }
}
