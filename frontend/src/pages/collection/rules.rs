//! The tab of a collection's rules: who may do what with its rows, as it is and as it would be.

use annex_openapi::collections::{Collection, CollectionPatch, Rules as RuleTexts, RulesPatch};
use annex_openapi::expression::RuleKind;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::frame::use_collection;
use super::rule_tester::RuleTester;
use crate::api::{ApiError, use_api};
use crate::leaving;
use crate::pages::collections::access::{Access, kind_words};
use crate::pages::collections::planning::{PlanPreview, Planning};
use crate::pages::collections::rule::RulesDraft;
use crate::pages::collections::rules_editor::RulesEditor;
use crate::part::later;
use crate::shell::{shortcut, use_catalogue};
use crate::ui::expression::{marked, with_users};
use crate::ui::toast::use_toasts;
use crate::ui::{Button, ButtonKind, Card, ErrorNotice, Icon, Notice, Tone};

/// The rules that differ.
fn patch(was: &RuleTexts, is: &RuleTexts) -> Option<RulesPatch> {
    let differs = |kind: RuleKind| (was.of(kind) != is.of(kind)).then(|| is.of(kind).clone());
    let patch = RulesPatch {
        list: differs(RuleKind::List),
        view: differs(RuleKind::View),
        create: differs(RuleKind::Create),
        update: differs(RuleKind::Update),
        delete: differs(RuleKind::Delete),
    };
    (patch != RulesPatch::default()).then_some(patch)
}

fn as_change(rules: RulesPatch) -> CollectionPatch {
    CollectionPatch { changes: Vec::new(), rules: Some(rules), realtime: None }
}

/// The tab of rules.
#[component]
pub fn Rules() -> impl IntoView {
    let api = use_api();
    let catalogue = use_catalogue();
    let toasts = use_toasts();
    let collection = use_collection();
    let draft = RulesDraft::new(collection.with_untracked(|collection| collection.rules.clone()));
    let patch = Memo::new(move |_| collection.with(|collection| patch(&collection.rules, &draft.get())));
    let has_changes = Memo::new(move |_| patch.with(Option::is_some));
    leaving::ask(move || has_changes.get_untracked());
    let planning = Planning::follow(
        move || patch.get(),
        move |rules| async move {
            let name = collection.with_untracked(|collection| collection.name.clone());
            api.plan_change(&name, &as_change(rules)).await
        },
    );
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<ApiError>);
    let discard = move || draft.replace(collection.with_untracked(|collection| collection.rules.clone()));
    let save = Callback::new(move |()| {
        let Some(rules) = patch.get_untracked().filter(|_| !busy.get_untracked()) else { return };
        busy.set(true);
        refusal.set(None);
        let name = collection.with_untracked(|collection| collection.name.clone());
        spawn_local(async move {
            match api.change_collection(&name, &as_change(rules)).await {
                Ok(changed) => {
                    catalogue.put(&name, changed);
                    toasts.say("The rules were saved");
                }
                Err(error) => {
                    refusal.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    });
    shortcut("mod+s", "Save the rules", move || {
        if has_changes.get_untracked() && planning.is_good() {
            save.run(());
        }
    });
    let collections = Signal::derive(move || with_users(catalogue.all().unwrap_or_default()));
    let future = Memo::new(move |_| Collection { rules: draft.get(), ..collection.get() });
    let problems = move || {
        collection
            .with(|collection| collection.problems.clone())
            .into_iter()
            .map(|problem| view! { <Notice tone=Tone::Warn>{marked(&problem)}</Notice> })
            .collect_view()
    };
    view! {
        <div class="page wide split">
            <div class="stack">
                {problems}
                <Card>
                    <RulesEditor
                        draft
                        collection
                        collections
                        error=Callback::new(move |kind: RuleKind| planning.at(&format!("/rules/{}", kind.as_str())))
                    />
                </Card>
                {later!(rule_tester, |draft: RulesDraft| view! { <RuleTester draft /> })}
            </div>
            <aside class="split-side" aria-label="What it comes to">
                <Show when=move || has_changes.get()>
                    <div class="row">
                        <h2 class="grow">"Not saved yet"</h2>
                        <Button press=move |_| discard()>"Discard"</Button>
                        <Button
                            kind=ButtonKind::Primary
                            busy
                            disabled=Signal::derive(move || !planning.is_good())
                            keys="mod+s"
                            tip="Save the rules"
                            press=move |_| save.run(())
                        >
                            "Save"
                        </Button>
                    </div>
                    <ErrorNotice error=refusal />
                    <PlanPreview planning waiting="" />
                </Show>
                <h2>{move || if has_changes.get() { "Who could do what then" } else { "Who can do what" }}</h2>
                {move || future.with(callers)}
            </aside>
        </div>
    }
}

/// Who may call, and what each of the rules means for them.
fn callers(collection: &Collection) -> impl IntoView + use<> {
    let about = [
        ("Anyone", "without signing in", Caller::Anonymous),
        ("Signed in", "with any account", Caller::SignedIn),
        ("Admins", "with the role admin", Caller::Admin),
    ];
    about
        .map(|(who, how, caller)| {
            let lines = RuleKind::ALL.map(|kind| {
                let access = Access::of(kind, collection.rules.of(kind).as_deref(), collection);
                let (word, icon) = kind_words(kind);
                let (reach, tone) = caller.reach(&access);
                view! {
                    <li class=format!("reach {}", tone.class())>
                        <Icon name=icon />
                        <span>{word}</span>
                        <span class="reach-words">{reach}</span>
                    </li>
                }
            });
            view! {
                <section class="caller">
                    <h3>{who} " " <span class="faint">{how}</span></h3>
                    <ul>{lines.into_iter().collect_view()}</ul>
                </section>
            }
        })
        .collect_view()
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    SignedIn,
    Admin,
}

impl Caller {
    /// How far a rule lets the caller go.
    fn reach(self, access: &Access) -> (&'static str, Tone) {
        match (self, access) {
            (Self::Admin, _) | (_, Access::Everyone) | (Self::SignedIn, Access::SignedIn) => {
                ("every row", Tone::Accent)
            }
            (_, Access::Admins) | (Self::Anonymous, Access::SignedIn | Access::Owner(_)) => {
                ("nothing", Tone::Neutral)
            }
            (Self::SignedIn, Access::Owner(_)) => ("their own rows", Tone::Good),
            (_, Access::Rule) => ("rows that fulfil the rule", Tone::Good),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rules_that_differ_are_sent() {
        let was =
            RuleTexts { list: Some(String::new()), view: Some("a = 1".to_owned()), ..RuleTexts::default() };
        assert_eq!(patch(&was, &was), None);
        let is = RuleTexts { list: None, ..was.clone() };
        assert_eq!(patch(&was, &is), Some(RulesPatch { list: Some(None), ..RulesPatch::default() }));
    }

    #[test]
    fn nobody_is_said_to_reach_more_than_the_rule_lets_them() {
        assert_eq!(Caller::Anonymous.reach(&Access::Owner("author".to_owned())).0, "nothing");
        assert_eq!(Caller::SignedIn.reach(&Access::Admins).0, "nothing");
        assert_eq!(Caller::SignedIn.reach(&Access::Owner("author".to_owned())).0, "their own rows");
        assert_eq!(Caller::Admin.reach(&Access::Admins).0, "every row");
    }
}
