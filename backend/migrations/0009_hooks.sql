-- Programs that are asked before something is written.
create table annex.hooks (
    name        text primary key constraint hooks_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    events      text[] not null constraint hooks_events_check
        check (events <@ array['create', 'update', 'delete', 'register'] and cardinality(events) > 0),
    -- Null for all.
    collection  text constraint hooks_collection_fkey references annex.collections (name) on update cascade on delete cascade,
    url         text not null,
    secret      bytea not null,
    timeout_ms  integer not null constraint hooks_timeout_ms_check check (timeout_ms between 100 and 30000),
    on_failure  text not null constraint hooks_on_failure_check check (on_failure in ('refuse', 'allow')),
    enabled     boolean not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
create index on annex.hooks (collection);

create trigger hooks_notify after insert or update or delete or truncate on annex.hooks
    for each statement execute function annex.notify_schema();
