//! What the database must be and allow.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::Check;
use crate::clock::Clock;
use crate::config::{self, ChangeSource};
use crate::db::LEAST_VERSION;

/// How far the clocks may be apart: tokens are checked by one and stored by the other.
const SKEW: time::Duration = time::Duration::seconds(5);

#[derive(Debug, sqlx::FromRow)]
struct Facts {
    version: String,
    version_number: i32,
    encoding: String,
    wal_level: String,
    connections: i32,
    may_replicate: bool,
    role: String,
    database: String,
    may_make_schemas: bool,
    schema_is_there: bool,
    may_use_schema: bool,
}

/// Everything at once: roles are read by oid, so that a name with odd letters is no special case.
const FACTS: &str = "
    select current_setting('server_version') as version,
           current_setting('server_version_num')::int as version_number,
           current_setting('server_encoding') as encoding,
           current_setting('wal_level') as wal_level,
           current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int as connections,
           (select rolsuper or rolreplication from pg_roles where rolname = current_user) as may_replicate,
           current_user::text as role,
           current_database()::text as database,
           has_database_privilege(current_database(), 'create') as may_make_schemas,
           to_regnamespace('annex') is not null as schema_is_there,
           coalesce(has_schema_privilege(to_regnamespace('annex'), 'create, usage'), false) as may_use_schema";

pub async fn check(url: &SecretString, config: &config::Database, source: ChangeSource) -> Vec<Check> {
    let mut connection =
        match timeout(Duration::from_secs(5), PgConnection::connect(url.expose_secret())).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return vec![unreachable(&error.to_string())],
            Err(_) => return vec![unreachable("no answer within 5 seconds")],
        };
    let clock = Clock::system();
    let asked = clock.now();
    let theirs = sqlx::query_scalar("select clock_timestamp()").fetch_one(&mut connection).await;
    let answered = clock.now();
    let facts: Result<Facts, _> = sqlx::query_as(FACTS).fetch_one(&mut connection).await;
    match (theirs, facts) {
        (Ok(theirs), Ok(facts)) => vec![
            version(&facts),
            encoding(&facts),
            permissions(&facts),
            schema_changes(&mut connection).await,
            change_log(&facts, source),
            connections(&facts, config.max_connections),
            clocks(theirs, asked + (answered - asked) / 2),
        ],
        (Err(error), _) | (_, Err(error)) => vec![unreachable(&error.to_string())],
    }
}

fn unreachable(error: &str) -> Check {
    Check::failed(
        "database",
        format!("does not answer: {error}"),
        "Check host, port, name, user and password in ANNEX_DATABASE_URL, and that the database is running.",
    )
}

fn version(facts: &Facts) -> Check {
    let found = format!("Postgres {} answers", facts.version);
    if facts.version_number < LEAST_VERSION {
        return Check::failed(
            "database",
            found,
            format!("Upgrade it to Postgres {}.", LEAST_VERSION / 10_000),
        );
    }
    Check::good("database", found)
}

fn encoding(facts: &Facts) -> Check {
    if facts.encoding == "UTF8" {
        return Check::good("encoding", "UTF8");
    }
    Check::failed(
        "encoding",
        facts.encoding.clone(),
        "Make a database with `create database … encoding 'UTF8' template template0` and name that one.",
    )
}

fn permissions(facts: &Facts) -> Check {
    let Facts { role, database, .. } = facts;
    match (facts.schema_is_there, facts.may_use_schema, facts.may_make_schemas) {
        (true, true, _) => Check::good("permissions", format!("{role} may use the schema annex")),
        (true, false, _) => Check::failed(
            "permissions",
            format!("{role} may not use the schema annex, which somebody else owns"),
            format!("As its owner: grant usage, create on schema annex to \"{role}\"."),
        ),
        (false, _, true) => Check::good("permissions", format!("{role} may make the schema annex")),
        (false, _, false) => Check::failed(
            "permissions",
            format!("{role} may not make the schema annex"),
            format!("As the database's owner: grant create on database \"{database}\" to \"{role}\"."),
        ),
    }
}

/// Whether Annex may make an event trigger. Managed databases let some roles that are no superusers, so it is tried,
/// and taken back.
async fn schema_changes(connection: &mut PgConnection) -> Check {
    const NAME: &str = "schema changes";
    let tried = async {
        let mut transaction = connection.begin().await?;
        sqlx::query("set local statement_timeout = '2s'").execute(&mut *transaction).await?;
        sqlx::query(
            "create function pg_temp.annex_doctor() returns event_trigger language plpgsql as 'begin end'",
        )
        .execute(&mut *transaction)
        .await?;
        sqlx::query("create event trigger annex_doctor on sql_drop execute function pg_temp.annex_doctor()")
            .execute(&mut *transaction)
            .await?;
        transaction.rollback().await
    };
    match tried.await {
        Ok(()) => Check::good(NAME, "are noticed at once, whoever makes them"),
        Err(_) => Check::warning(
            NAME,
            "that others make are noticed after some seconds: an event trigger may not be made",
            "Nothing has to be done. To be told at once, let a superuser start Annex once, or grant its role the right.",
        ),
    }
}

fn change_log(facts: &Facts, setting: ChangeSource) -> Check {
    const NAME: &str = "change log";
    let Facts { role, wal_level, may_replicate, .. } = facts;
    let as_superuser = if wal_level == "logical" {
        format!("As a superuser: alter role \"{role}\" replication.")
    } else {
        "As a superuser: alter system set wal_level = 'logical', then restart Postgres (a managed one has a setting for it, such as \
         rds.logical_replication)."
            .to_owned()
    };
    match (setting, wal_level.as_str(), may_replicate) {
        (ChangeSource::Outbox, ..) => {
            Check::good(NAME, "changes are read from an outbox that triggers write, as it is set")
        }
        (_, "logical", true) => Check::good(NAME, "wal_level is logical, and the role may read it"),
        (ChangeSource::Log, "logical", false) => {
            Check::warning(NAME, format!("{role} may not read it, so there is no realtime"), as_superuser)
        }
        (ChangeSource::Log, level, _) => {
            Check::warning(NAME, format!("wal_level is {level}, so there is no realtime"), as_superuser)
        }
        (ChangeSource::Auto, "logical", false) => Check::warning(
            NAME,
            format!(
                "{role} may not read it: changes are read from an outbox that triggers write, which costs more"
            ),
            format!("Nothing has to be done. {as_superuser}"),
        ),
        (ChangeSource::Auto, level, _) => Check::warning(
            NAME,
            format!(
                "wal_level is {level}: changes are read from an outbox that triggers write, which costs more"
            ),
            format!("Nothing has to be done. {as_superuser}"),
        ),
    }
}

fn connections(facts: &Facts, ours: usize) -> Check {
    const NAME: &str = "connections";
    let theirs = usize::try_from(facts.connections).unwrap_or(0);
    let found = format!("{theirs} are allowed, Annex takes up to {ours}");
    if ours > theirs {
        let mend =
            format!("Set ANNEX_MAX_CONNECTIONS to {} or less, or raise max_connections.", theirs.max(8));
        return Check::failed(NAME, found, mend);
    }
    Check::good(NAME, found)
}

fn clocks(theirs: OffsetDateTime, ours: OffsetDateTime) -> Check {
    let apart = (theirs - ours).abs();
    let found = format!("{} ms apart from the database's", apart.whole_milliseconds());
    if apart > SKEW {
        let mend = "Synchronise the clocks of both machines (timedatectl set-ntp true).";
        return Check::failed("clock", found, mend);
    }
    Check::good("clock", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::State;

    fn facts() -> Facts {
        Facts {
            version: "16.1".into(),
            version_number: 160_001,
            encoding: "UTF8".into(),
            wal_level: "logical".into(),
            connections: 97,
            may_replicate: true,
            role: "app".into(),
            database: "shop".into(),
            may_make_schemas: true,
            schema_is_there: false,
            may_use_schema: false,
        }
    }

    #[test]
    fn a_database_that_is_too_old_fails() {
        assert_eq!(version(&facts()).state, State::Good);
        let old = version(&Facts { version_number: 130_004, ..facts() });
        assert_eq!(old.state, State::Failed);
        assert_eq!(old.mend.as_deref(), Some("Upgrade it to Postgres 14."));
    }

    #[test]
    fn missing_permissions_come_with_the_grant_that_mends_them() {
        assert_eq!(permissions(&facts()).state, State::Good);
        let none = permissions(&Facts { may_make_schemas: false, ..facts() });
        assert_eq!(
            none.mend.as_deref(),
            Some("As the database's owner: grant create on database \"shop\" to \"app\".")
        );
        let owned = permissions(&Facts { schema_is_there: true, ..facts() });
        assert_eq!(
            owned.mend.as_deref(),
            Some("As its owner: grant usage, create on schema annex to \"app\".")
        );
    }

    #[test]
    fn clocks_may_not_be_seconds_apart() {
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(clocks(now + time::Duration::milliseconds(40), now).state, State::Good);
        assert_eq!(clocks(now - time::Duration::seconds(9), now).state, State::Failed);
    }

    #[test]
    fn realtime_alone_needs_the_log() {
        let replica = Facts { wal_level: "replica".into(), ..facts() };
        let unprivileged = Facts { may_replicate: false, ..facts() };
        for (source, words) in [(ChangeSource::Auto, "outbox"), (ChangeSource::Log, "no realtime")] {
            for facts in [&replica, &unprivileged] {
                let check = change_log(facts, source);
                assert_eq!(check.state, State::Warning);
                assert!(check.found.contains(words), "{}", check.found);
            }
        }
        assert_eq!(change_log(&replica, ChangeSource::Outbox).state, State::Good);
    }

    #[test]
    fn more_connections_than_there_are_fail() {
        assert_eq!(connections(&facts(), 40).state, State::Good);
        let check = connections(&facts(), 200);
        assert_eq!(
            check.mend.as_deref(),
            Some("Set ANNEX_MAX_CONNECTIONS to 97 or less, or raise max_connections.")
        );
    }
}
