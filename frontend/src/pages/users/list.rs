//! The list of accounts.

use annex_openapi::auth::User;
use leptos::prelude::*;

use super::account::AccountDrawer;
use super::new::NewUser;
use crate::api::{Pages, use_api};
use crate::format;
use crate::shell::{PageHead, shortcut};
use crate::ui::{Ago, Badge, Button, ButtonKind, Empty, ErrorNotice, IconName, SearchInput, Skeleton, Tone};
use crate::url::{UrlQuery, use_url_query};

/// The list as the drawer and the form change it.
#[derive(Clone, Copy)]
pub struct Accounts {
    /// What has been read.
    pub pages: Pages<User>,
    /// How many there are.
    count: RwSignal<Option<i64>>,
}

impl Accounts {
    /// The account of that id, where the list has it.
    pub fn find(self, id: uuid::Uuid) -> Option<User> {
        self.pages.items.with_untracked(|items| items.as_ref()?.iter().find(|user| user.id == id).cloned())
    }

    /// Puts an account in, at its place or in front.
    pub fn put(self, user: User) {
        let is_new = self.find(user.id).is_none();
        self.pages.items.update(|items| {
            let items = items.get_or_insert_default();
            match items.iter_mut().find(|own| own.id == user.id) {
                Some(own) => *own = user,
                None => items.insert(0, user),
            }
        });
        if is_new {
            self.count.update(|count| *count = count.map(|count| count + 1));
        }
    }

    /// Takes an account out.
    pub fn remove(self, id: uuid::Uuid) {
        self.pages.items.update(|items| items.get_or_insert_default().retain(|user| user.id != id));
        self.count.update(|count| *count = count.map(|count| count - 1));
    }

    /// The roles that are in use.
    pub fn roles(self) -> Vec<String> {
        let mut roles = vec!["admin".to_owned()];
        self.pages.items.with(|items| {
            roles.extend(items.iter().flatten().flat_map(|user| user.roles.iter().cloned()));
        });
        roles.sort();
        roles.dedup();
        roles
    }
}

/// The accounts.
#[component]
pub fn Users() -> impl IntoView {
    let api = use_api();
    let query = use_url_query();
    let search = query.memo("q");
    let count = RwSignal::new(None);
    let pages = Pages::new(move |cursor| async move {
        let is_first = cursor.is_none();
        let page = api.users(&search.get_untracked().unwrap_or_default(), cursor).await?;
        if is_first {
            count.set(page.count);
        }
        Ok((page.items, page.next_cursor))
    });
    let accounts = Accounts { pages, count };
    provide_context(accounts);
    Effect::new(move || {
        search.with(|_| ());
        pages.reload();
    });
    let creating = query.dialog("new");
    shortcut("n", "New user", move || query.push(&[("new", Some(String::new()))]));

    view! {
        <PageHead
            title="Users"
            actions=move || {
                view! {
                    <Button
                        kind=ButtonKind::Primary
                        icon=IconName::UserPlus
                        keys="n"
                        tip="New user"
                        press=move |_| query.push(&[("new", Some(String::new()))])
                    >
                        "New user"
                    </Button>
                }
            }
        />
        <div class="page wide">
            <div class="toolbar">
                <SearchInput
                    label="Search by e-mail or name"
                    value=Signal::derive(move || search.get().unwrap_or_default())
                    change=move |text: String| {
                        query.replace(&[("q", Some(text.trim().to_owned()).filter(|text| !text.is_empty()))]);
                    }
                />
                <span class="soft small numbers" role="status">
                    {move || {
                        count
                            .get()
                            .map(|count| {
                                format!("{} {}", format::count(count), if count == 1 { "account" } else { "accounts" })
                            })
                    }}
                </span>
            </div>
            <ErrorNotice error=pages.failure retry=move |()| pages.reload() />
            {move || match pages.items.with(|items| items.as_ref().map(Vec::is_empty)) {
                None if pages.failure.with(Option::is_some) => ().into_any(),
                None => view! { <Skeleton lines=8 /> }.into_any(),
                Some(true) => view! { <Nobody query /> }.into_any(),
                Some(false) => view! { <Rows accounts query /> }.into_any(),
            }}
        </div>
        <AccountDrawer accounts />
        <NewUser open=creating accounts />
    }
}

#[component]
fn Nobody(query: UrlQuery) -> impl IntoView {
    view! {
        <Empty icon=IconName::Users title="No account matches">
            <p>"Addresses and names are searched. A part of either is enough, in any case."</p>
            <Button press=move |_| query.replace(&[("q", None)])>"Show all"</Button>
        </Empty>
    }
}

#[component]
fn Rows(accounts: Accounts, query: UrlQuery) -> impl IntoView {
    let pages = accounts.pages;
    let me = use_api().session().user();
    let chosen = query.memo("user");
    view! {
        <div class="table-frame" class:is-loading=pages.loading>
            <table class="table users">
                <thead>
                    <tr>
                        <th scope="col">"Account"</th>
                        <th scope="col" class="only-wide">
                            "Roles"
                        </th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="only-wide">
                            "Created"
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=move || pages.items.get().unwrap_or_default() key=|user| (user.id, user.updated_at) let(user)>
                        {
                            let id = user.id.to_string();
                            let this = id.clone();
                            let is_me = move || me.with(|me| me.as_ref().is_some_and(|me| me.id == user.id));
                            view! {
                                <tr class="link" class:chosen=move || chosen.with(|chosen| chosen.as_deref() == Some(this.as_str()))>
                                    <td>
                                        <div class="row account">
                                            <span class="avatar" aria-hidden="true">
                                                {user.email.chars().next().map(String::from)}
                                            </span>
                                            <div class="grow">
                                                <div class="row">
                                                    <a
                                                        class="row-link truncate"
                                                        data-noscroll=""
                                                        href=move || query.link(&[("user", Some(id.clone()))])
                                                    >
                                                        {user.email.clone()}
                                                    </a>
                                                    {move || is_me().then(|| view! { <Badge>"You"</Badge> })}
                                                </div>
                                                {user
                                                    .display_name
                                                    .clone()
                                                    .map(|name| view! { <div class="soft small truncate">{name}</div> })}
                                                <div class="only-narrow row wrap">{roles(&user.roles)}</div>
                                            </div>
                                        </div>
                                    </td>
                                    <td class="only-wide">
                                        <div class="row wrap">{roles(&user.roles)}</div>
                                    </td>
                                    <td>{state(&user)}</td>
                                    <td class="only-wide soft">
                                        <Ago at=user.created_at />
                                    </td>
                                </tr>
                            }
                        }
                    </For>
                </tbody>
            </table>
        </div>
        <div class="list-foot">
            {move || {
                pages
                    .has_more()
                    .then(|| view! { <Button busy=pages.loading press=move |_| pages.more()>"Show more"</Button> })
            }}
        </div>
    }
}

fn roles(roles: &[String]) -> AnyView {
    roles
        .iter()
        .map(|role| {
            let tone = if role == "admin" { Tone::Accent } else { Tone::Neutral };
            let role = role.clone();
            view! { <Badge tone>{role}</Badge> }
        })
        .collect_view()
        .into_any()
}

fn state(user: &User) -> AnyView {
    match (user.disabled, user.verified) {
        (true, _) => view! { <Badge tone=Tone::Bad>"Disabled"</Badge> }.into_any(),
        (false, true) => view! { <Badge tone=Tone::Good>"Verified"</Badge> }.into_any(),
        (false, false) => view! { <Badge>"Not verified"</Badge> }.into_any(),
    }
}
