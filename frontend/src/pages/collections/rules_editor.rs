//! All five rules together, with what they often are as a whole.

use annex_openapi::collections::{Collection, Rules};
use annex_openapi::expression::RuleKind;
use leptos::prelude::*;

use super::access::{SIGNED_IN, owner_fields, owner_rule};
use super::rule::{RuleField, RulesDraft};
use crate::ui::{Button, ButtonSize};

/// What rules often are: words, and the rules.
fn presets(collection: &Collection) -> Vec<(String, Rules)> {
    let everyone = || Some(String::new());
    let signed_in = || Some(SIGNED_IN.to_owned());
    let mut presets = vec![
        ("Admins only".to_owned(), Rules::default()),
        ("Everyone reads".to_owned(), Rules { list: everyone(), view: everyone(), ..Rules::default() }),
        (
            "Signed in reads and writes".to_owned(),
            Rules {
                list: signed_in(),
                view: signed_in(),
                create: signed_in(),
                update: signed_in(),
                delete: signed_in(),
            },
        ),
    ];
    if let Some(owner) = owner_fields(collection).next() {
        let mut own = Rules::default();
        for kind in RuleKind::ALL {
            *own.of_mut(kind) = Some(owner_rule(kind, owner));
        }
        let public = Rules { list: everyone(), view: everyone(), ..own.clone() };
        presets.push((format!("Each their own ({owner})"), own));
        presets.push((format!("Everyone reads, {owner} writes"), public));
    }
    presets
}

/// The five rules. `error` says what the server has against one of them.
#[component]
pub fn RulesEditor(
    draft: RulesDraft,
    #[prop(into)] collection: Signal<Collection>,
    #[prop(into)] collections: Signal<Vec<Collection>>,
    #[prop(into)] error: Callback<RuleKind, Option<String>>,
) -> impl IntoView {
    let shown = Memo::new(move |_| collection.with(presets));
    view! {
        <div class="rules-editor">
            <div class="row wrap" role="group" aria-label="Presets">
                <span class="small faint">"Presets"</span>
                {move || {
                    shown
                        .get()
                        .into_iter()
                        .map(|(words, rules)| {
                            view! {
                                <Button size=ButtonSize::Small press=move |_| draft.replace(rules.clone())>
                                    {words}
                                </Button>
                            }
                        })
                        .collect_view()
                }}
            </div>
            {RuleKind::ALL
                .into_iter()
                .map(|kind| {
                    let error = Signal::derive(move || error.run(kind));
                    view! { <RuleField kind draft collection collections error /> }
                })
                .collect_view()}
        </div>
    }
}
