//! Which collections' changes are told, and where their rules are decided.

use annex_openapi::collections::{Collection, CollectionKind, CollectionPatch};
use annex_openapi::expression::{Purpose, RuleKind};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::use_api;
use crate::pages::collections::rule_class::class_badge;
use crate::shell::use_catalogue;
use crate::ui::toast::use_toasts;
use crate::ui::{Badge, Empty, IconName, LinkButton, Skeleton, Subject, Switch};
use crate::url;

/// The collections.
#[component]
pub fn Collections() -> impl IntoView {
    let catalogue = use_catalogue();
    move || match catalogue.all() {
        None => view! { <Skeleton lines=4 /> }.into_any(),
        Some(all) if all.is_empty() => view! {
            <Empty icon=IconName::Layers title="No collection yet">
                <p>"Changes are told of rows of collections."</p>
                <LinkButton href="/collections/new">"New collection"</LinkButton>
            </Empty>
        }
        .into_any(),
        Some(all) => view! {
            <div class="table-frame">
                <table class="table hooks deliveries">
                    <thead>
                        <tr>
                            <th scope="col">"Collection"</th>
                            <th scope="col" class="only-wide">
                                "Who may see rows is decided by"
                            </th>
                            <th scope="col">"Realtime"</th>
                        </tr>
                    </thead>
                    <tbody>{all.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any(),
    }
}

fn row(collection: Collection) -> impl IntoView {
    let (api, catalogue, toasts) = (use_api(), use_catalogue(), use_toasts());
    let name = StoredValue::new(collection.name.clone());
    let change = move |wanted: bool| {
        spawn_local(async move {
            let name = name.get_value();
            let patch = CollectionPatch { changes: Vec::new(), rules: None, realtime: Some(wanted) };
            match api.change_collection(&name, &patch).await {
                Ok(changed) => {
                    toasts.say(format!(
                        "Changes of {name} are told {}",
                        if wanted { "from now on" } else { "no more" }
                    ));
                    catalogue.put(&name, changed);
                }
                Err(error) => {
                    toasts.fail("Realtime is as it was", &error);
                    // The switch goes back to where it was.
                    catalogue.reload();
                }
            }
        });
    };
    let rule = collection.rules.of(RuleKind::View).clone();
    let decided = match rule.as_deref().map(str::trim) {
        None => view! { <span class="soft">"Admins alone"</span> }.into_any(),
        Some("") => view! { <span class="soft">"Everyone"</span> }.into_any(),
        Some(rule) => {
            let all = Memo::new(move |_| catalogue.all().unwrap_or_default());
            let subject =
                Subject::new(Signal::stored(collection.clone()), all, Purpose::Rule(RuleKind::View));
            let badge = untrack(|| subject.class(rule)).map(|class| class_badge(&class));
            let rule = rule.to_owned();
            view! { <div class="row wrap events">{badge} <code class="small soft truncate">{rule}</code></div> }.into_any()
        }
    };
    let inspect = url::address("/realtime", &[("collection", collection.name.clone())]);
    let is_on = format!("{} is told of", collection.name);
    let is_table = collection.kind == CollectionKind::Table;
    view! {
        <tr class="link">
            <td>
                <a class="row-link" href=inspect>
                    {collection.name.clone()}
                </a>
            </td>
            <td class="only-wide">{decided}</td>
            <td>
                {if is_table {
                    view! {
                        <Switch on=Signal::stored(collection.realtime) change>
                            <span class="visually-hidden">{is_on}</span>
                        </Switch>
                    }
                        .into_any()
                } else {
                    view! { <Badge>"A view"</Badge> }.into_any()
                }}
            </td>
        </tr>
    }
}
