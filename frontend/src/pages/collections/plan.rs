//! What a change would do: its statements, what each keeps waiting, and what it loses.

use annex_openapi::collections::{Lock, Plan, PlanStep};
use leptos::prelude::*;

use crate::ui::expression::{marked, quoted};
use crate::ui::sql::Sql;
use crate::ui::{CopyButton, Icon, IconName, Tone};

/// What a lock means for who uses the table.
fn lock_words(lock: Lock) -> (Tone, IconName, &'static str) {
    match lock {
        Lock::None => (Tone::Neutral, IconName::Check, "Nothing waits for it"),
        Lock::Writes => (Tone::Warn, IconName::Lock, "Writes wait until it is done; reads go on"),
        Lock::Brief => (Tone::Neutral, IconName::Clock, "Reads and writes wait for a moment"),
        Lock::Rewrite => (
            Tone::Warn,
            IconName::TriangleAlert,
            "Reads and writes wait while every row is checked or written again",
        ),
    }
}

/// A plan as a whole, in a few words.
pub fn plan_summary(plan: &Plan) -> String {
    let losing = plan.steps.iter().filter(|step| step.loses.is_some()).count();
    let statements = match plan.steps.len() {
        0 if plan.settings.is_empty() => return "Nothing to do".to_owned(),
        0 => "No statement: only settings change".to_owned(),
        1 => "1 statement".to_owned(),
        many => format!("{many} statements, in one transaction"),
    };
    match losing {
        0 => statements,
        1 => format!("{statements}; 1 loses data"),
        many => format!("{statements}; {many} lose data"),
    }
}

/// Whether a plan loses something.
pub fn loses(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| step.loses.is_some())
}

/// What a change would do.
#[component]
pub fn PlanView(plan: Plan) -> impl IntoView {
    let all = plan.steps.iter().map(|step| format!("{};\n", step.sql)).collect::<String>();
    let has_steps = !plan.steps.is_empty();
    let summary = plan_summary(&plan);
    view! {
        <div class="plan">
            <div class="row">
                <p class="grow small soft">{summary}</p>
                {has_steps.then(|| view! { <CopyButton text=all /> })}
            </div>
            {has_steps
                .then(|| {
                    view! { <ol class="plan-steps">{plan.steps.into_iter().map(step).collect_view()}</ol> }
                })}
            {(!plan.settings.is_empty())
                .then(|| {
                    view! {
                        <ul class="plan-settings">
                            {plan
                                .settings
                                .into_iter()
                                .map(|line| {
                                    view! {
                                        <li>
                                            <Icon name=IconName::Settings />
                                            <span>{marked(&line)}</span>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    }
                })}
        </div>
    }
}

fn step(step: PlanStep) -> impl IntoView {
    let (tone, icon, words) = lock_words(step.lock);
    let is_losing = step.loses.is_some();
    view! {
        <li class="plan-step" class:loses=is_losing>
            <pre tabindex="0" role="group" aria-label="Statement">
                <Sql text=step.sql />
            </pre>
            {step
                .loses
                .map(|loses| {
                    view! {
                        <p class="plan-note bad">
                            <Icon name=IconName::Trash2 />
                            <span>"Loses " {quoted(&loses)}</span>
                        </p>
                    }
                })}
            <p class=format!("plan-note {}", tone.class())>
                <Icon name=icon />
                {words}
            </p>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_summed_up() {
        let step = |loses: Option<&str>| PlanStep {
            sql: String::new(),
            lock: Lock::Brief,
            loses: loses.map(str::to_owned),
        };
        let plan = |steps, settings| Plan { applied: false, steps, settings, collections: Vec::new() };
        assert_eq!(plan_summary(&plan(vec![], vec![])), "Nothing to do");
        assert_eq!(plan_summary(&plan(vec![], vec![String::new()])), "No statement: only settings change");
        assert_eq!(plan_summary(&plan(vec![step(None)], vec![])), "1 statement");
        let losing = plan(vec![step(None), step(Some("3 values"))], vec![]);
        assert_eq!(plan_summary(&losing), "2 statements, in one transaction; 1 loses data");
        assert!(loses(&losing));
    }
}
