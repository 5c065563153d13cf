//! Where a rule is decided for those who follow changes: told while it is written.

use annex_openapi::expression::RuleClass;
use leptos::prelude::*;

use crate::ui::expression::marked;
use crate::ui::{Badge, IconName, Subject, Tone};

/// The word for a class, how good it is, and a sentence for each thing that there is to say of it.
fn words(class: &RuleClass) -> (&'static str, Tone, IconName, Vec<String>) {
    match class {
        RuleClass::RowLocal(_) => (
            "Row alone",
            Tone::Good,
            IconName::Zap,
            vec!["followers of changes are told without asking the database".to_owned()],
        ),
        RuleClass::Membership(others) => {
            let names: Vec<String> = others.collections.iter().map(|name| format!("`{name}`")).collect();
            let sentence = format!(
                "followers of changes are told without asking the database: rows of {} are kept at hand",
                names.join(", ")
            );
            ("With other rows", Tone::Accent, IconName::Workflow, vec![sentence])
        }
        RuleClass::Sql(alone) => {
            let mut sentences =
                vec!["the database is asked for each change that is followed, which is slower".to_owned()];
            sentences.extend(alone.reasons.iter().cloned());
            ("Database alone", Tone::Warn, IconName::Database, sentences)
        }
    }
}

/// The word for a class.
pub fn class_badge(class: &RuleClass) -> impl IntoView + use<> {
    let (word, tone, icon, _) = words(class);
    view! {
        <Badge tone icon>
            {word}
        </Badge>
    }
}

/// The class of the rule that the text is; nothing while it is none.
#[component]
pub fn RuleClassNote(text: RwSignal<String>, subject: Subject) -> impl IntoView {
    let class = Memo::new(move |_| text.with(|text| subject.class(text)));
    move || {
        class.get().map(|class| {
            let (word, tone, icon, sentences) = words(&class);
            let sentences = sentences.into_iter().map(|sentence| view! { <li>{marked(&sentence)}</li> });
            view! {
                <div class="rule-class">
                    <Badge tone icon>
                        {word}
                    </Badge>
                    <ul>{sentences.collect_view()}</ul>
                </div>
            }
        })
    }
}
