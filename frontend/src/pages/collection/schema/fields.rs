//! The fields as they are, and what becomes of them.

use annex_openapi::collections::{Field, FieldSpec, OnDelete};
use leptos::prelude::*;

use super::Staging;
use super::stage::{Edit, Part};
use crate::pages::collection::frame::use_collection;
use crate::ui::field_type::TypeLabel;
use crate::ui::{Badge, ButtonSize, Icon, IconButton, IconName, Tone};
use crate::url::use_url_query;

#[component]
pub(super) fn FieldTable(staging: Staging, #[prop(into)] fixed: Signal<bool>) -> impl IntoView {
    let collection = use_collection();
    let rows = move || {
        let edits = staging.stage.with(|stage| stage.edits.clone());
        collection.with(|collection| {
            collection
                .fields
                .iter()
                .map(|field| view! { <Row staging field=field.clone() edit=edits.get(&field.name).cloned() fixed /> })
                .collect_view()
        })
    };
    let added = move || {
        staging.stage.with(|stage| {
            let added = stage.added.iter().cloned().enumerate();
            added.map(|(place, spec)| view! { <Added staging place spec /> }).collect_view()
        })
    };
    view! {
        <div class="table-frame bare">
            <table class="table schema-fields">
                <thead>
                    <tr>
                        <th>"Field"</th>
                        <th>"Type"</th>
                        <th class="only-wide">"Default"</th>
                        <th class="only-wide">"Constraints"</th>
                        <th>
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows} {added}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(staging: Staging, field: Field, edit: Option<Edit>, fixed: Signal<bool>) -> impl IntoView {
    let query = use_url_query();
    let name = StoredValue::new(field.name.clone());
    let is_dropped = edit == Some(Edit::Dropped);
    let spec = match edit {
        Some(Edit::Changed { spec, .. }) => Some(spec),
        _ => None,
    };
    let is_changed = spec.is_some();
    let shown = spec.as_ref().map_or_else(|| field.name.clone(), |spec| spec.name.clone());
    let renamed = (shown != field.name).then(|| field.name.clone());
    let (type_, array, target) = match &spec {
        Some(spec) => (spec.type_, spec.array, spec.collection.clone()),
        None => (field.type_, field.array, field.collection.clone()),
    };
    let constraints = spec.as_ref().map_or_else(
        || constraints(field.required, field.unique, field.hidden, field.on_delete),
        |spec| constraints(spec.required, spec.unique, spec.hidden, spec.on_delete),
    );
    // Said only where it is another than fields of that type have by themselves.
    let native = Some(field.native_type.clone())
        .filter(|native| !is_changed && native.trim_end_matches("[]") != field.type_.native());
    let values = field.values.clone().filter(|_| !is_changed).map(|values| values.join(", "));
    // Those that come by themselves stay as they are; who may see them can be changed.
    let can_drop = !field.system && !field.primary_key;
    let act = move || {
        if fixed.get() {
            return ().into_any();
        }
        let words = name.get_value();
        if is_dropped || is_changed {
            return view! {
                <IconButton
                    name=IconName::Undo2
                    label=format!("Leave {words} as it is")
                    size=ButtonSize::Small
                    press=move |_| staging.stage.update(|stage| stage.forget(&Part::Field(name.get_value())))
                />
                {is_changed.then(|| edit_button(query, &words))}
            }
            .into_any();
        }
        view! {
            {edit_button(query, &words)}
            {can_drop
                .then(|| {
                    view! {
                        <IconButton
                            name=IconName::Trash2
                            label=format!("Drop {words}")
                            size=ButtonSize::Small
                            press=move |_| {
                                staging
                                    .stage
                                    .update(|stage| {
                                        stage.edits.insert(name.get_value(), Edit::Dropped);
                                    })
                            }
                        />
                    }
                })}
        }
        .into_any()
    };
    view! {
        <tr class:staged=is_changed class:gone=is_dropped>
            <td>
                <span class="schema-name">
                    <span class="mono">{shown}</span>
                    {field.primary_key.then(|| view! { <Badge icon=IconName::KeyRound>"key"</Badge> })}
                    {field.read_only.then(|| view! { <Badge icon=IconName::Lock>"made by the database"</Badge> })}
                    {is_changed.then(|| view! { <Badge tone=Tone::Accent>"changed"</Badge> })}
                    {is_dropped.then(|| view! { <Badge tone=Tone::Bad>"dropped"</Badge> })}
                </span>
                {renamed.map(|was| view! { <span class="schema-note">"was " <code>{was}</code></span> })}
            </td>
            <td>
                <TypeLabel type_ array target />
                {native.map(|native| view! { <span class="schema-note mono">{native}</span> })}
                {values.map(|values| view! { <span class="schema-note">{values}</span> })}
            </td>
            <td class="only-wide">
                {field.default.map(|default| view! { <code class="schema-default">{default}</code> })}
            </td>
            <td class="only-wide">{constraints}</td>
            <td class="end">
                <span class="schema-actions">{act}</span>
            </td>
        </tr>
    }
}

fn edit_button(query: crate::url::UrlQuery, name: &str) -> impl IntoView + use<> {
    let field = name.to_owned();
    view! {
        <IconButton
            name=IconName::Pencil
            label=format!("Change {name}")
            size=ButtonSize::Small
            press=move |_| query.push(&[("field", Some(field.clone()))])
        />
    }
}

#[component]
fn Added(staging: Staging, place: usize, spec: FieldSpec) -> impl IntoView {
    let label = format!("Do not add {}", spec.name);
    view! {
        <tr class="staged">
            <td>
                <span class="schema-name">
                    <span class="mono">{spec.name}</span>
                    <Badge tone=Tone::Good>"new"</Badge>
                </span>
            </td>
            <td>
                <TypeLabel type_=spec.type_ array=spec.array target=spec.collection />
            </td>
            <td class="only-wide">
                {spec.default.map(|default| view! { <code class="schema-default">{default.to_string()}</code> })}
            </td>
            <td class="only-wide">{constraints(spec.required, spec.unique, spec.hidden, spec.on_delete)}</td>
            <td class="end">
                <span class="schema-actions">
                    <IconButton
                        name=IconName::Undo2
                        label=label
                        size=ButtonSize::Small
                        press=move |_| staging.stage.update(|stage| stage.forget(&Part::Added(place)))
                    />
                </span>
            </td>
        </tr>
    }
}

fn constraints(required: bool, unique: bool, hidden: bool, on_delete: Option<OnDelete>) -> AnyView {
    let on_delete = on_delete.map(|on_delete| match on_delete {
        OnDelete::Restrict => "on delete restrict",
        OnDelete::Cascade => "on delete cascade",
        OnDelete::SetNull => "on delete set null",
    });
    view! {
        <span class="row wrap">
            {required.then(|| view! { <Badge>"required"</Badge> })}
            {unique.then(|| view! { <Badge>"unique"</Badge> })}
            {hidden.then(|| view! { <Badge icon=IconName::EyeOff>"hidden"</Badge> })}
            {on_delete
                .map(|words| {
                    view! {
                        <span class="schema-on-delete">
                            <Icon name=IconName::Unlink />
                            {words}
                        </span>
                    }
                })}
        </span>
    }
    .into_any()
}
