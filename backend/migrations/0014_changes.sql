-- Changes of rows where the write-ahead log cannot be read (`wal_level` is not `logical`, or the role may not replicate): triggers write
-- them into an outbox, which is read in the order of the commits.

-- What was changed and said. A row that is not committed is nobody's to see; one that is counts when its transaction has its place.
create table annex.changes (
    transaction xid8 not null,
    id          bigint generated always as identity,
    -- Whether it is the first of its transaction, which gets its place when it is committed.
    is_first    boolean not null,
    -- I, U, D, T as in Postgres's own output plugin; M is a message.
    kind        "char" not null,
    -- The table, and its columns as [name, type, modifier].
    relation    oid,
    shape       text,
    -- The row as it was and as it is, as text; of a message its prefix and what it says.
    before      text,
    after       text,
    primary key (transaction, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

-- The transactions, in the order of their commits. A place is counted in bytes, as places in the write-ahead log are.
create table annex.change_commits (
    starts      bigint primary key,
    ends        bigint not null,
    transaction xid8 not null constraint change_commits_transaction_key unique,
    at          timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);

-- Where the next transaction begins, and up to where the outbox was emptied. They count at once, whoever looks: no snapshot hides them.
-- Nothing is at 0: that is before everything.
create sequence annex.changes_end minvalue 64;
create sequence annex.changes_trimmed minvalue 64;

-- Whether somebody reads the outbox.
create function annex.has_outbox() returns boolean
    language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select exists (select from annex.feed where slot = 'annex_outbox') or exists (select from annex.event_log where slot = 'annex_outbox')
$$;

-- Puts something into the outbox.
create function annex.put_out(kind "char", relation oid, shape text, before text, after text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this constant text := pg_current_xact_id()::text;
    -- The transaction, and how many bytes it has put out so far; what is undone with a savepoint is not in there.
    begun text := coalesce(current_setting('annex.put_out', true), '');
    is_first constant boolean := split_part(begun, ' ', 1) <> this;
    bytes bigint := 64 + coalesce(octet_length(before), 0) + coalesce(octet_length(after), 0);
begin
    if not is_first then
        bytes := bytes + split_part(begun, ' ', 2)::bigint;
    end if;
    perform set_config('annex.put_out', this || ' ' || bytes, true);
    insert into annex.changes (transaction, is_first, kind, relation, shape, before, after)
        values (this::xid8, is_first, kind, relation, shape, before, after);
end
$$;

-- Gives a transaction its place, right before it is committed: nobody else is until it is. So whoever sees a transaction sees all that
-- were committed before.
create function annex.place_transaction() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    -- The most bytes that wait to be read. What is beyond is lost to whoever has not read it, and they are told.
    most constant bigint := 1 << 30;
    step constant bigint := 16 << 20;
    starts bigint;
    ends bigint;
begin
    perform pg_advisory_xact_lock(hashtextextended('annex.changes.commit', 0));
    select last_value into starts from annex.changes_end;
    ends := starts + coalesce(nullif(split_part(current_setting('annex.put_out', true), ' ', 2), '')::bigint, 64);
    ends := (ends + 63) / 64 * 64;
    perform setval('annex.changes_end', ends);
    insert into annex.change_commits (starts, ends, transaction, at)
        values (starts, ends, new.transaction, clock_timestamp())
        on conflict on constraint change_commits_transaction_key do nothing;
    -- What is told must not be undone by a crash.
    if current_setting('synchronous_commit') = 'off' then
        perform set_config('synchronous_commit', 'local', true);
    end if;
    perform pg_notify('annex_changes', '');
    if starts / step <> ends / step and current_setting('transaction_isolation') = 'read committed' then
        perform annex.trim_changes(ends - most);
    end if;
    return null;
end
$$;
create constraint trigger changes_place after insert on annex.changes
    deferrable initially deferred for each row when (new.is_first) execute function annex.place_transaction();
alter table annex.changes enable always trigger changes_place;

-- Empties the outbox up to that place.
create function annex.trim_changes(upto bigint) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    until bigint;
begin
    select max(c.ends) into until from annex.change_commits c where c.ends <= upto;
    if until is null then
        return;
    end if;
    -- First this: who sees that rows are gone sees that they were.
    perform setval('annex.changes_trimmed', greatest(until, (select last_value from annex.changes_trimmed)));
    with gone as (delete from annex.change_commits c where c.ends <= until returning c.transaction)
    delete from annex.changes o using gone where o.transaction = gone.transaction;
end
$$;

-- Puts a change of a row into the outbox. Values have the text that they have in the log.
create function annex.capture() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    set datestyle = 'ISO, YMD' set timezone = 'UTC' set extra_float_digits = 1 set bytea_output = 'hex' set intervalstyle = 'postgres' as $$
declare
    shape constant text := (
        select json_agg(json_build_array(a.attname, a.atttypid::bigint, a.atttypmod) order by a.attnum)
          from pg_attribute a where a.attrelid = tg_relid and a.attnum > 0 and not a.attisdropped);
begin
    perform annex.put_out(
        left(tg_op, 1)::"char", tg_relid, shape,
        case when tg_op in ('UPDATE', 'DELETE') then old::text end,
        case when tg_op in ('INSERT', 'UPDATE') then new::text end);
    return null;
end
$$;

-- Has the tables write their changes into the outbox that are published, and no others; none where nobody reads it.
create function annex.capture_published() returns void
    language plpgsql as $$
declare
    target record;
begin
    for target in
        with published as (
            select distinct r.prrelid as id from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
             where p.pubname in ('annex', 'annex_events') and annex.has_outbox()
        ),
        captured as (
            select t.tgrelid as id from pg_trigger t where t.tgname = 'annex_capture' and t.tgparentid = 0
        )
        select coalesce(p.id, c.id)::regclass as name, p.id is not null as wanted
          from published p full join captured c on c.id = p.id
         where (p.id is null) <> (c.id is null)
         order by coalesce(p.id, c.id)
    loop
        if target.wanted then
            execute format('create trigger annex_capture after insert or update or delete on %s for each row execute function annex.capture()', target.name);
            execute format('create trigger annex_capture_truncate after truncate on %s for each statement execute function annex.capture()', target.name);
            execute format('alter table %s enable always trigger annex_capture', target.name);
            execute format('alter table %s enable always trigger annex_capture_truncate', target.name);
        else
            execute format('drop trigger annex_capture on %s', target.name);
            execute format('drop trigger annex_capture_truncate on %s', target.name);
        end if;
    end loop;
end
$$;

-- Leaves a message among the changes, where it is committed.
create function annex.emit(prefix text, said text[]) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_logical_emit_message(true, prefix, each.said) from unnest(said) with ordinality each (said, number) order by number;
    -- Who begins to read the outbox waits for all who may not know it.
    perform pg_advisory_xact_lock_shared(hashtextextended('annex.outbox', 0));
    if annex.has_outbox() then
        perform annex.put_out('M', null, null, prefix, each.said) from unnest(said) with ordinality each (said, number) order by number;
    end if;
end
$$;

-- Up to where it is told of what this statement sees, and perhaps farther.
create function annex.log_end() returns pg_lsn
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (select from annex.feed where slot = 'annex_outbox') then
        return (
            select '0/0'::pg_lsn + greatest(coalesce(max(c.ends), 0), (select last_value from annex.changes_trimmed))
              from annex.change_commits c);
    end if;
    return pg_current_wal_insert_lsn();
end
$$;

-- As `annex.log_end`; all of it can be read soon. Of the log only what is on disk is read, and where commits do not wait for that
-- (`synchronous_commit = off`), or nothing is committed, it takes until somebody has it written: so where something is not yet, this commits
-- something that waits.
create function annex.log_end_to_come() returns pg_lsn
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    written constant pg_lsn := annex.log_end();
begin
    if written > pg_current_wal_flush_lsn() and not exists (select from annex.feed where slot = 'annex_outbox') then
        perform set_config('synchronous_commit', 'local', true);
        perform pg_logical_emit_message(true, 'annex.flush', '');
    end if;
    return written;
end
$$;

-- Where a webhook or trigger begins to be told that is written now.
create or replace function annex.log_position() returns bigint
    language sql volatile as $$
    select case when exists (select from annex.event_log where slot = 'annex_outbox')
                then (select last_value from annex.changes_end)
                else pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint end
$$;

-- What was said in the log alone so far.
create or replace function annex.notify_schema() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_schema', '');
    perform annex.emit('annex.schema', array['']);
    return null;
end
$$;

create or replace function annex.notify_identity() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', old.id::text);
    perform annex.emit('annex.identity', array[old.id::text]);
    return null;
end
$$;

create or replace function annex.notify_identities() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', tg_argv[0]);
    if tg_argv[0] = '' then
        perform annex.emit('annex.identity', array['']);
    end if;
    return null;
end
$$;

create or replace function annex.broadcast(topic text, payload jsonb) returns void
    language plpgsql as $$
declare
    said text := jsonb_build_object('topic', topic, 'payload', coalesce(payload, 'null'))::text;
begin
    if topic is null or topic = '' or octet_length(topic) > 255 then
        raise exception 'A topic has 1 to 255 bytes' using errcode = 'invalid_parameter_value';
    end if;
    if octet_length(said) > 33792 then
        raise exception 'What is said on a topic has at most 32 KiB' using errcode = 'program_limit_exceeded';
    end if;
    perform annex.emit('annex.broadcast', array[said]);
end
$$;

create or replace function annex.notify_presence() returns trigger
    language plpgsql as $$
declare
    entry annex.presence;
begin
    if tg_op = 'DELETE' then entry := old; else entry := new; end if;
    perform annex.emit('annex.presence', array[json_build_object(
        'topic', entry.topic, 'ref', entry.ref, 'user_id', entry.user_id,
        'state', case when tg_op <> 'DELETE' then entry.state end)::text]);
    return null;
end
$$;

-- As before, and where the outbox is read the table writes its changes into it. Who has triggers made is one at a time.
alter function annex.set_realtime(regclass, boolean) rename to publish_realtime;
create function annex.set_realtime(target regclass, wanted boolean) returns void
    language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('annex.capture', 0));
    perform annex.publish_realtime(target, wanted);
    perform annex.capture_published();
    perform annex.emit('annex.schema', array['']);
end
$$;

alter function annex.publish_events() rename to publish_event_tables;
create function annex.publish_events() returns text[]
    language plpgsql as $$
declare
    added text[];
begin
    perform pg_advisory_xact_lock(hashtextextended('annex.capture', 0));
    added := annex.publish_event_tables();
    perform annex.capture_published();
    return added;
end
$$;

-- What only these may do.
revoke execute on function annex.put_out("char", oid, text, text, text) from public;
revoke execute on function annex.trim_changes(bigint) from public;
