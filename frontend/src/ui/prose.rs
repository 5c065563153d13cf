//! Text as the document and the server's problems have it: what stands between backticks is code.

use leptos::prelude::*;

/// A text whose parts between backticks are code.
#[component]
pub fn Prose(#[prop(into)] text: String) -> impl IntoView {
    pieces(&text)
        .into_iter()
        .map(|(is_code, piece)| {
            let piece = piece.to_owned();
            if is_code {
                view! { <code class="inline-code">{piece}</code> }.into_any()
            } else {
                piece.into_any()
            }
        })
        .collect_view()
}

/// The parts of a text, and whether each is code. A backtick without another one is a character like any.
fn pieces(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else { break };
        pieces.extend([(false, before), (true, code)]);
        rest = after;
    }
    pieces.push((false, rest));
    pieces.retain(|(_, piece)| !piece.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn what_is_between_backticks_is_code() {
        assert_eq!(
            pieces("give `id`, or `a.b`."),
            [(false, "give "), (true, "id"), (false, ", or "), (true, "a.b"), (false, ".")]
        );
        assert_eq!(pieces("`x`"), [(true, "x")]);
        assert_eq!(pieces("a ` b"), [(false, "a ` b")]);
        assert!(pieces("").is_empty());
    }
}
