//! What the page has asked before the program was here to ask it (`js/begin.js`): taken up, once, by whoever would ask the same.

use js_sys::Promise;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type Begun;
    #[wasm_bindgen(thread_local_v2, js_name = annexBegun)]
    static BEGUN: Begun;
    #[wasm_bindgen(method)]
    fn take(this: &Begun, name: &str) -> Option<Promise>;
}

/// What came of it; `None` where it was not asked, or came to nothing.
async fn taken(name: &str) -> Option<JsValue> {
    let promise = BEGUN.with(|begun| begun.take(name))?;
    JsFuture::from(promise).await.ok()
}

/// What the console's own server says of the API.
pub async fn config() -> Option<String> {
    taken("config").await?.as_string()
}

/// The tokens that a renewal of the kept session was answered with; they are kept already.
pub async fn session() -> Option<String> {
    taken("session").await?.as_string()
}

/// The answer to a GET of that path and query.
pub async fn answer(address: &str) -> Option<web_sys::Response> {
    taken(address).await?.dyn_into().ok()
}
