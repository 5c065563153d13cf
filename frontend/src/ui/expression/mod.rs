//! The editor of expressions. The contract's own parser and checker run here, in the browser: what is wrong is underlined while
//! it is written, and what may come next is offered.

mod assist;
mod known;
mod place;

use std::time::Duration;

use annex_openapi::collections::Collection;
use annex_openapi::expression::{self, ExpressionError, Purpose, RuleClass, Scope};
use leptos::prelude::*;

pub use known::with_users;

use super::editor::{Editor, Language, Setup, editing};
use super::field::fresh_id;
use super::{Button, ButtonKind, ButtonSize, Icon, IconName};
use place::to_utf16;

/// How long after the last key a mistake shows, in milliseconds: half a word is no mistake.
const PATIENCE: u64 = 500;

/// How much room an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpressionShape {
    /// Several lines, below a label.
    #[default]
    Lines,
    /// One line within a bar: its label is not shown, and what is wrong lies over what is below.
    Bar,
}

/// Where an expression stands: what its names mean.
#[derive(Clone, Copy)]
pub struct Subject {
    /// The collection whose rows it is about.
    pub collection: Signal<Collection>,
    /// All collections that there are.
    pub collections: Signal<Vec<Collection>>,
    /// What it is for.
    pub purpose: Purpose,
}

impl Subject {
    /// The subject of an expression; `collections` as the server lists them, which leaves accounts out.
    pub fn new(
        collection: impl Into<Signal<Collection>>,
        collections: impl Into<Signal<Vec<Collection>>>,
        purpose: Purpose,
    ) -> Self {
        let collections = collections.into();
        let collections = Memo::new(move |_| with_users(collections.get())).into();
        Self { collection: collection.into(), collections, purpose }
    }

    fn with<T>(self, act: impl FnOnce(&Scope<'_>) -> T) -> T {
        self.collection.with(|collection| {
            self.collections
                .with(|collections| act(&Scope { collection, collections, purpose: self.purpose }))
        })
    }

    /// The same for who asks once.
    fn with_untracked<T>(self, act: impl FnOnce(&Scope<'_>) -> T) -> T {
        self.collection.with_untracked(|collection| {
            self.collections
                .with_untracked(|collections| act(&Scope { collection, collections, purpose: self.purpose }))
        })
    }

    /// What is wrong with the text, where something is. No text is right: what it means is said elsewhere.
    pub fn check(self, text: &str) -> Option<ExpressionError> {
        if text.trim().is_empty() {
            return None;
        }
        self.with(|scope| expression::parse(text).and_then(|parsed| expression::check(&parsed, scope)).err())
    }
}

impl Subject {
    /// Where the condition that the text is can be decided; none while it is no condition.
    pub fn class(self, text: &str) -> Option<RuleClass> {
        self.with(|scope| {
            let condition = expression::check(&expression::parse(text).ok()?, scope).ok()?;
            Some(condition.class(scope.collection, scope.collections))
        })
    }
}

/// An expression with its label.
#[component]
pub fn ExpressionEditor(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    subject: Subject,
    #[prop(optional)] shape: ExpressionShape,
    #[prop(optional_no_strip)] hint: Option<String>,
    /// What the server says is wrong; shows where nothing is wrong here.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] autofocus: bool,
    /// Runs on Enter in one line, and on Ctrl or ⌘ and Enter in several.
    #[prop(optional, into)]
    submit: Option<Callback<()>>,
) -> impl IntoView {
    let id = fresh_id();
    let about = format!("{id}-about");
    let editor = Editor::new();
    let checked = Memo::new(move |_| value.with(|text| subject.check(text)));
    let shown = patient(checked, editor);
    let mark = move || {
        let mistake = shown.get()?;
        let place = |byte: usize| to_utf16(&mistake.source, byte);
        Some((place(mistake.span.start), place(mistake.span.end)))
    };
    let setup = Setup {
        id: id.clone(),
        about: about.clone(),
        label: label.clone(),
        language: Language::Expression,
        value,
        read_only: false,
        one_line: shape == ExpressionShape::Bar,
        line_numbers: false,
        autofocus,
        placeholder,
        mark: Signal::derive(mark),
        invalid: Signal::derive(move || shown.with(Option::is_some) || error.with(Option::is_some)),
        submit,
        assist: Some(assist::assist(subject)),
    };
    view! {
        <div class="field expression" class:bar=shape == ExpressionShape::Bar>
            {(shape != ExpressionShape::Bar)
                .then(|| {
                    view! {
                        <label class="field-label" for=id>
                            {label}
                        </label>
                    }
                })}
            {editing(editor, setup)}
            <div id=about class="expression-about" aria-live="polite">
                {move || match (shown.get(), error.get()) {
                    (Some(mistake), _) => mistake_view(mistake, editor).into_any(),
                    (None, Some(error)) => {
                        view! {
                            <p class="field-error">
                                <Icon name=IconName::CircleAlert />
                                {error}
                            </p>
                        }
                            .into_any()
                    }
                    (None, None) => hint.clone().map(|hint| view! { <p class="field-hint">{hint}</p> }).into_any(),
                }}
            </div>
        </div>
    }
}

/// The mistake once its author has stopped writing; that there is none at once.
fn patient(checked: Memo<Option<ExpressionError>>, editor: Editor) -> RwSignal<Option<ExpressionError>> {
    let shown = RwSignal::new(checked.get_untracked());
    let turn = StoredValue::new(0_u32);
    Effect::new(move |first: Option<()>| {
        let mistake = checked.get();
        let this = turn.get_value().wrapping_add(1);
        turn.set_value(this);
        if first.is_none() || mistake.is_none() {
            shown.set(mistake);
        } else {
            shown.set(None);
            show_later(checked, shown, editor, turn, this);
        }
    });
    shown
}

fn show_later(
    checked: Memo<Option<ExpressionError>>,
    shown: RwSignal<Option<ExpressionError>>,
    editor: Editor,
    turn: StoredValue<u32>,
    this: u32,
) {
    set_timeout(
        move || {
            if turn.try_get_value() != Some(this) {
                return;
            }
            if editor.is_choosing() {
                show_later(checked, shown, editor, turn, this);
            } else if let Some(mistake) = checked.try_get_untracked() {
                shown.set(mistake);
            }
        },
        Duration::from_millis(PATIENCE),
    );
}

fn mistake_view(mistake: ExpressionError, editor: Editor) -> impl IntoView {
    let place = (to_utf16(&mistake.source, mistake.span.start), to_utf16(&mistake.source, mistake.span.end));
    let mend = mistake.correction.map(|correction| {
        let words = format!("Write {correction}");
        let press = move |_| editor.replace(place.0, place.1, &correction);
        view! {
            <Button kind=ButtonKind::Secondary size=ButtonSize::Small press>
                {words}
            </Button>
        }
    });
    view! {
        <p class="field-error">
            <Icon name=IconName::CircleAlert />
            <span>{marked(&mistake.message)}</span>
            {mend}
        </p>
        {mistake.hint.map(|hint| view! { <p class="field-hint expression-hint">{marked(&hint)}</p> })}
    }
}

/// A sentence, with what stands in backticks as code and a capital at its beginning.
pub fn marked(sentence: &str) -> Vec<AnyView> {
    let mut pieces = place::pieces(sentence);
    let first = match pieces.first() {
        Some((false, _)) => Some(place::capital(pieces.remove(0).1).into_any()),
        _ => None,
    };
    first.into_iter().chain(pieces.into_iter().map(piece_view)).collect()
}

/// A part of a sentence, with what stands in backticks as code.
pub fn quoted(text: &str) -> Vec<AnyView> {
    place::pieces(text).into_iter().map(piece_view).collect()
}

fn piece_view((is_code, piece): (bool, &str)) -> AnyView {
    let piece = piece.to_owned();
    if is_code { view! { <code>{piece}</code> }.into_any() } else { piece.into_any() }
}
