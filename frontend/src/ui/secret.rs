//! A secret, which is told once.

use leptos::prelude::*;

use super::{Button, ButtonKind, CodeBlock, Dialog};

/// Whose secret is told, and the secret.
pub type Told = RwSignal<Option<(String, String)>>;

/// Shows a secret until it is noted.
#[component]
pub fn SecretDialog(
    told: Told,
    /// What it is for.
    about: &'static str,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let secret = RwSignal::new(None::<(String, String)>);
    Effect::new(move || {
        if let Some(new) = told.get() {
            secret.set(Some(new));
            told.set(None);
            open.set(true);
        }
    });
    // It is kept nowhere once it was seen.
    Effect::new(move || {
        if !open.get() && untrack(|| told.with(Option::is_none)) {
            secret.set(None);
        }
    });
    let title = move || {
        secret.with(|secret| format!("The secret of {}", secret.as_ref().map_or("", |secret| &secret.0)))
    };
    view! {
        <Dialog
            open
            title=Signal::derive(title)
            foot=move || {
                view! {
                    <Button kind=ButtonKind::Primary press=move |_| open.set(false)>
                        "It is noted"
                    </Button>
                }
            }
        >
            <div class="stack">
                <p class="soft">{about}</p>
                <CodeBlock
                    text=Signal::derive(move || secret.get().map(|secret| secret.1).unwrap_or_default())
                    label="The secret"
                />
            </div>
        </Dialog>
    }
}
