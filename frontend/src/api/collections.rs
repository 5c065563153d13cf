//! Collections, and the plans of their changes.

use annex_openapi::collections::{
    AdoptRequest, Collection, CollectionPage, CollectionPatch, CollectionSpec, Plan, RuleTest, RuleTested,
};
use annex_openapi::stats::{CollectionSize, Stats};
use annex_openapi::tables::{Table, TablePage};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;

use super::{Api, ApiError, Call};

impl Api {
    /// Every collection, by name.
    pub async fn collections(self) -> Result<Vec<Collection>, ApiError> {
        Ok(self.fetch::<CollectionPage>(Call::get("/v1/collections")).await?.items)
    }

    /// How large the collections are.
    pub async fn collection_sizes(self) -> Result<Vec<CollectionSize>, ApiError> {
        // What happened before now is not asked for.
        let now = crate::format::now().format(&Rfc3339).ok();
        Ok(self.fetch::<Stats>(Call::get("/v1/stats").query_opt("since", now)).await?.collections)
    }

    /// The tables and views that are not collections.
    pub async fn tables(self) -> Result<Vec<Table>, ApiError> {
        Ok(self.fetch::<TablePage>(Call::get("/v1/tables")).await?.items)
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

    /// What a rule says of a row.
    pub async fn test_rule(self, name: &str, test: &RuleTest) -> Result<RuleTested, ApiError> {
        self.fetch(Call::post(format!("/v1/collections/{name}/rules/test")).json(test)).await
    }

    /// What deleting a collection would do.
    pub async fn plan_deletion(self, name: &str, reach: Reach) -> Result<Plan, ApiError> {
        self.fetch(deletion(name, reach).query("dry_run", true)).await
    }

    /// Deletes a collection.
    pub async fn delete_collection(self, name: &str, reach: Reach) -> Result<(), ApiError> {
        self.send(deletion(name, reach)).await.map(drop)
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

/// How far a deletion goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether relations of other collections are let go of: their values stay, as plain fields.
    pub cascade: bool,
    /// Whether the table of an adopted collection is dropped too.
    pub drop: bool,
}

fn deletion(name: &str, reach: Reach) -> Call {
    let flag = |wanted: bool| wanted.then_some(true);
    Call::delete(format!("/v1/collections/{name}"))
        .query_opt("cascade", flag(reach.cascade))
        .query_opt("drop", flag(reach.drop))
}

fn planned(call: Call, body: &impl Serialize) -> Call {
    call.query("dry_run", true).json(body)
}
