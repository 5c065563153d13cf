-- Changes of rows as they are committed, read from the write-ahead log.

-- The tables whose changes are told. Every server reads the log for itself.
create publication annex with (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);

-- The log that cursors are positions in. Where its slot is lost, another begins, and no cursor of the old one is taken.
create table annex.feed (
    one         boolean primary key default true constraint feed_one_check check (one),
    epoch       uuid not null,
    slot        text not null,
    created_at  timestamptz not null default now()
);

-- Has the changes of a table told from now on, or not any more. Who is told of a change must know the row as it was, so the log
-- gets the whole of it; of a partitioned table, so do its partitions.
create function annex.set_realtime(target regclass, wanted boolean) returns void
    language plpgsql as $$
declare
    part regclass;
begin
    if wanted and exists (select from pg_attribute where attrelid = target and attgenerated <> '' and not attisdropped) then
        raise exception 'The log does not have the values of generated columns, so changes of the table cannot be told'
            using errcode = 'feature_not_supported';
    end if;
    for part in
        select c.oid
          from pg_class c
         where c.oid = target or c.oid in (select relid from pg_partition_tree(target))
    loop
        if wanted then
            execute format('alter table %s replica identity full', part);
        elsif (select relreplident = 'f' from pg_class where oid = part) then
            execute format('alter table %s replica identity default', part);
        end if;
    end loop;
    execute format('alter publication annex %s table %s', case when wanted then 'add' else 'drop' end, target);
    perform pg_logical_emit_message(true, 'annex.schema', '');
end
$$;

-- What changes who may see what stands in the log too, where it was committed: no row is told behind it to whom may not see it any
-- more.
create or replace function annex.notify_schema() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_schema', '');
    perform pg_logical_emit_message(true, 'annex.schema', '');
    return null;
end
$$;

create or replace function annex.notify_identity() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', old.id::text);
    perform pg_logical_emit_message(true, 'annex.identity', old.id::text);
    return null;
end
$$;

create or replace function annex.notify_identities() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', tg_argv[0]);
    if tg_argv[0] = '' then
        perform pg_logical_emit_message(true, 'annex.identity', '');
    end if;
    return null;
end
$$;
