//! What is said where there is no job yet.

use leptos::prelude::*;

use crate::api::use_api;
use crate::ui::{CodeBlock, Empty, IconName};

/// How the first job is enqueued: from SQL, and over the API.
#[component]
pub fn FirstJob(title: &'static str, about: &'static str) -> impl IntoView {
    let origin = use_api().known_origin();
    let sql = "select annex.enqueue('report.build', '{\"month\": \"2026-01\"}');";
    let call = format!(
        "curl {origin}/v1/jobs \\\n  -H \"authorization: Bearer $token\" \\\n  -H 'content-type: application/json' \\\n  -d '{{\"kind\": \"report.build\", \"args\": {{\"month\": \"2026-01\"}}}}'"
    );
    view! {
        <Empty icon=IconName::ListChecks title>
            <p>{about}</p>
            <div class="stack tight teach">
                <h3>"From SQL, in the transaction that needs it"</h3>
                <CodeBlock text=sql.to_owned() label="Enqueue from SQL" />
                <h3>"Over the API"</h3>
                <CodeBlock text=call label="Enqueue over the API" />
            </div>
        </Empty>
    }
}
