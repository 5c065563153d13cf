//! The few things that are asked of the browser itself.

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlElement, Storage};

/// Takes an element out of the page, where it is there.
pub fn remove_element(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        element.remove();
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What is kept under a name in this browser.
pub fn stored(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

/// Keeps a value under a name in this browser; `None` forgets it. A browser that keeps nothing is no error.
pub fn store(name: &str, value: Option<&str>) {
    let Some(storage) = storage() else { return };
    let kept = match value {
        Some(value) => storage.set_item(name, value),
        None => storage.remove_item(name),
    };
    if kept.is_err() {
        leptos::logging::warn!("the browser does not keep `{name}`");
    }
}

/// Where words wait for the console to be loaded anew.
const WORDS: &str = "annex.words";

/// Loads the console anew; these words are said then.
pub fn start_anew(words: Option<&str>) {
    let window = window();
    if let (Ok(Some(storage)), Some(words)) = (window.session_storage(), words) {
        // Without the words it is as right.
        storage.set_item(WORDS, words).ok();
    }
    // The address is of this console, so that there is nothing to refuse.
    window.location().reload().ok();
}

/// What is to be said of why the console was loaded anew, once.
pub fn waiting_words() -> Option<String> {
    let storage = window().session_storage().ok().flatten()?;
    let words = storage.get_item(WORDS).ok().flatten()?;
    storage.remove_item(WORDS).ok()?;
    Some(words)
}

/// The name of the view in the browser's tab.
pub fn set_title(title: &str) {
    document().set_title(&format!("{title} · Annex"));
}

/// Sets an attribute of the page as a whole; `None` takes it away.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    let Some(root) = document().document_element() else { return };
    let set = match value {
        Some(value) => root.set_attribute(name, value),
        None => root.remove_attribute(name),
    };
    set.expect("the names of attributes are valid");
}

/// Puts text on the clipboard.
pub async fn copy(text: &str) -> Result<(), JsValue> {
    // Elsewhere there is no clipboard at all.
    if !window().is_secure_context() {
        return Err(JsValue::NULL);
    }
    wasm_bindgen_futures::JsFuture::from(window().navigator().clipboard().write_text(text)).await.map(drop)
}

/// A password that nobody guesses: five groups of four signs that are not mistaken for others, 100 bits.
pub fn random_password() -> String {
    const SIGNS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 20];
    let crypto = window().crypto().expect("every browser that runs WebAssembly has it");
    crypto.get_random_values_with_u8_array(&mut bytes).expect("20 bytes are few");
    let signs: Vec<char> = bytes.iter().map(|byte| char::from(SIGNS[usize::from(byte % 32)])).collect();
    signs.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// The time zone of the browser, as the IANA database calls it.
pub fn time_zone() -> String {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    let zone = js_sys::Reflect::get(&options, &"timeZone".into()).ok().and_then(|zone| zone.as_string());
    zone.unwrap_or_else(|| "UTC".to_owned())
}

/// Whether shortcuts are pressed with the command key.
pub fn is_mac() -> bool {
    window().navigator().user_agent().is_ok_and(|agent| agent.contains("Mac"))
}

/// Moves the keyboard to an element.
pub fn focus(element: &impl JsCast) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        // An element that is not shown cannot have the focus, which is no error.
        element.focus().ok();
    }
}

/// Milliseconds since some moment, for spans of time.
pub fn milliseconds() -> f64 {
    window().performance().map_or_else(js_sys::Date::now, |performance| performance.now())
}

/// Whether whoever looks at it wants nothing to move by itself.
pub fn prefers_reduced_motion() -> bool {
    window()
        .match_media("(prefers-reduced-motion: reduce)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()))
}

/// Whether there is no finer pointer than a finger.
pub fn has_coarse_pointer() -> bool {
    window().match_media("(pointer: coarse)").is_ok_and(|query| query.is_some_and(|query| query.matches()))
}

/// Lets the browser download what a server says is to be kept as a file.
pub fn download_from(url: &str) {
    if let Ok(link) = document().create_element("a") {
        link.set_attribute("href", url).ok();
        link.set_attribute("download", "").ok();
        link.unchecked_into::<web_sys::HtmlElement>().click();
    }
}

/// Gives a file to whoever sits before the browser.
pub fn download(file: &web_sys::Blob, name: &str) {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(file) else { return };
    if let Ok(link) = document().create_element("a") {
        let link: web_sys::HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser has begun to save it by then.
    leptos::prelude::set_timeout(
        move || drop(web_sys::Url::revoke_object_url(&url)),
        std::time::Duration::from_secs(60),
    );
}

/// A new UUID.
pub fn uuid() -> String {
    let mut bytes = [0; 16];
    let crypto = window().crypto().expect("every browser that runs WebAssembly has it");
    crypto.get_random_values_with_u8_array(&mut bytes).expect("16 bytes are few");
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
