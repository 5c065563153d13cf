//! Rewriting an expression's text when something that it names gets another name. Only those names change: the rest stays
//! as its author wrote it.

use super::check::references;
use super::error::ExpressionError;
use super::print;
use super::scope::Scope;
use super::syntax::*;

impl Expression {
    /// The source with the field of the collection renamed, wherever it is named: also behind relations and within
    /// `exists`. The scope is that of before the renaming; an expression that does not fit it is an error.
    pub fn rename_field(
        &self,
        scope: &Scope<'_>,
        collection: &str,
        from: &str,
        to: &str,
    ) -> Result<String, ExpressionError> {
        let spans = references(self, scope)?
            .into_iter()
            .filter(|reference| reference.collection == collection && reference.field == from)
            .map(|reference| reference.span)
            .collect();
        Ok(self.replace(spans, &print::name(to)))
    }

    /// The source with the collection renamed, wherever `exists` names it.
    pub fn rename_collection(&self, from: &str, to: &str) -> String {
        let mut spans = Vec::new();
        self.condition.collections(&mut |name| {
            if name.text == from {
                spans.push(name.span.clone());
            }
        });
        self.replace(spans, &print::name(to))
    }

    fn replace(&self, mut spans: Vec<Span>, name: &str) -> String {
        spans.sort_by_key(|span| span.start);
        spans.dedup();
        let mut rewritten = String::with_capacity(self.source.len());
        let mut at = 0;
        for span in spans {
            rewritten.push_str(&self.source[at..span.start]);
            rewritten.push_str(name);
            at = span.end;
        }
        rewritten.push_str(&self.source[at..]);
        rewritten
    }
}

impl Condition {
    fn collections(&self, see: &mut dyn FnMut(&Name)) {
        match &self.kind {
            ConditionKind::And(parts) | ConditionKind::Or(parts) => {
                parts.iter().for_each(|part| part.collections(see));
            }
            ConditionKind::Not(inner) => inner.collections(see),
            ConditionKind::Exists { collection, condition } => {
                see(collection);
                condition.collections(see);
            }
            ConditionKind::Compare { .. }
            | ConditionKind::In { .. }
            | ConditionKind::Like { .. }
            | ConditionKind::Contains { .. }
            | ConditionKind::Test(_) => {}
        }
    }
}
