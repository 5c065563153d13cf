//! One request, in a drawer: all that is known of it.

use annex_openapi::requests::{LoggedRequest, RequestProblem};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, Pages, use_api};
use crate::format;
use crate::ui::http::status_tone;
use crate::ui::{
    Badge, CodeBlock, CopyButton, Dialog, DialogShape, ErrorNotice, IconName, Instant, LinkButton, Method,
    Prose, Skeleton,
};
use crate::url::{self, use_url_query};

/// The drawer of the request that the URL names.
#[component]
pub fn RequestDrawer(pages: Pages<LoggedRequest>) -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let open = query.dialog("request");
    let id = query.memo("request");
    let request = RwSignal::new(None::<LoggedRequest>);
    let failure = RwSignal::new(None::<ApiError>);
    let read = Callback::new(move |id: Option<String>| {
        request.set(None);
        failure.set(None);
        let Some(wanted) = id else { return };
        let known = pages.items.with_untracked(|items| {
            items.as_ref()?.iter().find(|request| request.id.to_string() == wanted).cloned()
        });
        if known.is_some() {
            return request.set(known);
        }
        spawn_local(async move {
            let answer = api.request(&wanted).await;
            // Another one may have been opened meanwhile.
            if id_is(query.get_untracked("request"), &wanted) {
                match answer {
                    Ok(read) => drop(request.try_set(Some(read))),
                    Err(error) => drop(failure.try_set(Some(error))),
                }
            }
        });
    });
    Effect::new(move || read.run(id.get()));
    view! {
        <Dialog open title="Request" shape=DialogShape::Drawer>
            {move || match request.get() {
                Some(request) => view! { <Detail request /> }.into_any(),
                None if failure.with(Option::is_some) => {
                    view! { <ErrorNotice error=failure retry=move |()| read.run(id.get_untracked()) /> }.into_any()
                }
                None => view! { <Skeleton lines=6 /> }.into_any(),
            }}
        </Dialog>
    }
}

fn id_is(given: Option<String>, wanted: &str) -> bool {
    given.as_deref() == Some(wanted)
}

#[component]
fn Detail(request: LoggedRequest) -> impl IntoView {
    let origin = use_api().known_origin();
    let fact = |term: &'static str, value: AnyView| view! { <dt>{term}</dt> <dd>{value}</dd> };
    let caller = request.caller.clone().map(|caller| {
        let email = caller.email.unwrap_or_else(|| format!("{}, which is gone", caller.id));
        view! {
            <a href=format!("/users?user={}", caller.id)>{email}</a>
            {caller
                .impersonated_by
                .map(|admin| {
                    view! {
                        <span class="soft">
                            " as whom " <a href=format!("/users?user={admin}")>"an admin"</a> " acted"
                        </span>
                    }
                })}
        }
    });
    let caller = match caller {
        Some(caller) => caller.into_any(),
        None => view! { <span class="soft">"Anonymous"</span> }.into_any(),
    };
    let of_user = request.caller.as_ref().map(|caller| format!("/logs?user={}", caller.id));
    let of_path = format!("/logs?path={}", String::from(js_sys::encode_uri_component(&request.path)));
    view! {
        <div class="stack">
            <div class="row">
                <Badge tone=status_tone(request.status)>{request.status}</Badge>
                <Method method=request.method.clone() />
                <code class="request-path">{request.path.clone()}</code>
            </div>
            {request.problem.clone().map(|problem| view! { <WhatWentWrong problem origin=origin.clone() /> })}
            <dl class="definition">
                {fact("Time", view! { <Instant at=request.at /> }.into_any())}
                {fact("Duration", format::milliseconds(request.duration_ms).into_any())}
                {fact("Caller", caller)}
                {fact("Address", request.address.clone().unwrap_or_else(|| "not known".to_owned()).into_any())}
                {request.query.clone().map(|query| fact("Query", view! { <code>{url::readable(&query)}</code> }.into_any()))}
                {request.route.clone().map(|route| fact("Route", view! { <code>{route}</code> }.into_any()))}
                {fact(
                    "Request id",
                    view! {
                        <span class="row">
                            <code>{request.request_id.clone()}</code>
                            <CopyButton text=request.request_id.clone() />
                        </span>
                    }
                        .into_any(),
                )}
                {fact("Server", view! { <code>{request.instance.to_string()}</code> }.into_any())}
            </dl>
            <CodeBlock text=as_curl(&origin, &request) label="The same request" />
            <div class="row wrap">
                {of_user
                    .map(|href| {
                        view! {
                            <LinkButton href icon=IconName::User>
                                "Requests of this user"
                            </LinkButton>
                        }
                    })}
                <LinkButton href=of_path icon=IconName::Link>
                    "Requests to this path"
                </LinkButton>
            </div>
        </div>
    }
}

#[component]
fn WhatWentWrong(problem: RequestProblem, origin: String) -> impl IntoView {
    let tells = format!("{origin}/problems/{}", problem.code);
    view! {
        <section class="problem stack tight" aria-label="What was wrong">
            <p>
                <Prose text=problem.detail />
            </p>
            {(!problem.errors.is_empty())
                .then(|| {
                    view! {
                        <ul class="stack tight">
                            {problem
                                .errors
                                .into_iter()
                                .map(|error| {
                                    view! {
                                        <li class="row small">
                                            <code>{error.pointer}</code>
                                            <span class="soft">{error.code}</span>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                })}
            <p class="small">
                <code>{problem.code}</code>
                " · "
                <a href=tells target="_blank" rel="noreferrer">
                    "What it means, and what to do"
                </a>
            </p>
        </section>
    }
}

/// The request as a command; its body is not kept.
fn as_curl(origin: &str, request: &LoggedRequest) -> String {
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let method = if request.method == "GET" { String::new() } else { format!(" -X {}", request.method) };
    let token = if request.caller.is_some() { " \\\n  -H \"authorization: Bearer $token\"" } else { "" };
    let url = format!("{origin}{}{query}", request.path).replace('\'', "%27");
    format!("curl{method} '{url}'{token}")
}
