//! What to do first, while there is nothing yet.

use leptos::prelude::*;

use crate::api::use_api;
use crate::ui::{ButtonKind, Card, CodeBlock, IconName, LinkButton};

/// The first steps, until there is a collection.
#[component]
pub fn FirstSteps() -> impl IntoView {
    let api = use_api();
    let origin = api.known_origin();
    let email = api
        .session()
        .user()
        .with_untracked(|user| user.as_ref().map(|user| user.email.clone()))
        .unwrap_or_default();
    let sign_in = format!(
        "curl {origin}/v1/auth/login -H 'content-type: application/json' \\\n  -d '{{\"email\": \"{email}\", \"password\": \"…\"}}'"
    );
    let call = format!("curl {origin}/v1/collections -H \"authorization: Bearer $token\"");
    let step = |number: &'static str, title: &'static str, about: &'static str, what: AnyView| {
        view! {
            <li class="step">
                <span class="step-number" aria-hidden="true">
                    {number}
                </span>
                <div class="stack tight grow">
                    <h3>{title}</h3>
                    <p class="soft small">{about}</p>
                    {what}
                </div>
            </li>
        }
    };
    view! {
        <Card title="First steps">
            <ol class="steps">
                {step(
                    "1",
                    "Create a collection",
                    "A collection is a table of your database with an API of its own. Tables that are there already can be adopted.",
                    view! {
                        <div class="row wrap">
                            <LinkButton href="/collections/new" kind=ButtonKind::Primary icon=IconName::Plus>
                                "New collection"
                            </LinkButton>
                            <LinkButton href="/collections/adopt" icon=IconName::Table2>
                                "Adopt a table"
                            </LinkButton>
                        </div>
                    }
                        .into_any(),
                )}
                {step(
                    "2",
                    "Or load the demo",
                    "336,776 flights with their airlines, airports, planes and weather, to try everything on. In the folder of Annex:",
                    view! { <CodeBlock text="make demo".to_owned() label="Load the demo" /> }.into_any(),
                )}
                {step(
                    "3",
                    "Call the API",
                    "Sign in, and send the access token with each call. Every collection's API page has calls to copy.",
                    view! {
                        <CodeBlock text=sign_in label="Sign in" />
                        <CodeBlock text=call label="A call" />
                    }
                        .into_any(),
                )}
            </ol>
        </Card>
    }
}
