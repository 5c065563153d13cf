//! Where the account is signed in.

use annex_openapi::auth::Session;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use crate::api::{ApiError, use_api};
use crate::ui::toast::use_toasts;
use crate::ui::{Ago, Badge, Button, ButtonKind, ButtonSize, Card, Confirm, ErrorNotice, Skeleton, Tone};

/// How many sessions show at first.
const FEW: usize = 5;

/// The sessions of the account, and how to end them.
#[component]
pub fn Sessions() -> impl IntoView {
    let api = use_api();
    let toasts = use_toasts();
    let sessions = RwSignal::new(None::<Vec<Session>>);
    let failure = RwSignal::new(None::<ApiError>);
    let asking = RwSignal::new(false);
    let all_shown = RwSignal::new(false);
    let load = Callback::new(move |()| {
        failure.set(None);
        spawn_local(async move {
            match api.sessions(None).await {
                Ok(page) => {
                    sessions.try_set(Some(page.items));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    });
    load.run(());
    let end = Callback::new(move |id: Uuid| {
        spawn_local(async move {
            match api.end_session(id).await {
                Ok(()) => {
                    sessions.try_update(|all| all.as_mut().map(|all| all.retain(|session| session.id != id)));
                    toasts.say("The session has ended");
                }
                Err(error) => toasts.fail("The session goes on", &error),
            }
        });
    });
    let end_others = Callback::new(move |()| {
        spawn_local(async move {
            match api.end_other_sessions().await {
                Ok(()) => {
                    sessions.try_update(|all| all.as_mut().map(|all| all.retain(|session| session.current)));
                    toasts.say("Every other session has ended");
                }
                Err(error) => toasts.fail("The other sessions go on", &error),
            }
        });
    });
    let has_others = move || {
        sessions.with(|all| all.as_ref().is_some_and(|all| all.iter().any(|session| !session.current)))
    };
    view! {
        <Card
            title="Sessions"
            actions=move || {
                has_others()
                    .then(|| {
                        view! {
                            <Button size=ButtonSize::Small press=move |_| asking.set(true)>
                                "End all others"
                            </Button>
                        }
                    })
            }
        >
            <ErrorNotice error=failure retry=load />
            {move || match sessions.get() {
                None if failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton /> }.into_any(),
                Some(all) => {
                    let shown = if all_shown.get() { all.len() } else { all.len().min(FEW) };
                    let rest = all.len() - shown;
                    view! {
                        <ul class="settings-list">
                            {all.into_iter().take(shown).map(|session| view! { <Place session end /> }).collect_view()}
                        </ul>
                        {(rest > 0)
                            .then(|| {
                                view! {
                                    <div class="settings-more">
                                        <Button kind=ButtonKind::Quiet press=move |_| all_shown.set(true)>
                                            {format!("Show {rest} more")}
                                        </Button>
                                    </div>
                                }
                            })}
                    }
                        .into_any()
                }
            }}
        </Card>
        <Confirm open=asking title="End all other sessions?" action="End them" done=end_others>
            <p class="soft">"Whoever is signed in elsewhere with this account has to sign in again."</p>
        </Confirm>
    }
}

#[component]
fn Place(session: Session, end: Callback<Uuid>) -> impl IntoView {
    let id = session.id;
    let program =
        session.user_agent.as_deref().map_or_else(|| "A program without a name".to_owned(), program);
    view! {
        <li class="settings-line">
            <div class="grow">
                <p class="row wrap">
                    <span data-tip=session.user_agent.clone()>{program}</span>
                    {session.current.then(|| view! { <Badge tone=Tone::Good>"This session"</Badge> })}
                    {session
                        .impersonated_by
                        .map(|_| view! { <Badge tone=Tone::Warn>"An admin acts as you"</Badge> })}
                </p>
                <p class="faint small">
                    {session.address.map(|address| format!("{address} · "))} "signed in " <Ago at=session.created_at />
                    ", last used " <Ago at=session.last_used_at />
                </p>
            </div>
            {(!session.current)
                .then(|| {
                    view! {
                        <Button size=ButtonSize::Small press=move |_| end.run(id)>
                            "End"
                        </Button>
                    }
                })}
        </li>
    }
}

/// A browser and its system, as people name them; the program's own name where it is no browser.
fn program(agent: &str) -> String {
    let browser = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&browser), find(&system)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => agent.split([' ', '(']).next().unwrap_or(agent).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn programs_are_named_as_people_do() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(program(chrome), "Chrome on Linux");
        let safari =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604";
        assert_eq!(program(safari), "Safari on iPhone");
        assert_eq!(program("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(program(""), "");
    }
}
