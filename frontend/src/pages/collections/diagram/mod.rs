//! How the collections hang together: a card each, and a line for every relation.

mod layout;
mod view;

use leptos::html;
use leptos::prelude::*;
use leptos_router::components::A;

use self::layout::{Card, Layout, layout};
use self::view::{Hold, Window};
use crate::shell::{PageHead, use_catalogue};
use crate::ui::{Empty, ErrorNotice, Icon, IconButton, IconName, LinkButton, Skeleton};

/// The diagram.
#[component]
pub fn Diagram() -> impl IntoView {
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
    let size = (layout.width, layout.height);
    let place = NodeRef::<html::Div>::new();
    let window = RwSignal::new(Window { x: 32.0, y: 32.0, scale: 1.0 });
    let hold = Hold::new(window);
    let lit = RwSignal::new(None::<String>);

    let rect = move || place.get_untracked().map(|place| place.get_bounding_client_rect());
    let origin = move || rect().map_or((0.0, 0.0), |rect| (rect.left(), rect.top()));
    let extent = move || rect().map_or((0.0, 0.0), |rect| (rect.width(), rect.height()));
    let fit = move || window.set(Window::fit(size, extent()));
    let zoom = move |factor: f64| {
        let (width, height) = extent();
        window.update(|window| *window = window.zoomed(factor, width / 2.0, height / 2.0));
    };
    Effect::new(move || {
        if place.get().is_some() {
            fit();
        }
    });

    let edges = layout.edges.into_iter().map(|edge| {
        let is_lit =
            move || lit.with(|lit| lit.as_ref().is_some_and(|name| *name == edge.from || *name == edge.to));
        view! { <path class:lit=is_lit d=edge.path></path> }
    });
    let cards = layout.cards.into_iter().map(|card| view! { <DiagramCard card lit hold /> });

    view! {
        <div
            class="diagram"
            node_ref=place
            role="group"
            aria-label="Collections and their relations"
            tabindex="0"
            on:pointerdown=move |event| hold.down(&event)
            on:pointermove=move |event| hold.drag(&event, origin())
            on:pointerup=move |event| hold.up(&event)
            on:pointercancel=move |event| hold.up(&event)
            on:pointerleave=move |event| hold.up(&event)
            on:wheel=move |event| hold.wheel(&event, origin())
            on:keydown=move |event| {
                if event.key() == "0" {
                    fit();
                } else if !hold.key(&event, extent()) {
                    return;
                }
                event.prevent_default();
            }
        >
            <div
                class="diagram-sheet"
                style:transform=move || {
                    let Window { x, y, scale } = window.get();
                    format!("translate({x}px, {y}px) scale({scale})")
                }
            >
                <svg
                    class="diagram-lines"
                    width=size.0.to_string()
                    height=size.1.to_string()
                    aria-hidden="true"
                    class:dimmed=move || lit.with(Option::is_some)
                >
                    {edges.collect_view()}
                </svg>
                <ul>{cards.collect_view()}</ul>
            </div>
            <div class="diagram-tools" on:pointerdown=|event| event.stop_propagation()>
                <IconButton name=IconName::Plus label="Larger" keys="+" press=move |_| zoom(1.25) />
                <IconButton name=IconName::Minus label="Smaller" keys="-" press=move |_| zoom(0.8) />
                <IconButton name=IconName::Maximize label="All of it" keys="0" press=move |_| fit() />
            </div>
        </div>
    }
}

#[component]
fn DiagramCard(card: Card, lit: RwSignal<Option<String>>, hold: Hold) -> impl IntoView {
    let (x, y, height) = (card.x, card.y, card.height());
    let name = StoredValue::new(card.name.clone());
    let light = move || lit.set(Some(name.get_value()));
    view! {
        <li
            class="diagram-card"
            style:transform=format!("translate({x}px, {y}px)")
            style:width=format!("{}px", layout::WIDTH)
            style:height=format!("{height}px")
            on:pointerenter=move |_| light()
            on:pointerleave=move |_| lit.set(None)
            on:focusin=move |_| light()
            on:focusout=move |_| lit.set(None)
            on:click:capture=move |event| {
                if hold.was_moved() {
                    event.prevent_default();
                    event.stop_propagation();
                }
            }
        >
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
        </li>
    }
}
