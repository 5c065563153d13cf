//! The editor of texts that have a grammar: CodeMirror, which is loaded when the first one shows. Until then, and where it
//! cannot be loaded, a plain text area does.

use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::IgnoredAny;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::{CopyButton, Field};

#[wasm_bindgen]
extern "C" {
    type Parts;
    #[wasm_bindgen(thread_local_v2, js_name = annexParts)]
    static PARTS: Parts;
    #[wasm_bindgen(method)]
    fn editor(this: &Parts) -> Promise;

    type Module;
    #[wasm_bindgen(method, js_name = createEditor)]
    fn create_editor(this: &Module, options: &Object) -> Instance;

    type Instance;
    #[wasm_bindgen(method, js_name = setText)]
    fn set_text(this: &Instance, text: &str);
    #[wasm_bindgen(method, js_name = setMark)]
    fn set_mark(this: &Instance, from: i32, to: i32);
    #[wasm_bindgen(method, js_name = setInvalid)]
    fn set_invalid(this: &Instance, invalid: bool);
    #[wasm_bindgen(method, js_name = isChoosing)]
    fn is_choosing(this: &Instance) -> bool;
    #[wasm_bindgen(method)]
    fn focus(this: &Instance);
    #[wasm_bindgen(method)]
    fn replace(this: &Instance, from: u32, to: u32, text: &str);
    #[wasm_bindgen(method)]
    fn destroy(this: &Instance);
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// JSON.
    Json,
    /// Postgres's SQL.
    Sql,
    /// The expression language.
    Expression,
}

impl Language {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Sql => "sql",
            Self::Expression => "expression",
        }
    }
}

/// What an editor is made with.
pub(super) struct Setup {
    pub(super) id: String,
    /// The id of what describes it.
    pub(super) about: String,
    pub(super) label: String,
    pub(super) language: Language,
    pub(super) value: RwSignal<String>,
    pub(super) read_only: bool,
    pub(super) one_line: bool,
    pub(super) line_numbers: bool,
    pub(super) autofocus: bool,
    pub(super) placeholder: String,
    /// What is underlined: from and to, in UTF-16 units.
    pub(super) mark: Signal<Option<(usize, usize)>>,
    pub(super) invalid: Signal<bool>,
    pub(super) submit: Option<Callback<()>>,
    pub(super) assist: Option<Assist>,
}

/// What JavaScript asks while an expression is written.
pub(super) struct Assist {
    /// The parts of the text.
    pub(super) tokens: Closure<dyn Fn(String) -> Vec<u32>>,
    /// What may be written at a place.
    pub(super) complete: Closure<dyn Fn(String, u32, bool) -> JsValue>,
}

/// An editor in the page, with what must live as long as it does.
struct Live {
    instance: Instance,
    _change: Closure<dyn Fn(String)>,
    _submit: Option<Closure<dyn Fn()>>,
    _assist: Option<Assist>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.instance.destroy();
    }
}

/// A way to an editor, once it is there.
#[derive(Clone, Copy)]
pub(super) struct Editor(StoredValue<Option<Rc<Live>>, LocalStorage>);

impl Editor {
    pub(super) fn new() -> Self {
        Self(StoredValue::new_local(None))
    }

    fn live(self) -> Option<Rc<Live>> {
        self.0.try_get_value().flatten()
    }

    /// Whether a list of completions is open.
    pub(super) fn is_choosing(self) -> bool {
        self.live().is_some_and(|live| live.instance.is_choosing())
    }

    /// Puts a text in place of a part of what is written, counted in UTF-16 units.
    pub(super) fn replace(self, from: usize, to: usize, text: &str) {
        if let Some(live) = self.live() {
            live.instance.replace(from as u32, to as u32, text);
        }
    }
}

fn set(options: &Object, name: &str, value: impl Into<JsValue>) {
    // Setting a member of a plain object cannot fail.
    Reflect::set(options, &name.into(), &value.into()).ok();
}

/// The editor itself, in place of which a text area stands until it is loaded.
pub(super) fn editing(editor: Editor, setup: Setup) -> impl IntoView {
    let host = NodeRef::<html::Div>::new();
    let ready = RwSignal::new(false);
    let Setup { value, mark, invalid, read_only, one_line, .. } = setup;
    let (id, about, label, placeholder) =
        (setup.id.clone(), setup.about.clone(), setup.label.clone(), setup.placeholder.clone());
    let setup = StoredValue::new_local(Some(setup));
    Effect::new(move || {
        let Some(host) = host.get() else { return };
        let Some(setup) = setup.try_update_value(Option::take).flatten() else { return };
        spawn_local(async move {
            let Ok(module) = JsFuture::from(PARTS.with(Parts::editor)).await else {
                leptos::logging::warn!("the editor cannot be loaded: a plain text area stays");
                return;
            };
            // The view may be gone by now.
            if ready.try_get_untracked() == Some(false) {
                let live = start(&module.unchecked_into(), &host, setup);
                editor.0.set_value(Some(Rc::new(live)));
                ready.set(true);
            }
        });
    });
    let with = move |act: &dyn Fn(&Instance)| {
        if ready.get()
            && let Some(live) = editor.live()
        {
            act(&live.instance);
        }
    };
    Effect::new(move || value.with(|text| with(&|instance| instance.set_text(text))));
    Effect::new(move || {
        let (from, to) = mark.get().map_or((-1, -1), |(from, to)| (from as i32, to as i32));
        with(&|instance| instance.set_mark(from, to));
    });
    Effect::new(move || {
        let invalid = invalid.get();
        with(&|instance| instance.set_invalid(invalid));
    });
    view! {
        <div class="editor" class:one-line=one_line class:read-only=read_only node_ref=host>
            <Show when=move || !ready.get()>
                <textarea
                    class="input mono"
                    id=id.clone()
                    aria-label=label.clone()
                    aria-describedby=about.clone()
                    aria-invalid=move || invalid.get().then_some("true")
                    placeholder=placeholder.clone()
                    rows=if one_line { 1 } else { 3 }
                    spellcheck="false"
                    autocapitalize="none"
                    readonly=read_only
                    bind:value=value
                ></textarea>
            </Show>
        </div>
    }
}

fn start(module: &Module, host: &web_sys::HtmlDivElement, setup: Setup) -> Live {
    let value = setup.value;
    let change = Closure::<dyn Fn(String)>::new(move |text: String| {
        if value.try_with_untracked(|now| *now != text) == Some(true) {
            value.set(text);
        }
    });
    let submit = setup.submit.map(|submit| Closure::<dyn Fn()>::new(move || submit.run(())));
    let options = Object::new();
    set(&options, "parent", host);
    set(&options, "id", setup.id);
    set(&options, "about", setup.about);
    set(&options, "label", setup.label);
    set(&options, "language", setup.language.name());
    set(&options, "text", value.get_untracked());
    set(&options, "placeholder", setup.placeholder);
    set(&options, "readOnly", setup.read_only);
    set(&options, "singleLine", setup.one_line);
    set(&options, "lineNumbers", setup.line_numbers);
    set(&options, "change", function(&change));
    if let Some(submit) = &submit {
        set(&options, "submit", function(submit));
    }
    if let Some(assist) = &setup.assist {
        set(&options, "tokens", function(&assist.tokens));
        set(&options, "complete", function(&assist.complete));
    }
    // Who is writing in the text area goes on writing.
    let was_active = document().active_element().is_some_and(|active| host.contains(Some(&active)));
    let instance = module.create_editor(&options);
    if was_active || setup.autofocus {
        instance.focus();
    }
    Live { instance, _change: change, _submit: submit, _assist: setup.assist }
}

fn function<T: ?Sized>(closure: &Closure<T>) -> &Function {
    closure.as_ref().unchecked_ref()
}

/// A text with a grammar, with its label. JSON is checked while it is written.
#[component]
pub fn CodeEditor(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    language: Language,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] read_only: bool,
    #[prop(optional)] autofocus: bool,
    /// Its label is said but not shown: what is around it has one.
    #[prop(optional)]
    bare: bool,
    /// Runs on Ctrl or ⌘ and Enter.
    #[prop(optional, into)]
    submit: Option<Callback<()>>,
) -> impl IntoView {
    let mistake = Memo::new(move |_| match language {
        Language::Json => value.with(|text| json_mistake(text)),
        Language::Sql | Language::Expression => None,
    });
    let error = Signal::derive(move || error.get().or_else(|| mistake.get().map(|(_, message)| message)));
    let shown = label.clone();
    view! {
      <div class:bare=bare>
        <Field
            label=shown
            hint
            error
            control=move |id, about| {
                editing(
                    Editor::new(),
                    Setup {
                        id,
                        about,
                        label,
                        language,
                        value,
                        read_only,
                        one_line: false,
                        line_numbers: true,
                        autofocus,
                        placeholder,
                        mark: Signal::derive(move || mistake.get().map(|(at, _)| (at, at))),
                        invalid: Signal::derive(move || error.get().is_some()),
                        submit,
                        assist: None,
                    },
                )
            }
        />
      </div>
    }
}

/// A text with a grammar, to be read and copied.
#[component]
pub fn CodeView(
    #[prop(into)] label: String,
    #[prop(into)] text: Signal<String>,
    language: Language,
) -> impl IntoView {
    let value = RwSignal::new(text.get_untracked());
    Effect::new(move || value.set(text.get()));
    let id = super::field::fresh_id();
    view! {
        <div class="code">
            {editing(
                Editor::new(),
                Setup {
                    about: String::new(),
                    id,
                    label,
                    language,
                    value,
                    read_only: true,
                    one_line: false,
                    line_numbers: false,
                    autofocus: false,
                    placeholder: String::new(),
                    mark: Signal::stored(None),
                    invalid: Signal::stored(false),
                    submit: None,
                    assist: None,
                },
            )}
            <CopyButton text />
        </div>
    }
}

/// Where a text stops being JSON, in UTF-16 units, and why. No text is no mistake here.
fn json_mistake(text: &str) -> Option<(usize, String)> {
    if text.trim().is_empty() {
        return None;
    }
    let error = serde_json::from_str::<IgnoredAny>(text).err()?;
    let line_start: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let before = (0..=at).rev().find_map(|at| text.get(..at)).unwrap_or_default();
    let message = error.to_string();
    let why = message.split(" at line ").next().unwrap_or(&message);
    let message = format!("Not JSON: {why}, in line {}, column {}", error.line(), error.column());
    Some((before.encode_utf16().count(), message))
}

#[cfg(test)]
mod tests {
    use super::json_mistake;

    #[test]
    fn a_mistake_of_json_has_a_place() {
        assert_eq!(json_mistake(""), None);
        assert_eq!(json_mistake("{\"a\": [1, null]}"), None);
        let (at, message) = json_mistake("{\n  \"ä😀\": 1,\n}").expect("it is not JSON");
        assert_eq!(at, 14, "the bracket, behind a letter of two bytes and one of two units");
        assert!(message.starts_with("Not JSON: ") && message.ends_with("in line 3, column 1"), "{message}");
        assert!(json_mistake("\"ä").is_some());
    }
}
