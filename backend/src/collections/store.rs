//! What `annex.collections` keeps: which tables are collections, their rules and settings.

use sqlx::PgConnection;

use super::plan::Settings;

/// Writes what is kept of a collection.
pub(super) async fn put(connection: &mut PgConnection, settings: &Settings) -> sqlx::Result<()> {
    let rules = &settings.rules;
    sqlx::query!(
        r#"
        insert into annex.collections
            (name, schema_name, table_name, managed, primary_key, hidden_fields,
             list_rule, view_rule, create_rule, update_rule, delete_rule)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (name) do update
           set schema_name = excluded.schema_name, table_name = excluded.table_name, managed = excluded.managed,
               primary_key = excluded.primary_key, hidden_fields = excluded.hidden_fields,
               list_rule = excluded.list_rule, view_rule = excluded.view_rule,
               create_rule = excluded.create_rule, update_rule = excluded.update_rule,
               delete_rule = excluded.delete_rule, updated_at = now()
        "#,
        settings.name,
        settings.schema,
        settings.table,
        settings.managed,
        settings.primary_key.as_deref(),
        &settings.hidden,
        rules.list.as_deref(),
        rules.view.as_deref(),
        rules.create.as_deref(),
        rules.update.as_deref(),
        rules.delete.as_deref(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets a collection; its table stays.
pub(super) async fn delete(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    sqlx::query!("delete from annex.collections where name = $1", name).execute(connection).await?;
    Ok(())
}
