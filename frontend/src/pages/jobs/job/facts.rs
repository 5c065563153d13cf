//! What a job is, in a few words.

use annex_openapi::jobs::{Backoff, Job};
use leptos::prelude::*;

use crate::format;
use crate::ui::{Badge, Card, CopyButton, Instant};
use crate::url;

/// How long it waits after an attempt that failed.
fn backoff(backoff: Option<&Backoff>) -> String {
    let seconds = |seconds: f64| format::lasting(seconds);
    match backoff {
        None => "5 s, doubled up to 60 min 0 s".replace(" 0 s", ""),
        Some(Backoff::Exponential(own)) => format!(
            "{}, doubled up to {}",
            seconds(own.base_seconds.unwrap_or(5.0)),
            seconds(own.max_seconds.unwrap_or(3600.0))
        ),
        Some(Backoff::Delays(delays)) => {
            delays.0.iter().map(|delay| seconds(*delay)).collect::<Vec<_>>().join(", ")
        }
    }
}

/// All of it beside where it stands.
#[component]
pub fn Facts(job: Memo<Job>) -> impl IntoView {
    let fact = |term: &'static str, value: AnyView| view! { <dt>{term}</dt> <dd>{value}</dd> };
    let text =
        move |term: &'static str, value: Option<String>| value.map(|value| fact(term, value.into_any()));
    let code = move |term: &'static str, value: Option<String>| {
        value.map(|value| fact(term, view! { <code>{value}</code> }.into_any()))
    };
    let link = move |term: &'static str, value: Option<(String, String)>| {
        value.map(|(words, href)| fact(term, view! { <a href=href>{words}</a> }.into_any()))
    };
    let instant = move |term: &'static str, at: Option<time::OffsetDateTime>| {
        at.map(|at| fact(term, view! { <Instant at /> }.into_any()))
    };
    view! {
        <Card title="About">
            {move || {
                let job = job.get();
                let of = |name: &str, value: &str| url::address("/jobs", &[(name, value.to_owned())]);
                let tags: Vec<_> = job
                    .tags
                    .iter()
                    .map(|tag| (of("tag", tag), tag.clone()))
                    .map(|(href, tag)| view! { <a href=href><Badge>{tag}</Badge></a> })
                    .collect();
                let tags = (!tags.is_empty()).then_some(tags);
                let id = job.id.to_string();
                view! {
                    <dl class="definition">
                        {link("Kind", Some((job.kind.clone(), of("kind", &job.kind))))}
                        {link("Queue", Some((job.queue.clone(), url::address("/queues", &[("queue", job.queue.clone())]))))}
                        {tags.map(|tags| fact("Tags", view! { <span class="row wrap">{tags}</span> }.into_any()))}
                        {link(
                            "Batch",
                            job
                                .batch_id
                                .map(|id| (job.step.clone().map_or_else(|| "Its batch".to_owned(), |step| format!("Step {step}")), format!("/batches/{id}"))),
                        )}
                        {link("Schedule", job.schedule.clone().map(|name| (name.clone(), url::address("/schedules", &[("schedule", name)]))))}
                        {code("Key", job.key.clone())}
                        {code("Unique key", job.unique_key.clone())}
                        {(job.priority != 0).then(|| fact("Priority", job.priority.to_string().into_any()))}
                        {text("Attempts", Some(format!("{} of {}", job.attempt, job.max_attempts)))}
                        {text("Between them", (job.max_attempts > 1).then(|| backoff(job.backoff.as_ref())))}
                        {text("Timeout", job.timeout_seconds.map(|seconds| format::lasting(f64::from(seconds))))}
                        {text("Worker", job.worker.clone())}
                        {instant("Enqueued", Some(job.created_at))}
                        {instant("Run at", job.run_at)}
                        {instant("Deadline", job.deadline)}
                        {instant("Started", job.started_at)}
                        {instant("Ended", job.finished_at)}
                        {link("By", job.created_by.map(|id| ("Its account".to_owned(), format!("/users?user={id}"))))}
                        {fact(
                            "Id",
                            view! {
                                <span class="row">
                                    <code class="truncate">{id.clone()}</code>
                                    <CopyButton text=id />
                                </span>
                            }
                                .into_any(),
                        )}
                    </dl>
                }
            }}
        </Card>
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::jobs::{Backoff, BackoffDelays, ExponentialBackoff};

    use super::backoff;

    #[test]
    fn a_backoff_is_read_in_words() {
        assert_eq!(backoff(None), "5 s, doubled up to 60 min");
        let own = ExponentialBackoff { base_seconds: Some(1.0), max_seconds: Some(30.0) };
        assert_eq!(backoff(Some(&Backoff::Exponential(own))), "1 s, doubled up to 30 s");
        assert_eq!(backoff(Some(&Backoff::Delays(BackoffDelays(vec![1.0, 2.5])))), "1 s, 2.5 s");
    }
}
