//! Taking rows in from a file: its columns are given to fields, everything is tried once, and then it is done.

use annex_openapi::transfer::{ImportMode, ImportReport, TransferFormat};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{DragEvent, File};

use super::super::sheet::use_sheet;
use super::columns::MappingTable;
use super::file::Source;
use super::mapping::{guess, keys, targets};
use super::report::{Faults, Report};
use crate::api::ApiError;
use crate::api::transfer::ImportOptions;
use crate::format;
use crate::ui::toast::use_toasts;
use crate::ui::{
    Button, ButtonKind, Checkbox, Dialog, DialogShape, ErrorNotice, Icon, IconName, Notice, Select,
    TextInput, Tone,
};

/// Asks for a file and what goes where, tries it, and imports it.
#[component]
pub fn ImportDialog(open: RwSignal<bool>) -> impl IntoView {
    let sheet = use_sheet();
    let toasts = use_toasts();
    let source = RwSignal::new_local(None::<Source>);
    let unreadable = RwSignal::new(None::<String>);
    let mapping = RwSignal::new(Vec::<Option<String>>::new());
    let upsert = RwSignal::new(String::new());
    let null = RwSignal::new(String::new());
    let skip_bad = RwSignal::new(false);
    let report = RwSignal::new(None::<ImportReport>);
    let failure = RwSignal::new(None::<ApiError>);
    let sent = RwSignal::new(None::<f64>);
    let forget = move || {
        report.set(None);
        failure.set(None);
    };
    let take = move |file: File| {
        unreadable.set(None);
        forget();
        spawn_local(async move {
            match Source::read(file).await {
                Ok(read) => {
                    let fields = sheet.collection.with_untracked(targets);
                    mapping.try_set(guess(&read.columns, &fields));
                    source.try_set(Some(read));
                }
                Err(why) => drop(unreadable.try_set(Some(why))),
            }
        });
    };
    Effect::new(move || {
        if !open.get() {
            source.set(None);
            unreadable.set(None);
            forget();
        }
    });
    // What was tried counts for what was tried.
    Effect::new(move || {
        mapping.track();
        upsert.track();
        null.track();
        skip_bad.track();
        forget();
    });
    let run = move |dry_run: bool| {
        let Some(source) = source.get_untracked() else { return };
        let name = sheet.collection.with_untracked(|collection| collection.name.clone());
        let options = ImportOptions {
            format: source.format,
            dry_run,
            mode: if skip_bad.get_untracked() { ImportMode::SkipBad } else { ImportMode::AllOrNothing },
            upsert: upsert.get_untracked(),
            null: null.get_untracked(),
            delimiter: source.delimiter,
        };
        let mapping = mapping.get_untracked();
        failure.set(None);
        sent.set(Some(0.0));
        spawn_local(async move {
            let outcome = match source.mapped(&mapping).await {
                Ok(file) => {
                    let progress = move |share| {
                        sent.try_set(Some(share));
                    };
                    sheet.api.import(&name, &file, &options, progress).await
                }
                Err(_) => Err(ApiError::Here(
                    "The file cannot be read",
                    "It was moved, changed or taken away since it was chosen.",
                )),
            };
            sent.try_set(None);
            match outcome {
                Ok(done) if dry_run => drop(report.try_set(Some(done))),
                Ok(done) => {
                    toasts.say(format!(
                        "Imported {} rows",
                        format::count((done.inserted + done.updated) as i64)
                    ));
                    sheet.source.reload();
                    if done.errors.is_empty() {
                        open.try_set(false);
                    } else {
                        drop(report.try_set(Some(done)))
                    }
                }
                Err(error) => drop(failure.try_set(Some(error))),
            }
        });
    };
    let nothing_mapped = Memo::new(move |_| mapping.with(|mapping| mapping.iter().all(Option::is_none)));
    let busy = Signal::derive(move || sent.with(Option::is_some));
    // It is tried before it is done.
    let tried = move || report.with(|report| report.as_ref().is_some_and(|report| report.dry_run));
    view! {
        <Dialog
            open
            title="Import"
            shape=DialogShape::Wide
            foot=move || {
                view! {
                    <Button press=move |_| open.set(false)>"Cancel"</Button>
                    <Button
                        kind=ButtonKind::Secondary
                        disabled=Signal::derive(move || source.with(Option::is_none) || nothing_mapped.get() || busy.get())
                        press=move |_| run(true)
                    >
                        "Dry run"
                    </Button>
                    <Button
                        kind=ButtonKind::Primary
                        disabled=Signal::derive(move || !tried() || busy.get())
                        press=move |_| run(false)
                    >
                        "Import"
                    </Button>
                }
            }
        >
            <div class="form">
                {move || match source.get() {
                    None => view! { <Drop take unreadable /> }.into_any(),
                    Some(read) => {
                        view! {
                            <Chosen read=read.clone() another=move |()| source.set(None) />
                            <MappingTable read=read.clone() mapping />
                            <Options format=read.format upsert null skip_bad />
                        }
                            .into_any()
                    }
                }}
                {move || {
                    sent.get()
                        .map(|share| {
                            let words = if share < 1.0 { format!("{:.0} % sent", share * 100.0) } else { "The rows are being written".to_owned() };
                            view! {
                                <div role="status">
                                    <div class="progress">
                                        <span style:width=format!("{:.1}%", share * 100.0)></span>
                                    </div>
                                    <p class="small soft">{words}</p>
                                </div>
                            }
                        })
                }}
                {move || report.get().map(|report| view! { <Report report /> })}
                {move || {
                    failure
                        .get()
                        .map(|error| {
                            let lines: Vec<_> = error.fields().iter().filter(|field| field.line.is_some()).cloned().collect();
                            if lines.is_empty() {
                                view! { <ErrorNotice error=Signal::stored(Some(error)) /> }.into_any()
                            } else {
                                view! {
                                    <Notice tone=Tone::Bad>
                                        <p>{error.detail()}</p>
                                        <p class="soft">"Nothing was written. Fix these lines, or skip invalid rows."</p>
                                    </Notice>
                                    <Faults errors=lines />
                                }
                                    .into_any()
                            }
                        })
                }}
            </div>
        </Dialog>
    }
}

/// Where a file is dropped or picked.
#[component]
fn Drop(#[prop(into)] take: Callback<File>, unreadable: RwSignal<Option<String>>) -> impl IntoView {
    let over = RwSignal::new(false);
    let dropped = move |event: DragEvent| {
        event.prevent_default();
        over.set(false);
        let file = event.data_transfer().and_then(|transfer| transfer.files()).and_then(|files| files.get(0));
        if let Some(file) = file {
            take.run(file);
        }
    };
    view! {
        <label
            class="file-drop"
            class:over=move || over.get()
            on:dragover=move |event| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=dropped
        >
            <Icon name=IconName::Upload />
            <span>"Drop a file here, or " <u>"choose one"</u></span>
            <span class="faint small">"CSV with a header, or NDJSON: an object a line"</span>
            <input
                type="file"
                accept=".csv,.tsv,.txt,.ndjson,.jsonl,.json,text/csv,application/x-ndjson"
                on:change:target=move |event| {
                    if let Some(file) = event.target().files().and_then(|files| files.get(0)) {
                        take.run(file);
                    }
                }
            />
        </label>
        {move || unreadable.get().map(|why| view! { <Notice tone=Tone::Bad>{why}</Notice> })}
    }
}

#[component]
fn Chosen(read: Source, #[prop(into)] another: Callback<()>) -> impl IntoView {
    let words = format!("{}, {}", read.file.name(), format::bytes(read.file.size() as i64));
    view! {
        <div class="row">
            <Icon name=IconName::File />
            <span class="grow truncate">{words}</span>
            <Button press=move |_| another.run(())>"Another file"</Button>
        </div>
    }
}

#[component]
fn Options(
    format: TransferFormat,
    upsert: RwSignal<String>,
    null: RwSignal<String>,
    skip_bad: RwSignal<bool>,
) -> impl IntoView {
    let sheet = use_sheet();
    let options = Signal::derive(move || {
        let mut options = vec![(String::new(), "All rows are new".to_owned())];
        let keys = sheet.collection.with(keys);
        options.extend(
            keys.into_iter().map(|key| (key.clone(), format!("Rows with the same {key} are changed"))),
        );
        options
    });
    view! {
        <Select label="Existing rows" value=upsert options />
        {(format == TransferFormat::Csv)
            .then(|| {
                view! {
                    <TextInput
                        label="Null is written as"
                        value=null
                        hint="An empty cell where nothing is said here; \"\" in quotes is the empty text."
                        mono=true
                    />
                }
            })}
        <Checkbox checked=skip_bad change=move |on| skip_bad.set(on)>
            "Skip invalid rows and write the others"
        </Checkbox>
    }
}
