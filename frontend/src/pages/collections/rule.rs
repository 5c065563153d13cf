//! One rule: who passes, chosen from what is often meant or written as an expression.

use annex_openapi::collections::{Collection, Rules};
use annex_openapi::expression::{Purpose, RuleKind};
use leptos::prelude::*;

use super::access::{Access, SIGNED_IN, kind_words, owner_fields, owner_rule};
use super::rule_class::RuleClassNote;
use crate::part::later;
use crate::ui::{ExpressionEditor, Icon, Subject};

/// What a rule guards, in a sentence.
fn guards(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::List => "Which rows a list, a search or an export returns.",
        RuleKind::View => "Which rows can be read by key, and be reached through relations.",
        RuleKind::Create => {
            "Which rows can be created; @new and the bare fields are the row as it would be written."
        }
        RuleKind::Update => "Which rows can be changed; fields are the row before, @new the row after.",
        RuleKind::Delete => "Which rows can be deleted.",
    }
}

/// The rules while they are edited.
#[derive(Clone, Copy)]
pub struct RulesDraft {
    rules: RwSignal<Rules>,
}

impl RulesDraft {
    /// A draft that begins with these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules: RwSignal::new(rules) }
    }

    /// The rules as they are written now.
    pub fn get(self) -> Rules {
        self.rules.get()
    }

    /// One rule.
    pub fn of(self, kind: RuleKind) -> Option<String> {
        self.rules.with(|rules| rules.of(kind).clone())
    }

    /// Puts a rule in place.
    pub fn set(self, kind: RuleKind, rule: Option<String>) {
        if self.rules.with_untracked(|rules| *rules.of(kind) != rule) {
            self.rules.update(|rules| *rules.of_mut(kind) = rule);
        }
    }

    /// Puts all rules in place.
    pub fn replace(self, rules: Rules) {
        self.rules.set(rules);
    }
}

/// What can be chosen for a rule: the value of the choice and its words.
fn choices(kind: RuleKind, collection: &Collection) -> Vec<(String, String)> {
    let mut choices = vec![
        ("admins".to_owned(), "Admins only".to_owned()),
        ("everyone".to_owned(), "Everyone".to_owned()),
        ("signed-in".to_owned(), "Signed in".to_owned()),
    ];
    choices.extend(owner_fields(collection).map(|field| {
        let words = match kind {
            RuleKind::Create => format!("As oneself ({field})"),
            _ => format!("Owner ({field})"),
        };
        (format!("owner:{field}"), words)
    }));
    choices.push(("rule".to_owned(), "By a rule".to_owned()));
    choices
}

fn choice_of(access: &Access) -> String {
    match access {
        Access::Admins => "admins".to_owned(),
        Access::Everyone => "everyone".to_owned(),
        Access::SignedIn => "signed-in".to_owned(),
        Access::Owner(field) => format!("owner:{field}"),
        Access::Rule => "rule".to_owned(),
    }
}

/// The rule that a choice means; `before` is the rule so far.
fn rule_of(choice: &str, kind: RuleKind, before: Option<&str>) -> Option<String> {
    match choice {
        "admins" => None,
        "everyone" => Some(String::new()),
        "signed-in" => Some(SIGNED_IN.to_owned()),
        choice => match choice.strip_prefix("owner:") {
            Some(field) => Some(owner_rule(kind, field)),
            // What is written begins with what was chosen before.
            None => {
                Some(before.map(str::trim).filter(|rule| !rule.is_empty()).unwrap_or(SIGNED_IN).to_owned())
            }
        },
    }
}

/// One rule, with what it guards. `error` is what the server says of it.
#[component]
pub fn RuleField(
    kind: RuleKind,
    draft: RulesDraft,
    #[prop(into)] collection: Signal<Collection>,
    #[prop(into)] collections: Signal<Vec<Collection>>,
    #[prop(optional, into)] error: Signal<Option<String>>,
) -> impl IntoView {
    let (word, icon) = kind_words(kind);
    let rule = Memo::new(move |_| draft.of(kind));
    // Who has chosen to write a rule goes on writing, also while the text happens to be one that can be chosen.
    let writing = RwSignal::new(false);
    let choice = Memo::new(move |_| {
        let access = collection.with(|collection| Access::of(kind, rule.get().as_deref(), collection));
        if writing.get() { "rule".to_owned() } else { choice_of(&access) }
    });
    let options = Memo::new(move |_| collection.with(|collection| choices(kind, collection)));
    let text = RwSignal::new(rule.get_untracked().unwrap_or_default());
    Effect::new(move || {
        let rule = rule.get().unwrap_or_default();
        if text.with_untracked(|text| *text != rule) {
            text.set(rule);
        }
    });
    Effect::new(move || {
        let written = text.get();
        if choice.get_untracked() == "rule" {
            writing.set(true);
            draft.set(kind, Some(written));
        }
    });
    let choose = move |chosen: String| {
        writing.set(chosen == "rule");
        draft.set(kind, rule_of(&chosen, kind, rule.get_untracked().as_deref()));
    };
    let subject = Subject::new(collection, collections, Purpose::Rule(kind));
    let is_rule = Memo::new(move |_| choice.get() == "rule");
    let id = crate::ui::field::fresh_id();
    view! {
        <div class="rule">
            <div class="rule-head">
                <label class="rule-name" for=id.clone()>
                    <Icon name=icon />
                    {word}
                </label>
                <p class="rule-guards">{guards(kind)}</p>
                <select
                    class="input rule-choice"
                    id=id
                    on:change:target=move |event| choose(event.target().value())
                >
                    {move || {
                        options
                            .get()
                            .into_iter()
                            .map(|(value, words)| {
                                let this = value.clone();
                                view! {
                                    <option value=value prop:selected=move || choice.get() == this>
                                        {words}
                                    </option>
                                }
                            })
                            .collect_view()
                    }}
                </select>
            </div>
            <Show
                when=move || is_rule.get()
                fallback=move || {
                    error
                        .get()
                        .map(|error| view! { <p class="field-error">{error}</p> })
                }
            >
                {
                    let (label, value) = (format!("{word} rule"), text);
                    later!(
                        rule_editor,
                        |label: String, value: RwSignal<String>, subject: Subject, error: Signal<Option<String>>| view! {
                            <ExpressionEditor label value subject error />
                            <RuleClassNote text=value subject />
                        }
                    )
                }
                {move || {
                    text.with(|text| text.trim().is_empty())
                        .then(|| view! { <p class="field-hint">"An empty rule lets everyone pass."</p> })
                }}
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use annex_openapi::users;

    use super::*;

    #[test]
    fn a_choice_means_a_rule_that_is_recognised_again() {
        let mut posts = users::collection();
        let mut author = posts.fields[0].clone();
        author.name = "author".to_owned();
        author.type_ = annex_openapi::collections::FieldType::Relation;
        author.collection = Some("users".to_owned());
        posts.fields.push(author);
        for kind in RuleKind::ALL {
            for (choice, _) in choices(kind, &posts).into_iter().filter(|(choice, _)| choice != "rule") {
                let rule = rule_of(&choice, kind, None);
                assert_eq!(choice_of(&Access::of(kind, rule.as_deref(), &posts)), choice);
            }
        }
    }

    #[test]
    fn writing_a_rule_begins_with_what_was_there() {
        assert_eq!(rule_of("rule", RuleKind::List, Some("a = 1")).as_deref(), Some("a = 1"));
        assert_eq!(rule_of("rule", RuleKind::List, Some("")).as_deref(), Some(SIGNED_IN));
        assert_eq!(rule_of("rule", RuleKind::List, None).as_deref(), Some(SIGNED_IN));
    }
}
