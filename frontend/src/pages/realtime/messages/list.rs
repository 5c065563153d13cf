//! The messages, each to be opened.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::ring::{Kind, Said};
use super::tail::Tail;
use crate::format;
use crate::json::{compact, indented};
use crate::ui::code::copy;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Badge, Button, ButtonKind, ButtonSize, CodeBlock, Empty, IconButton, IconName, Segmented, Tone,
};
use crate::url::UrlQuery;

/// The most messages that are in the page.
const SHOWN: usize = 200;
/// How much of a message stands in its line, in characters.
const LINE: usize = 240;

/// What is shown of the messages, each part of the URL.
const OPS: [(&str, &str); 5] =
    [("", "All"), ("enter", "Enter"), ("update", "Update"), ("leave", "Leave"), ("other", "Other")];

fn is_shown(kind: Kind, op: &str) -> bool {
    match op {
        "" => true,
        "enter" => kind == Kind::Enter,
        "update" => kind == Kind::Update,
        "leave" => kind == Kind::Leave,
        _ => !matches!(kind, Kind::Enter | Kind::Update | Kind::Leave),
    }
}

/// The messages.
#[component]
pub fn MessageList(tail: Tail, query: UrlQuery) -> impl IntoView {
    let toasts = use_toasts();
    let op = Memo::new(move |_| {
        let given = query.get("op").unwrap_or_default();
        OPS.into_iter().map(|(op, _)| op).find(|op| *op == given).unwrap_or_default()
    });
    let said = Memo::new(move |_| {
        let op = op.get();
        tail.ring.with(|ring| {
            ring.newest().filter(|said| is_shown(said.kind, op)).take(SHOWN).cloned().collect::<Vec<_>>()
        })
    });
    let copy_all = move |_| {
        let lines: Vec<String> = said.with_untracked(|said| {
            said.iter()
                .rev()
                .filter(|said| said.kind != Kind::Note)
                .map(|said| said.text.to_string())
                .collect()
        });
        spawn_local(copy(lines.join("\n"), toasts));
    };
    let is_empty = move || said.with(Vec::is_empty);
    let counted = move || {
        tail.ring.with(|ring| match (ring.kept() as u64, ring.count) {
            (_, 0) => String::new(),
            (kept, count) if kept < count => {
                format!("The last {} of {}", format::count(kept as i64), format::count(count as i64))
            }
            (1, _) => "1 message".to_owned(),
            (kept, _) => format!("{} messages", format::count(kept as i64)),
        })
    };
    view! {
        <section class="messages" aria-label="Messages">
            <div class="toolbar">
                <Segmented
                    label="Which messages"
                    value=op
                    change=move |op: &'static str| query.replace(&[("op", (!op.is_empty()).then(|| op.to_owned()))])
                    options=OPS.to_vec()
                />
                <span class="soft small numbers">{counted}</span>
                <span class="grow"></span>
                {move || {
                    let paused = tail.paused.get();
                    let (icon, words) = if paused { (IconName::Play, "Go on") } else { (IconName::Pause, "Pause") };
                    view! {
                        <Button kind=ButtonKind::Quiet icon press=move |_| tail.paused.set(!paused)>
                            {words}
                            {move || {
                                let waiting = tail.waiting.get();
                                (waiting > 0).then(|| view! { <Badge tone=Tone::Accent>{format::count(waiting as i64)}</Badge> })
                            }}
                        </Button>
                    }
                }}
                <IconButton name=IconName::Copy label="Copy what shows" press=copy_all />
                <IconButton name=IconName::Trash2 label="Clear" press=move |_| tail.clear() />
            </div>
            <div class="message-frame">
                {move || {
                    is_empty()
                        .then(|| view! {
                            <Empty icon=IconName::Radio title="Nothing told yet">
                                <p>"Subscribe, and change a row of the collection. What is told shows here, the newest first."</p>
                            </Empty>
                        })
                }}
                <ol class="message-list">
                    <For each=move || said.get() key=|said| said.serial let(said)>
                        <li>{line(said)}</li>
                    </For>
                </ol>
            </div>
        </section>
    }
}

/// The mark of a message.
fn mark(kind: Kind) -> (Tone, IconName) {
    match kind {
        Kind::Enter => (Tone::Good, IconName::Plus),
        Kind::Update => (Tone::Accent, IconName::Pencil),
        Kind::Leave => (Tone::Warn, IconName::Minus),
        Kind::Snapshot => (Tone::Neutral, IconName::Rows3),
        Kind::Control => (Tone::Neutral, IconName::Check),
        Kind::Trouble => (Tone::Bad, IconName::CircleAlert),
        Kind::Note => (Tone::Neutral, IconName::Radio),
    }
}

/// What stands in the line of a message: the record where it has one.
fn summary(said: &Said) -> String {
    if said.cut > 0 {
        return format!("{}, not all of it kept", format::bytes((said.text.len() + said.cut) as i64));
    }
    let inner = match said.kind {
        Kind::Enter | Kind::Update | Kind::Leave => {
            said.text.split_once("\"record\":").map(|(_, record)| record.strip_suffix('}').unwrap_or(record))
        }
        _ => None,
    };
    compact(inner.unwrap_or(&said.text)).chars().take(LINE).collect()
}

fn line(said: Said) -> AnyView {
    let (tone, icon) = mark(said.kind);
    let time = format::precise_clock(said.at as f64);
    let (cursor, name, words) = (said.cursor.clone(), said.name.clone(), summary(&said));
    let head = view! {
        <time class="numbers soft">{time}</time>
        <span class="message-op">
            <Badge tone icon>
                {name}
            </Badge>
        </span>
        <code class="truncate">{words}</code>
        <code class="message-cursor faint only-wide">{cursor.clone()}</code>
    };
    if said.text.is_empty() {
        return view! { <div class="message">{head}</div> }.into_any();
    }
    let open = RwSignal::new(false);
    let text = said.text.clone();
    // What nobody opens is not laid out.
    let body = move || {
        open.get().then(|| {
            let shown = if said.cut > 0 { text.to_string() } else { indented(&text) };
            view! { <CodeBlock text=Signal::stored(shown) label="The message" /> }
        })
    };
    view! {
        <details class="message" on:toggle:target=move |event| open.set(event.target().open())>
            <summary>{head}</summary>
            <div class="message-body stack tight">
                {cursor
                    .map(|cursor| {
                        let toasts = use_toasts();
                        let copied = cursor.clone();
                        view! {
                            <div class="row wrap small">
                                <span class="soft">"Cursor"</span>
                                <code>{cursor}</code>
                                <Button
                                    kind=ButtonKind::Quiet
                                    size=ButtonSize::Small
                                    icon=IconName::Copy
                                    press=move |_| spawn_local(copy(copied.clone(), toasts))
                                >
                                    "Copy the cursor"
                                </Button>
                            </div>
                        }
                    })} {body}
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(kind: Kind, text: &str) -> Said {
        Said { serial: 1, at: 0, kind, name: String::new(), cursor: None, text: text.into(), cut: 0 }
    }

    #[test]
    fn the_line_of_an_event_has_its_record() {
        let text = r#"{"op":"event","id":"1","type":"enter","cursor":"c","record":{"a": 1.10}}"#;
        assert_eq!(summary(&said(Kind::Enter, text)), r#"{"a":1.10}"#);
        assert_eq!(summary(&said(Kind::Control, r#"{"op": "subscribed"}"#)), r#"{"op":"subscribed"}"#);
    }

    #[test]
    fn each_message_is_among_one_kind() {
        for kind in
            [Kind::Enter, Kind::Update, Kind::Leave, Kind::Snapshot, Kind::Control, Kind::Trouble, Kind::Note]
        {
            let among = OPS.into_iter().filter(|(op, _)| !op.is_empty() && is_shown(kind, op)).count();
            assert_eq!((among, is_shown(kind, "")), (1, true));
        }
    }
}
