//! What JavaScript asks while an expression is written.

use annex_openapi::expression::{Completions, SuggestionKind, TokenKind, complete, tokens};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::Subject;
use super::place::{to_byte, to_utf16};
use crate::ui::editor::Assist;

/// The assistance for expressions about that subject.
pub(super) fn assist(subject: Subject) -> Assist {
    Assist {
        tokens: Closure::new(|text: String| coloured(&text)),
        complete: Closure::new(move |text: String, at: u32, asked: bool| offered(subject, &text, at, asked)),
    }
}

/// The parts of the text: from, to and kind of each, one after the other.
fn coloured(text: &str) -> Vec<u32> {
    tokens(text)
        .into_iter()
        .flat_map(|(kind, span)| {
            [to_utf16(text, span.start) as u32, to_utf16(text, span.end) as u32, kind_number(kind)]
        })
        .collect()
}

/// As `js/editor.js` counts them.
fn kind_number(kind: TokenKind) -> u32 {
    match kind {
        TokenKind::Keyword => 0,
        TokenKind::Name => 1,
        TokenKind::Function => 2,
        TokenKind::Text => 3,
        TokenKind::Number => 4,
        TokenKind::Special => 5,
        TokenKind::Operator => 6,
    }
}

fn offered(subject: Subject, text: &str, at: u32, asked: bool) -> JsValue {
    let at = to_byte(text, at as usize);
    let completions = subject.with_untracked(|scope| complete(text, at, scope));
    let helps = asked || completions.eager && !is_whole(&text[completions.from..at], &completions);
    if completions.suggestions.is_empty() || !helps {
        return JsValue::NULL;
    }
    let options = Array::new();
    for suggestion in completions.suggestions {
        options.push(&object(&[
            ("label", suggestion.label.into()),
            ("text", suggestion.text.into()),
            ("kind", kind_name(suggestion.kind).into()),
            ("detail", suggestion.detail.into()),
        ]));
    }
    object(&[
        ("from", (to_utf16(text, completions.from) as u32).into()),
        ("to", (to_utf16(text, completions.to) as u32).into()),
        ("options", options.into()),
    ])
}

/// Whether what is written is all that could be meant.
fn is_whole(written: &str, completions: &Completions) -> bool {
    let mut meant = completions.suggestions.iter().filter(|suggestion| suggestion.label.starts_with(written));
    meant.next().is_some_and(|only| only.text == written) && meant.next().is_none()
}

fn kind_name(kind: SuggestionKind) -> &'static str {
    match kind {
        SuggestionKind::Field => "field",
        SuggestionKind::Relation => "relation",
        SuggestionKind::Rows => "rows",
        SuggestionKind::Value => "value",
        SuggestionKind::Special => "special",
        SuggestionKind::Function => "function",
        SuggestionKind::Word => "word",
    }
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in members {
        // Setting a member of a plain object cannot fail.
        Reflect::set(&object, &JsValue::from(*name), value).ok();
    }
    object.into()
}
