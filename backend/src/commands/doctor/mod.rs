//! `annex doctor`: what Annex needs, checked one by one, each with what to do where it is missing.

mod database;
mod machine;

use std::io::IsTerminal;

use clap::Args;
use secrecy::SecretString;
use serde::Serialize;

use crate::commands::Failure;
use crate::config::Config;
use crate::db::embedded::{self, Inspection};

/// How `annex doctor` is asked.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What came of one check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Good,
    /// Annex works, but something will be missing.
    Warning,
    /// Annex cannot work.
    Failed,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), mend: None }
    }

    fn warning(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Warning, found: found.into(), mend: Some(mend.into()) }
    }

    fn failed(name: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { name, state: State::Failed, found: found.into(), mend: Some(mend.into()) }
    }
}

/// Checks everything and prints what came of it.
///
/// # Errors
/// How many checks failed, where any did.
pub async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let checks = check(&config).await;
    let failed = checks.iter().filter(|check| check.state == State::Failed).count();
    if arguments.json {
        let report = serde_json::json!({ "ok": failed == 0, "checks": checks });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", list(&checks, std::io::stdout().is_terminal()));
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {} checks failed", checks.len()).into()),
    }
}

async fn check(config: &Config) -> Vec<Check> {
    let mut checks =
        vec![machine::port(&config.server).await, machine::data_folder(&config.database.data_dir)];
    checks.extend(machine::disk(&config.database.data_dir));
    let url = match &config.database.url {
        Some(url) => Some(url.clone()),
        None => {
            let options = embedded::Options {
                data_dir: config.database.data_dir.clone(),
                bin_dir: config.database.pg_bin.clone(),
            };
            let Inspection { binaries, database_url } = embedded::inspect(&options);
            checks.push(machine::postgres_programs(binaries));
            database_url.map(SecretString::from)
        }
    };
    match url {
        Some(url) => checks.extend(database::check(&url, &config.database, config.realtime.source).await),
        None => checks.push(Check::good("database", "Annex's own, not running; `annex serve` starts it")),
    }
    checks
}

fn list(checks: &[Check], colours: bool) -> String {
    let paint = |code: u8, text: &str| match colours {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let line = |check: &Check| {
        let mark = match check.state {
            State::Good => paint(32, "✓"),
            State::Warning => paint(33, "!"),
            State::Failed => paint(31, "✗"),
        };
        let mend = check.mend.as_ref().map(|mend| format!("  {:width$}  → {mend}\n", "")).unwrap_or_default();
        format!("{mark} {:width$}  {}\n{mend}", check.name, check.found)
    };
    checks.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_what_to_mend() {
        let checks = [
            Check::good("disk", "77 GiB free"),
            Check::warning("wal_level", "replica", "set it to logical"),
            Check::failed("port", "127.0.0.1:8080 is in use", "set ANNEX_LISTEN"),
        ];
        insta::assert_snapshot!(list(&checks, false), @r"
        ✓ disk       77 GiB free
        ! wal_level  replica
                     → set it to logical
        ✗ port       127.0.0.1:8080 is in use
                     → set ANNEX_LISTEN
        ");
    }
}
