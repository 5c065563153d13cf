//! Signing in and out.

use annex_openapi::auth::{BootstrapRequest, LoginRequest, TokenResponse, User};

use leptos::prelude::*;

use super::{Api, ApiError, Call};

impl Api {
    /// Signs in with a password.
    pub async fn sign_in(self, email: String, password: String) -> Result<(), ApiError> {
        let call = Call::post("/v1/auth/login").json(&LoginRequest { email, password }).anonymous();
        self.session().begin(self.fetch::<TokenResponse>(call).await?)
    }

    /// Makes the first admin, and signs in as it.
    pub async fn bootstrap(self, token: String, email: String, password: String) -> Result<(), ApiError> {
        let request = BootstrapRequest { token, email, password };
        let call = Call::post("/v1/auth/bootstrap").json(&request).anonymous();
        self.session().begin(self.fetch::<TokenResponse>(call).await?)
    }

    /// Ends the session on the server, then here.
    pub async fn sign_out(self) -> Result<(), ApiError> {
        match self.send(Call::post("/v1/auth/logout")).await {
            Ok(_) => self.session().end(),
            // It was over before.
            Err(_) if self.session().refresh_token().is_none() => {}
            Err(error) if error.status() == Some(401) => self.session().end(),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes up the session that this browser has kept: true where there is one.
    pub async fn resume(self) -> Result<bool, ApiError> {
        if self.session().user().with_untracked(Option::is_some) {
            return Ok(true);
        }
        if self.session().refresh_token().is_none() {
            return Ok(false);
        }
        match self.renew().await {
            Ok(()) => Ok(true),
            Err(error) if self.session().refresh_token().is_none() => {
                leptos::logging::log!("the kept session is over: {}", error.title());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The account, as it is now.
    pub async fn me(self) -> Result<User, ApiError> {
        self.fetch(Call::get("/v1/auth/me")).await
    }
}
