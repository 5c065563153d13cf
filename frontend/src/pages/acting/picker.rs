//! Finding an account, to do something as it.

use std::time::Duration;

use annex_openapi::auth::User;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::{ApiError, use_api};
use crate::ui::{ErrorNotice, SearchInput, Skeleton};

/// Whether no rule holds for the account.
fn is_admin(user: &User) -> bool {
    user.roles.iter().any(|role| role == "admin")
}

/// Finds an account that may sign in.
#[component]
pub fn AccountPicker(
    /// Whether admins are among them.
    #[prop(optional)]
    admins: bool,
    /// What is said below.
    note: &'static str,
    #[prop(into)] picked: Callback<User>,
) -> impl IntoView {
    let api = use_api();
    let search = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Vec<User>>);
    let failure = RwSignal::new(None::<ApiError>);
    Effect::new(move || {
        let asked = search.get();
        spawn_local(async move {
            let answer = api.users(&asked, None).await;
            if search.try_get_untracked().as_ref() == Some(&asked) {
                match answer {
                    Ok(page) => found.set(Some(page.items)),
                    Err(error) => failure.set(Some(error)),
                }
            }
        });
    });
    let host = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(host) = host.get()
            && let Ok(Some(input)) = host.query_selector("input")
        {
            set_timeout(move || crate::browser::focus(&input), Duration::ZERO);
        }
    });
    view! {
        <div class="stack" node_ref=host>
            <SearchInput label="Search by e-mail or name" value=search change=move |text: String| search.set(text.trim().to_owned()) />
            <ErrorNotice error=failure />
            {move || match found.get() {
                None => view! { <Skeleton lines=4 /> }.into_any(),
                Some(users) => {
                    let users: Vec<_> =
                        users.into_iter().filter(|user| !user.disabled && (admins || !is_admin(user))).collect();
                    if users.is_empty() {
                        return view! { <p class="soft small">"No account that you can act as matches."</p> }.into_any();
                    }
                    users
                        .into_iter()
                        .map(|user| {
                            let shown = user.clone();
                            view! {
                                <button class="menu-item" type="button" on:click=move |_| picked.run(user.clone())>
                                    <span class="avatar" aria-hidden="true">
                                        {shown.email.chars().next().map(String::from)}
                                    </span>
                                    <span class="truncate grow">{shown.email}</span>
                                    <span class="soft small truncate">{shown.roles.join(", ")}</span>
                                </button>
                            }
                        })
                        .collect_view()
                        .into_any()
                }
            }}
            <p class="faint small">{note}</p>
        </div>
    }
}
