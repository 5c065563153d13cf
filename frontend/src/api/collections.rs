//! Collections, and the plans of their changes.

use annex_openapi::collections::{
    AdoptRequest, Collection, CollectionPage, CollectionPatch, CollectionSpec, Plan,
};
use serde::Serialize;

use super::{Api, ApiError, Call};

impl Api {
    /// Every collection, by name.
    pub async fn collections(self) -> Result<Vec<Collection>, ApiError> {
        Ok(self.fetch::<CollectionPage>(Call::get("/v1/collections")).await?.items)
    }

    /// What creating a collection would do.
    pub async fn plan_creation(self, spec: &CollectionSpec) -> Result<Plan, ApiError> {
        self.fetch(planned(Call::post("/v1/collections"), spec)).await
    }

    /// Creates a collection.
    pub async fn create_collection(self, spec: &CollectionSpec) -> Result<Collection, ApiError> {
        self.fetch(Call::post("/v1/collections").json(spec)).await
    }

    /// What a change of a collection would do.
    pub async fn plan_change(self, name: &str, patch: &CollectionPatch) -> Result<Plan, ApiError> {
        self.fetch(planned(Call::patch(format!("/v1/collections/{name}")), patch)).await
    }

    /// Changes a collection.
    pub async fn change_collection(
        self,
        name: &str,
        patch: &CollectionPatch,
    ) -> Result<Collection, ApiError> {
        self.fetch(Call::patch(format!("/v1/collections/{name}")).json(patch)).await
    }

    /// What adopting a table would do.
    pub async fn plan_adoption(self, request: &AdoptRequest) -> Result<Plan, ApiError> {
        self.fetch(planned(Call::post("/v1/collections/adopt"), request)).await
    }

    /// Takes a table in as a collection.
    pub async fn adopt(self, request: &AdoptRequest) -> Result<Collection, ApiError> {
        self.fetch(Call::post("/v1/collections/adopt").json(request)).await
    }
}

fn planned(call: Call, body: &impl Serialize) -> Call {
    call.query("dry_run", true).json(body)
}
