//! `annex apply`

use std::path::{Path, PathBuf};

use annex_openapi::collections::{ApplyRequest, Lock, Plan};
use clap::Args;
use secrecy::SecretString;

use crate::collections::apply::make_match;
use crate::collections::catalogue::Catalogue;
use crate::commands::Failure;
use crate::commands::database::with_database;
use crate::config::{self, Config};
use crate::db::{self, Db};
use crate::problem::Problem;

/// What `annex apply` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file: TOML, or JSON where its name ends so
    #[arg(default_value = "annex.toml")]
    file: PathBuf,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Drop the collections, fields and indexes that the file does not have
    #[arg(long)]
    prune: bool,
}

/// Makes the database match a file, and prints what that took.
///
/// # Errors
/// In a plain sentence, what is wrong with the file, or why it cannot be done.
pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let mut request = read(&arguments.file)?;
    request.prune |= arguments.prune;
    let work = async |url| apply(&url, &config.database, &request, arguments.dry_run).await;
    let plan = with_database(&config.database, work).await?;
    print!("{}", describe(&plan));
    Ok(())
}

async fn apply(
    url: &SecretString,
    config: &config::Database,
    request: &ApplyRequest,
    dry_run: bool,
) -> Result<Plan, Failure> {
    let db = Db::new(url, config, 1)?;
    db::migrate(&db.pool).await?;
    let catalogue = Catalogue::load(&db.pool).await?;
    let plan = make_match(&db.pool, &catalogue, request, dry_run).await.map_err(|problem| sentence(&problem));
    db.pool.close().await;
    Ok(plan?)
}

/// What the file says.
fn read(file: &Path) -> Result<ApplyRequest, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
        let request = crate::extract::parse_json(text.as_bytes());
        return request.map_err(|problem| format!("{name} is not valid: {}", sentence(&problem)).into());
    }
    toml::from_str(&text).map_err(|error| format!("{name} is not valid: {error}").into())
}

/// The problem for a terminal: each wrong place on a line.
fn sentence(problem: &Problem) -> String {
    let mut text = match &problem.errors[..] {
        [] | [_] => problem.detail.clone(),
        _ => "the file is not valid".to_owned(),
    };
    for error in &problem.errors {
        text += &format!("\n  {}: {}", error.pointer, error.detail);
    }
    if let Some(hint) = &problem.hint {
        text += &format!("\n{hint}");
    }
    text
}

/// The plan for a terminal.
fn describe(plan: &Plan) -> String {
    if plan.steps.is_empty() && plan.settings.is_empty() {
        return "The database matches the file: there is nothing to do.\n".to_owned();
    }
    let mut text = String::new();
    for step in &plan.steps {
        let lock = match step.lock {
            Lock::None => "",
            Lock::Writes => "-- writes wait meanwhile\n",
            Lock::Brief => "-- reads and writes wait for a moment\n",
            Lock::Rewrite => "-- reads and writes wait while every row is looked at\n",
        };
        let loses = step.loses.as_ref().map(|loses| format!("-- LOSES {loses}\n")).unwrap_or_default();
        text += &format!("{loses}{lock}{};\n", step.sql);
    }
    for line in &plan.settings {
        text += &format!("-- {line}\n");
    }
    text += if plan.applied { "\nDone.\n" } else { "\nThis was a dry run: nothing was changed.\n" };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> Result<ApplyRequest, String> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        read(&path).map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = r#"
            [[collections]]
            name = "posts"
            fields = [
                { name = "title", type = "text", required = true },
                { name = "author", type = "relation", collection = "users", on_delete = "set_null" },
            ]
            indexes = [{ fields = ["author", "-created_at"] }]
            rules = { list = "", view = "author = @user.id" }

            [[adopt]]
            table = "public.Orders"
        "#;
        let json = r#"{
            "collections": [{
                "name": "posts",
                "fields": [
                    {"name": "title", "type": "text", "required": true},
                    {"name": "author", "type": "relation", "collection": "users", "on_delete": "set_null"}
                ],
                "indexes": [{"fields": ["author", "-created_at"]}],
                "rules": {"list": "", "view": "author = @user.id"}
            }],
            "adopt": [{"table": "public.Orders"}]
        }"#;
        assert_eq!(
            file("annex.toml", toml).expect("it is valid"),
            file("annex.json", json).expect("it is valid")
        );
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let wrong = file("annex.json", r#"{"collections": [{"name": "posts", "fields": [{"name": "a"}]}]}"#);
        assert!(
            wrong.is_err_and(|error| error.contains("/collections/0/fields/0") && error.contains("type"))
        );
        let wrong = file("annex.toml", "[[collections]]\nname = \"posts\"\nfiels = []\n");
        assert!(wrong.is_err_and(|error| error.contains("fiels")));
        assert!(read(Path::new("/nowhere/annex.toml")).is_err());
    }
}
