//! How webhooks and deliveries stand, at a glance.

use annex_openapi::webhooks::{Delivery, DeliveryState, DisabledReason, Webhook};
use leptos::prelude::*;

use crate::ui::{Ago, Badge, IconName, Notice, Prose, Tone, Until};

/// How a webhook stands.
#[component]
pub fn Health(webhook: Webhook) -> impl IntoView {
    let (tone, icon, words) = match (webhook.enabled, webhook.disabled_reason, webhook.failing_since) {
        (false, Some(DisabledReason::Gone), _) => (Tone::Bad, IconName::Unlink, "Gone"),
        (false, Some(DisabledReason::Broken), _) => (Tone::Bad, IconName::CircleAlert, "Broken"),
        (false, Some(DisabledReason::Failing), _) => (Tone::Bad, IconName::CircleAlert, "Disabled"),
        (false, None, _) => (Tone::Neutral, IconName::Pause, "Off"),
        (true, _, Some(_)) => (Tone::Warn, IconName::TriangleAlert, "Failing"),
        (true, _, None) if webhook.last_delivered_at.is_some() => {
            (Tone::Good, IconName::CircleCheck, "Delivering")
        }
        (true, _, None) => (Tone::Neutral, IconName::CircleDashed, "Nothing yet"),
    };
    view! {
        <Badge tone icon>
            {words}
        </Badge>
    }
}

/// What is to be known of a webhook that does not go well.
pub fn troubles(webhook: &Webhook) -> Vec<AnyView> {
    let mut all = Vec::new();
    let reason = match webhook.disabled_reason {
        Some(DisabledReason::Gone) => Some(
            "It answered 410 Gone, so the server has disabled it. Enable it again where that was a mistake.",
        ),
        Some(DisabledReason::Failing) => Some(
            "Nothing could be delivered for five days, so the server has disabled it. What waits goes on when it is enabled again.",
        ),
        Some(DisabledReason::Broken) => Some(
            "Its collection or condition does not fit the tables any more, so the server has disabled it. Change it, and enable it again.",
        ),
        None => None,
    };
    if let Some(reason) = reason.filter(|_| !webhook.enabled) {
        all.push(view! { <Notice tone=Tone::Bad>{reason}</Notice> }.into_any());
    }
    if let Some(since) = webhook.failing_since.filter(|_| webhook.enabled) {
        all.push(view! { <Notice tone=Tone::Warn>"Nothing could be delivered since " <Ago at=since /> "."</Notice> }.into_any());
    }
    if let Some(at) = webhook.events_lost_at {
        let words = "Changes of rows were lost that it may not have been told of: Postgres had thrown away log that had not been read (`max_slot_wal_keep_size`).";
        all.push(
            view! { <Notice tone=Tone::Warn><Prose text=words /> " " <Ago at=at /></Notice> }.into_any(),
        );
    }
    all
}

/// How a delivery stands.
#[component]
pub fn DeliveryBadge(delivery: Delivery) -> impl IntoView {
    let (tone, icon, words) = match delivery.state {
        DeliveryState::Delivered => (Tone::Good, IconName::CircleCheck, "Delivered"),
        DeliveryState::Failed => (Tone::Bad, IconName::CircleAlert, "Failed"),
        DeliveryState::Pending if delivery.attempts > 0 => (Tone::Warn, IconName::RotateCcw, "Retrying"),
        DeliveryState::Pending => (Tone::Neutral, IconName::Clock, "Pending"),
    };
    let next = delivery
        .next_attempt_at
        .filter(|_| delivery.state == DeliveryState::Pending && delivery.attempts > 0);
    view! {
        <span class="row">
            <Badge tone icon>
                {words}
            </Badge>
            {next.map(|at| view! { <span class="soft small"><Until at /></span> })}
        </span>
    }
}
