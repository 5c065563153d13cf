//! What is asked of whoever does something to many rows that cannot be undone: to type how many they are.

use leptos::prelude::*;

use super::TextInput;
use crate::format;

/// A number, and what was typed in its place.
#[derive(Clone, Copy)]
pub struct Deliberate {
    count: Signal<Option<u64>>,
    typed: RwSignal<String>,
}

impl Deliberate {
    /// Nothing was typed yet; the number may not be known yet either.
    pub fn new(count: impl Into<Signal<Option<u64>>>) -> Self {
        Self { count: count.into(), typed: RwSignal::new(String::new()) }
    }

    /// Forgets what was typed.
    pub fn begin(self) {
        self.typed.set(String::new());
    }

    /// Whether the number is known, and typed where there is anything to be done.
    pub fn is_meant(self) -> bool {
        self.count.get().is_some_and(|count| self.typed.with(|typed| says(typed, count)))
    }
}

/// Whether what was typed is that number, however its digits are grouped.
fn says(typed: &str, count: u64) -> bool {
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let others = typed.chars().any(|sign| !sign.is_ascii_digit() && !",.'’_ \u{a0}\u{202f}".contains(sign));
    !others && digits == count.to_string()
}

/// Where the number is typed.
#[component]
pub fn TypeCount(deliberate: Deliberate) -> impl IntoView {
    move || {
        deliberate.count.get().map(|count| {
            view! {
                <TextInput
                    label=format!("Type {} to confirm", format::count(count as i64))
                    value=deliberate.typed
                    autocomplete="off"
                    mono=true
                />
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn only_the_number_itself_is_meant() {
        for typed in ["1234", "1,234", " 1 234 ", "1.234"] {
            assert!(says(typed, 1234), "{typed}");
        }
        for typed in ["", "12345", "123", "-1234", "1234 rows", "x"] {
            assert!(!says(typed, 1234), "{typed}");
        }
        assert!(says("0", 0));
    }
}
