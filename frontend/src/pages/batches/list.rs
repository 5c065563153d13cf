//! The list of batches.

use annex_openapi::jobs::batches::JobBatch;
use leptos::prelude::*;
use time::OffsetDateTime;
use uuid::Uuid;

use super::share::{Share, face};
use crate::api::{Pages, use_api};
use crate::format;
use crate::pages::jobs::JobsHead;
use crate::pages::jobs::state::FaceBadge;
use crate::poll;
use crate::ui::time::use_now;
use crate::ui::{CodeBlock, Empty, IconName, PagedList};

/// How many batches a page has.
const PAGE: usize = 50;

/// The batches, the newest first.
#[component]
pub fn Batches() -> impl IntoView {
    let api = use_api();
    let pages = Pages::new(move |cursor| async move {
        let page = api.batches(PAGE, cursor).await?;
        Ok((page.items, page.next_cursor))
    });
    pages.reload();
    let is_short = Signal::derive(move || {
        pages.items.with(|items| items.as_ref().is_some_and(|items| items.len() <= PAGE))
    });
    // A list that was read on further stays as it is: what has ended there changes no more.
    poll::every(3000.0, is_short, move || async move {
        pages.refresh(api.batches(PAGE, None).await.map(|page| page.items));
    });
    view! {
        <JobsHead title="Batches" />
        <div class="page wide">
            <PagedList pages empty=NothingYet more="Show older" rows=move || view! { <Rows pages /> } />
        </div>
    }
}

#[component]
fn NothingYet() -> impl IntoView {
    let call = format!(
        "curl {}/v1/batches \\\n  -H \"authorization: Bearer $token\" \\\n  -H 'content-type: application/json' \\\n  -d '{{\n    \"name\": \"Thumbnails\",\n    \"jobs\": [\n      {{\"step\": \"fetch\", \"job\": {{\"kind\": \"image.fetch\"}}}},\n      {{\"step\": \"resize\", \"needs\": [\"fetch\"], \"job\": {{\"kind\": \"image.resize\"}}}}\n    ],\n    \"callback\": {{\"kind\": \"report.build\"}}\n  }}'",
        use_api().known_origin()
    );
    view! {
        <Empty icon=IconName::Workflow title="No batch yet">
            <p>
                "A batch is many jobs that belong together: one count of how far they are, steps that need each other, and a job that runs when all of them have ended."
            </p>
            <div class="stack tight teach">
                <h3>"A workflow of two steps"</h3>
                <CodeBlock text=call label="Begin a batch" />
            </div>
        </Empty>
    }
}

#[component]
fn Rows(pages: Pages<JobBatch>) -> impl IntoView {
    let now = use_now();
    let ids = Memo::new(move |_| {
        pages.items.with(|items| items.iter().flatten().map(|batch| batch.id).collect::<Vec<Uuid>>())
    });
    view! {
            <table class="table batches">
                <thead>
                    <tr>
                        <th scope="col">"Batch"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="only-wide">
                            "Jobs"
                        </th>
                        <th scope="col" class="end only-wide">
                            "Begun"
                        </th>
                        <th scope="col" class="end only-wide">
                            "Took"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || ids.get() key=|id| *id let(id)>
                        {row(id, pages, now)}
                    </For>
                </tbody>
            </table>
    }
}

/// What a batch is called.
pub fn title(batch: &JobBatch) -> String {
    batch.name.clone().unwrap_or_else(|| {
        let jobs = if batch.total == 1 {
            "1 job".to_owned()
        } else {
            format!("{} jobs", format::count(i64::from(batch.total)))
        };
        format!("Batch of {jobs}")
    })
}

fn row(id: Uuid, pages: Pages<JobBatch>, now: ReadSignal<OffsetDateTime>) -> Option<impl IntoView> {
    let find = move || pages.items.with(|items| items.as_ref()?.iter().find(|batch| batch.id == id).cloned());
    let first = untrack(find)?;
    let words = title(&first);
    let begun = first.created_at;
    let batch = Memo::new(move |before: Option<&JobBatch>| {
        find().or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
    });
    let ended = move || {
        batch.with(|batch| {
            format!(
                "{} of {}",
                format::count(i64::from(batch.total - batch.pending)),
                format::count(i64::from(batch.total))
            )
        })
    };
    let took = move || {
        let end = batch.with(|batch| batch.finished_at).unwrap_or_else(|| now.get());
        format::lasting((end - begun).as_seconds_f64())
    };
    Some(view! {
        <tr class="link">
            <td>
                <a class="row-link" href=format!("/batches/{id}")>
                    {words}
                </a>
                <div class="only-narrow row soft small numbers">{ended} " jobs"</div>
            </td>
            <td>{move || view! { <FaceBadge face=batch.with(face) /> }}</td>
            <td class="only-wide">
                <div class="row batch-share">
                    {move || view! { <Share batch=batch.get() /> }}
                    <span class="numbers small soft">{ended}</span>
                </div>
            </td>
            <td class="end numbers only-wide soft">{move || format::ago(begun, now.get())}</td>
            <td class="end numbers only-wide soft">{took}</td>
        </tr>
    })
}
