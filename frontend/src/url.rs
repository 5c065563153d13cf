//! The query of the URL as a view's state, so that every view is a link. The router's own map is not used: it decodes values
//! twice, which changes an expression with a `%` in it.

use form_urlencoded::Serializer;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

/// A change of the query: a name, and its value or nothing.
pub type Change<'a> = (&'a str, Option<String>);

/// The router's way to another URL.
type Navigate = Box<dyn Fn(&str, NavigateOptions) + Send + Sync>;

/// What stands behind `?`.
#[derive(Clone, Copy)]
pub struct UrlQuery {
    search: Memo<String>,
    navigate: StoredValue<Navigate>,
}

/// The query of the view's URL.
pub fn use_url_query() -> UrlQuery {
    UrlQuery { search: use_location().search, navigate: StoredValue::new(Box::new(use_navigate())) }
}

impl UrlQuery {
    /// The value under a name.
    pub fn get(self, name: &str) -> Option<String> {
        self.search.with(|search| value(search, name))
    }

    /// The value under a name, as it is now.
    pub fn get_untracked(self, name: &str) -> Option<String> {
        self.search.with_untracked(|search| value(search, name))
    }

    /// A signal of the value under a name.
    pub fn memo(self, name: &'static str) -> Memo<Option<String>> {
        Memo::new(move |_| self.get(name))
    }

    /// The link to this view with some changes.
    pub fn link(self, changes: &[Change]) -> String {
        self.search.with(|search| changed(search, changes))
    }

    /// Makes changes, as a step of its own for the browser's way back.
    pub fn push(self, changes: &[Change]) {
        self.go(changes, false);
    }

    /// Makes changes in place.
    pub fn replace(self, changes: &[Change]) {
        self.go(changes, true);
    }

    fn go(self, changes: &[Change], replace: bool) {
        let path = window().location().pathname().unwrap_or_default();
        let query = self.search.with_untracked(|search| changed(search, changes));
        let options = NavigateOptions { replace, scroll: false, ..NavigateOptions::default() };
        self.navigate.with_value(|navigate| navigate(&format!("{path}{query}"), options));
    }

    /// Whether a dialog is open that the URL names: the one says what the other does.
    pub fn dialog(self, name: &'static str) -> RwSignal<bool> {
        let named = self.memo(name);
        let open = RwSignal::new(named.with_untracked(Option::is_some));
        Effect::new(move |before: Option<()>| {
            let is_named = named.with(Option::is_some);
            if before.is_some() {
                open.set(is_named);
            }
        });
        Effect::new(move || match (open.get(), named.with_untracked(Option::is_some)) {
            (true, false) => self.push(&[(name, Some(String::new()))]),
            (false, true) => self.replace(&[(name, None)]),
            _ => {}
        });
        open
    }
}

/// The address of a page with these values in its query.
pub fn address(path: &str, values: &[(&str, String)]) -> String {
    format!("{path}?{}", Serializer::new(String::new()).extend_pairs(values).finish())
}

/// Text as a segment of a path.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Whether a segment would be lost at the end of a path: browsers take it for a step between folders, however it is written.
pub fn is_step(segment: &str) -> bool {
    matches!(segment, "" | "." | "..")
}

/// The text that a segment of a path stands for.
pub fn text(segment: &str) -> String {
    // In a path a plus sign is itself.
    let escaped = segment.replace('+', "%2B");
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

/// A query as people read it, decoded; not to be sent.
pub fn readable(query: &str) -> String {
    let pairs = pairs(query).into_iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn pairs(search: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(search.trim_start_matches('?').as_bytes()).into_owned().collect()
}

fn value(search: &str, name: &str) -> Option<String> {
    pairs(search).into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

/// The query with some changes, with its `?`.
fn changed(search: &str, changes: &[Change]) -> String {
    let mut pairs = pairs(search);
    for (name, value) in changes {
        let at = pairs.iter().position(|(own, _)| own == name);
        match (at, value) {
            (Some(at), Some(value)) => pairs[at].1.clone_from(value),
            (Some(_), None) => pairs.retain(|(own, _)| own != name),
            (None, Some(value)) => pairs.push(((*name).to_owned(), value.clone())),
            (None, None) => {}
        }
    }
    format!("?{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        for text in ["", "a b", "100%", "%41", "a=b&c", "title like \"%é%\"", "+"] {
            let query = changed("", &[("filter", Some(text.to_owned()))]);
            assert_eq!(value(&query, "filter").as_deref(), Some(text), "{query}");
        }
        assert_eq!(value("new", "new").as_deref(), Some(""));
        assert_eq!(value("a=1", "b"), None);
    }

    #[test]
    fn a_query_can_be_read() {
        assert_eq!(readable("limit=20&filter=dep_delay%20%3E+332"), "limit=20&filter=dep_delay > 332");
    }

    #[test]
    fn a_change_leaves_the_rest() {
        assert_eq!(changed("a=1&b=2", &[("a", Some("3".to_owned())), ("b", None), ("c", None)]), "?a=3");
        assert_eq!(changed("a=1", &[("a", None)]), "?");
        assert_eq!(changed("", &[("d", Some("x y".to_owned()))]), "?d=x+y");
    }

    #[test]
    fn a_segment_keeps_no_sign_that_a_path_has_a_use_for() {
        assert!(["", ".", ".."].map(segment).iter().all(|lost| is_step(lost)));
        assert!(["...", ".a", ","].map(segment).iter().all(|kept| !is_step(kept)));
        assert_eq!(segment("a/b,c é"), "a%2Fb%2Cc%20%C3%A9");
        for name in ["", "a/b,c é", "1+1=2&x%41"] {
            assert_eq!(text(&segment(name)), name);
        }
    }
}
