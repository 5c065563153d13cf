//! The file that a job made, to be downloaded.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::api::use_api;
use crate::ui::time::use_now;
use crate::ui::toast::use_toasts;
use crate::ui::{Button, Card, IconName};
use crate::{browser, format};

/// What is known of a file.
#[derive(Debug, Clone, PartialEq)]
struct File {
    name: String,
    size: i64,
    rows: Option<i64>,
    expires_at: Option<OffsetDateTime>,
}

impl File {
    fn of(result: &Value) -> Option<Self> {
        let file = result.get("file")?;
        let expires_at = file.get("expires_at").and_then(Value::as_str);
        Some(Self {
            name: file.get("name")?.as_str()?.to_owned(),
            size: file.get("size").and_then(Value::as_i64)?,
            rows: file.get("rows").and_then(Value::as_i64),
            expires_at: expires_at.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()),
        })
    }
}

/// The link in a result.
fn link(result: Option<&Value>) -> Option<String> {
    Some(result?.get("file")?.get("url")?.as_str()?.to_owned())
}

/// The file of a job, where it has made one.
#[component]
pub fn JobFile(id: Uuid, result: Memo<Option<Value>>) -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let now = use_now();
    let file = Memo::new(move |_| result.with(|result| result.as_ref().and_then(File::of)));
    let busy = RwSignal::new(false);
    // A link is good for some minutes: each press asks for a new one.
    let download = move || {
        busy.set(true);
        spawn_local(async move {
            match api.job(id).await {
                Ok(job) => match link(job.result.as_ref()) {
                    Some(url) => browser::download_from(&url),
                    None => toasts.warn("The file is not kept any more"),
                },
                Err(error) => toasts.fail("The file cannot be had", &error),
            }
            busy.try_set(false);
        });
    };
    move || {
        let file = file.get()?;
        let is_kept = Memo::new(move |_| file.expires_at.is_none_or(|at| at > now.get()));
        let rows = file
            .rows
            .map(|rows| format!(", {} {}", format::count(rows), if rows == 1 { "row" } else { "rows" }));
        Some(view! {
            <Card title="File">
                <div class="job-file">
                    <div class="grow">
                        <strong class="truncate">{file.name.clone()}</strong>
                        <div class="soft small numbers">
                            {format::bytes(file.size)} {rows}
                            {move || match file.expires_at {
                                Some(at) if is_kept.get() => format!(", goes {}", format::until(at, now.get())),
                                _ if is_kept.get() => String::new(),
                                _ => ", gone".to_owned(),
                            }}
                        </div>
                    </div>
                    <Button icon=IconName::Download busy disabled=Signal::derive(move || !is_kept.get()) press=move |_| download()>
                        "Download"
                    </Button>
                </div>
            </Card>
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_is_known_by_what_the_result_says() {
        let result = json!({"file": {"name": "posts.csv", "size": 7, "rows": 2, "expires_at": "2026-01-01T00:00:00Z", "url": "http://a/b"}});
        let file = File::of(&result).expect("there is one");
        assert_eq!((file.name.as_str(), file.size, file.rows), ("posts.csv", 7, Some(2)));
        assert!(file.expires_at.is_some());
        assert_eq!(link(Some(&result)).as_deref(), Some("http://a/b"));
        assert_eq!((File::of(&json!({"file": 7})), link(Some(&json!({"n": 1})))), (None, None));
    }
}
