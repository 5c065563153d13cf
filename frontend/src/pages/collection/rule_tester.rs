//! Trying a rule before anybody meets it: as somebody, on a row, part by part.

use annex_openapi::auth::User;
use annex_openapi::collections::{
    Collection, RuleGround, RuleJoint, RuleOperation, RulePart, RulePartValue, RuleTest, RuleTested, Truth,
};
use annex_openapi::expression::RuleKind;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::frame::use_collection;
use crate::api::{ApiError, use_api};
use crate::pages::acting::AccountPicker;
use crate::pages::collections::access::kind_words;
use crate::pages::collections::rule::RulesDraft;
use crate::ui::expression::marked;
use crate::ui::sql::Sql;
use crate::ui::{
    Badge, Button, ButtonKind, Card, CodeEditor, Dialog, ErrorNotice, Icon, IconName, Language, Notice,
    Segmented, TextInput, Tone,
};

/// What is tried on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// A row that is there.
    Key,
    /// One that is not.
    Sample,
}

/// The key that a text means: of a key with several parts, the parts between commas.
fn key(collection: &Collection, text: &str) -> Value {
    let text = text.trim();
    match collection.primary_key.len() {
        0 | 1 => Value::from(text),
        _ => text.split(',').map(|part| Value::from(part.trim())).collect(),
    }
}

/// An object that is written; nothing is an empty one.
fn object(text: &str) -> Option<Value> {
    match text.trim() {
        "" => Some(Value::Object(serde_json::Map::new())),
        text => serde_json::from_str(text).ok().filter(Value::is_object),
    }
}

/// Tries the rules as they are written, saved or not.
#[component]
pub fn RuleTester(draft: RulesDraft) -> impl IntoView {
    let api = use_api();
    let collection = use_collection();
    let operation = RwSignal::new(RuleKind::View);
    let user = RwSignal::new(None::<User>);
    let picking = RwSignal::new(false);
    let on = RwSignal::new(On::Key);
    let id = RwSignal::new(String::new());
    let sample = RwSignal::new(String::from("{}"));
    let values = RwSignal::new(String::from("{}"));
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let tested = RwSignal::new(None::<RuleTested>);
    let has_row = move || operation.get() != RuleKind::Create;
    let has_values = move || matches!(operation.get(), RuleKind::Create | RuleKind::Update);
    let test = move || {
        let kind = operation.get();
        let on_key = has_row() && on.get() == On::Key;
        let written = draft.of(kind);
        let saved = collection.with(|collection| collection.rules.of(kind).clone());
        Some(RuleTest {
            operation: RuleOperation::from(kind),
            user: user.with(|user| user.as_ref().map(|user| user.id)),
            id: match on_key {
                true => Some(collection.with(|collection| id.with(|id| key(collection, id))))
                    .filter(|_| id.with(|id| !id.trim().is_empty())),
                false => None,
            },
            row: match has_row() && !on_key {
                true => Some(sample.with(|text| object(text))?),
                false => None,
            },
            values: match has_values() {
                true => Some(values.with(|text| object(text))?),
                false => None,
            },
            rule: written.filter(|rule| Some(rule) != saved.as_ref()),
        })
        .filter(|test| !on_key || test.id.is_some())
    };
    let test = Memo::new(move |_| test());
    // What was found out is about what was asked.
    Effect::new(move || {
        test.track();
        tested.set(None);
        failure.set(None);
    });
    let run = move |_| {
        let Some(asked) = test.get_untracked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        failure.set(None);
        let name = collection.with_untracked(|collection| collection.name.clone());
        spawn_local(async move {
            let answer = api.test_rule(&name, &asked).await;
            if test.try_get_untracked().flatten().as_ref() == Some(&asked) {
                match answer {
                    Ok(answer) => tested.set(Some(answer)),
                    Err(error) => failure.set(Some(error)),
                }
            }
            busy.try_set(false);
        });
    };
    let operations = RuleKind::ALL.map(|kind| (kind, kind_words(kind).0)).to_vec();
    let is_closed = move || {
        let kind = operation.get();
        draft.of(kind).is_none() && collection.with(|collection| collection.rules.of(kind).is_some())
    };
    view! {
        <Card title="Try a rule">
            <div class="stack rule-tester">
                <Segmented label="What to try" value=operation change=move |kind| operation.set(kind) options=operations />
                <div class="row wrap">
                    <span class="small soft">"As"</span>
                    <Button
                        icon=IconName::User
                        press=move |_| picking.set(true)
                    >
                        {move || user.with(|user| user.as_ref().map_or("Nobody".to_owned(), |user| user.email.clone()))}
                    </Button>
                    <Show when=move || user.with(Option::is_some)>
                        <Button press=move |_| user.set(None)>"Nobody"</Button>
                    </Show>
                </div>
                <Show when=has_row>
                    <div class="row wrap">
                        <span class="small soft">"On"</span>
                        <Segmented
                            label="On what"
                            value=on
                            change=move |what| on.set(what)
                            options=vec![(On::Key, "A row"), (On::Sample, "A row that is not there")]
                        />
                    </div>
                    <Show
                        when=move || on.get() == On::Key
                        fallback=move || view! { <CodeEditor label="The row" value=sample language=Language::Json /> }
                    >
                        <TextInput
                            label="Its key"
                            value=id
                            mono=true
                            hint="As it stands in the row's address; of a key with several parts, the parts with commas between them"
                        />
                    </Show>
                </Show>
                <Show when=has_values>
                    <CodeEditor label="What is written" value=values language=Language::Json />
                </Show>
                <Show
                    when=move || !is_closed()
                    fallback=|| view! { <Notice>"As it is written, admins alone may: save it, or write a rule to try."</Notice> }
                >
                    <div class="row">
                        <Button
                            kind=ButtonKind::Primary
                            icon=IconName::Play
                            busy
                            disabled=Signal::derive(move || test.with(Option::is_none))
                            press=run
                        >
                            "Try it"
                        </Button>
                        <span class="small faint">"Nothing of it stays."</span>
                    </div>
                </Show>
                <ErrorNotice error=failure />
                <div aria-live="polite">{move || tested.get().map(|tested| view! { <Outcome tested /> })}</div>
            </div>
        </Card>
        <Dialog open=picking title="Try as a user">
            <AccountPicker
                admins=true
                note="The rule is asked as it would be for that account. No rule holds for admins."
                picked=move |picked| {
                    user.set(Some(picked));
                    picking.set(false);
                }
            />
        </Dialog>
    }
}

/// Why, in words.
fn ground(tested: &RuleTested) -> &'static str {
    match (tested.ground, tested.allowed) {
        (RuleGround::Admin, _) => "no rule holds for admins",
        (RuleGround::Everyone, _) => "the rule lets everyone pass",
        (RuleGround::AdminsOnly, _) => "there is no rule, so admins alone may",
        (RuleGround::Broken, _) => "the rule does not fit the table any more",
        (RuleGround::Expression, true) => "the rule holds",
        (RuleGround::Expression, false) => "the rule does not hold",
    }
}

/// What came of it.
#[component]
fn Outcome(tested: RuleTested) -> impl IntoView {
    let because = ground(&tested);
    let (word, tone, icon) = match tested.allowed {
        true => ("Allowed", Tone::Good, IconName::Check),
        false => ("Denied", Tone::Bad, IconName::X),
    };
    let parts = tested.parts.iter().map(part_row).collect_view();
    let has_parts = !tested.parts.is_empty();
    let failure = tested.failure.map(|failure| view! { <Notice tone=Tone::Warn>{marked(&failure)}</Notice> });
    let warnings = tested
        .warnings
        .into_iter()
        .map(|warning| view! { <Notice tone=Tone::Warn>{marked(&warning)}</Notice> })
        .collect_view();
    let binds = tested.binds.iter().enumerate().map(|(at, bind)| {
        let value = bind.clone().unwrap_or_else(|| "null".to_owned());
        view! { <li><code>{format!("${}", at + 1)}</code> " " <code>{value}</code></li> }
    });
    let binds = binds.collect_view();
    let plan = tested.plan.join("\n");
    view! {
        <div class="stack">
            <p class="row">
                <Badge tone icon>
                    {word}
                </Badge>
                <span>{because}</span>
            </p>
            {failure}
            {has_parts
                .then(|| {
                    view! {
                        <table class="rule-parts">
                            <thead>
                                <tr>
                                    <th scope="col">"Part"</th>
                                    <th scope="col">"Database"</th>
                                    <th scope="col">"Server"</th>
                                </tr>
                            </thead>
                            <tbody>{parts}</tbody>
                        </table>
                    }
                })}
            {warnings}
            {tested
                .sql
                .map(|sql| {
                    view! {
                        <details class="rule-plan">
                            <summary>"Statement and plan"</summary>
                            <div class="stack">
                                <pre tabindex="0" role="region" aria-label="The statement">
                                    <Sql text=sql />
                                </pre>
                                <ul class="small">{binds}</ul>
                                <pre tabindex="0" role="region" aria-label="The plan">
                                    {plan}
                                </pre>
                            </div>
                        </details>
                    }
                })}
        </div>
    }
}

/// A part of the rule, and what it says.
fn part_row(part: &RulePart) -> impl IntoView + use<> {
    let joins = part.joins.map(|joint| match joint {
        RuleJoint::And => "all of",
        RuleJoint::Or => "one of",
        RuleJoint::Not => "not",
    });
    let text = part.text.clone();
    view! {
        <tr class:decides=part.database.decides>
            <td style:--depth=part.depth.to_string()>
                {match joins {
                    Some(joins) => view! { <span class="rule-joint" title=text>{joins}</span> }.into_any(),
                    None => view! { <code>{text}</code> }.into_any(),
                }}
            </td>
            <td>{truth(Some(part.database))}</td>
            <td>{truth(part.server)}</td>
        </tr>
    }
}

/// What a part says in one of the executors.
fn truth(value: Option<RulePartValue>) -> impl IntoView {
    let Some(value) = value else {
        return view! { <span class="truth faint" title="The database alone can decide it">"–"</span> }
            .into_any();
    };
    let (word, class, icon) = match value.value {
        Truth::True => ("true", "truth good", IconName::Check),
        Truth::False => ("false", "truth bad", IconName::X),
        Truth::Unknown => ("unknown", "truth warn", IconName::CircleAlert),
    };
    view! {
        <span class=class class:decides=value.decides>
            <Icon name=icon />
            {word}
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_have_as_many_parts_as_the_collection_says() {
        let mut collection = annex_openapi::users::collection();
        assert_eq!(key(&collection, " a,b "), json!("a,b"));
        collection.primary_key = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(key(&collection, "1, x"), json!(["1", "x"]));
    }

    #[test]
    fn only_objects_are_rows() {
        assert_eq!(object(" "), Some(json!({})));
        assert_eq!(object("{\"a\": 1}"), Some(json!({"a": 1})));
        assert_eq!((object("[1]"), object("{")), (None, None));
    }
}
