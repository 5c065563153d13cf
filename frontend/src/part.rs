//! Pages whose code is a file of its own, loaded when one of its pages is first shown.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;

use crate::browser;
use crate::ui::{Button, ButtonKind, Empty, IconName};

/// What comes of a part: nothing but that it is there, or a view.
type Loaded<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>> + Send>>;

/// A page of a part, as `view` of a route. Until the part is there, the page before stays.
#[derive(Clone, Copy)]
pub struct Page {
    /// Loads the part.
    pub load: fn() -> Loaded<()>,
    /// The page itself.
    pub view: fn() -> Loaded<AnyView>,
    /// What begins beside the loading.
    pub beside: fn(),
}

impl Page {
    /// Does this while the part is on its way; contexts can be used.
    pub fn beside(self, beside: fn()) -> Self {
        Self { beside, ..self }
    }
}

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        let view = (self.view)().await;
        browser::remove_element("boot");
        view.unwrap_or_else(|_| view! { <Missing /> }.into_any())
    }

    async fn preload(&self) {
        (self.beside)();
        let _waiting = Waiting::begin();
        // What failed here fails again in `choose`, which says so.
        (self.load)().await.ok();
    }
}

/// While one of these lives, the document says that a page is on its way.
struct Waiting;

static WAITING: AtomicUsize = AtomicUsize::new(0);

impl Waiting {
    fn begin() -> Self {
        if WAITING.fetch_add(1, Ordering::Relaxed) == 0 {
            browser::set_root_attribute("data-loading", Some(""));
        }
        Self
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if WAITING.fetch_sub(1, Ordering::Relaxed) == 1 {
            browser::set_root_attribute("data-loading", None);
        }
    }
}

/// `page!(PART, COMPONENT)`: a component whose code belongs to a part. What several parts use is shared among them.
macro_rules! page {
    ($part:ident, $component:path) => {{
        #[leptos::wasm_split::wasm_split($part, fallible, preload(load), wasm_split_path = leptos::wasm_split)]
        fn view() -> Result<AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok(view! { <$component /> }.into_any())
        }
        $crate::part::Page { load: || Box::pin(load()), view: || Box::pin(view()), beside: || () }
    }};
}
pub(crate) use page;

/// `later!(PART, |ARGUMENT: TYPE| VIEW)`: what a page can show itself without, as a view. It is loaded when the page is there, and has
/// nothing to show until then.
macro_rules! later {
    ($part:ident, |$($argument:ident: $type:ty),*| $view:expr) => {{
        #[leptos::wasm_split::wasm_split($part, fallible, wasm_split_path = leptos::wasm_split)]
        fn part_view($($argument: $type),*) -> Result<AnyView, leptos::wasm_split::SplitLoaderError> {
            Ok($view.into_any())
        }
        $crate::part::when_loaded(Box::pin(part_view($($argument),*)))
    }};
}
pub(crate) use later;

/// What `later!` makes of a view that is on its way.
pub fn when_loaded(view: Loaded<AnyView>) -> AnyView {
    Suspend::new(async move { view.await.unwrap_or_else(|_| view! { <Missing /> }.into_any()) }).into_any()
}

/// Said where a part cannot be loaded: the network is away, or another version was deployed since this one was opened.
#[component]
fn Missing() -> impl IntoView {
    let reload = move |_| {
        // The address is of this console, so that there is nothing to refuse.
        window().location().reload().ok();
    };
    view! {
        <div class="page" role="alert">
            <Empty icon=IconName::WifiOff title="This page could not be loaded">
                <p>"The network is away, or a new version of the console was deployed since this one was opened."</p>
                <Button kind=ButtonKind::Primary icon=IconName::RefreshCw press=reload>
                    "Reload"
                </Button>
            </Empty>
        </div>
    }
}
