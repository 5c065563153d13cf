//! How the collections hang together: a card each, and a line for every relation.

mod layout;

use leptos::prelude::*;
use leptos_router::components::A;

use self::layout::{Card, Layout, layout};
use crate::shell::{PageHead, use_catalogue};
use crate::ui::diagram::{Diagram, DiagramCard, Sheet};
use crate::ui::{Empty, ErrorNotice, Icon, IconName, LinkButton, Skeleton};

/// The diagram.
#[component]
pub fn DiagramPage() -> impl IntoView {
    let catalogue = use_catalogue();
    view! {
        <PageHead title="Diagram" over=("Collections", "/collections") />
        {move || match catalogue.all() {
            None => {
                view! {
                    <div class="page">
                        <ErrorNotice error=catalogue.failure() retry=move |()| catalogue.reload() />
                        <Skeleton lines=6 />
                    </div>
                }
                    .into_any()
            }
            Some(all) if all.is_empty() => {
                view! {
                    <Empty icon=IconName::Workflow title="Nothing to draw yet">
                        <p>"Collections show here as cards, and their relations as lines between them."</p>
                        <LinkButton href="/collections/new">"New collection"</LinkButton>
                    </Empty>
                }
                    .into_any()
            }
            Some(all) => view! { <Drawing layout=layout(&all) /> }.into_any(),
        }}
    }
}

#[component]
fn Drawing(layout: Layout) -> impl IntoView {
    let sheet = Sheet::new();
    let size = (layout.width, layout.height);
    let cards = layout.cards.into_iter().map(move |card| {
        let (at, size) = ((card.x, card.y), (layout::WIDTH, card.height()));
        view! {
            <DiagramCard sheet name=card.name.clone() at size>
                <CardFace card />
            </DiagramCard>
        }
    });
    view! {
        <Diagram label="Collections and their relations" sheet size edges=layout.edges>
            {cards.collect_view()}
        </Diagram>
    }
}

#[component]
fn CardFace(card: Card) -> impl IntoView {
    view! {
        <A href=format!("/collections/{}/schema", card.name) attr:class="diagram-head" attr:draggable="false">
            <Icon name=IconName::Table2 />
            <span class="truncate">{card.name}</span>
        </A>
        <ul>
            {card
                .lines
                .into_iter()
                .map(|line| {
                    let icon = if line.target.is_some() { IconName::Link } else { IconName::KeyRound };
                    view! {
                        <li class="diagram-line">
                            <Icon name=icon />
                            <span class="truncate grow">{line.name}</span>
                            {line.target.map(|target| view! { <span class="faint truncate">{target}</span> })}
                        </li>
                    }
                })
                .collect_view()}
            {(card.more > 0)
                .then(|| view! { <li class="diagram-line faint">{card.more} " more"</li> })}
        </ul>
    }
}
