-- What happens, told to programs elsewhere (webhooks) and turned into jobs (triggers): changes of rows from the write-ahead log, and
-- what happens to the server itself in the transactions in which it happens.

-- The tables that webhooks and triggers are about.
create publication annex_events with (publish = 'insert, update, delete', publish_via_partition_root = true);

-- How far the log has been read: what was committed up to there is written as deliveries and jobs, in the transaction that says so.
create table annex.event_log (
    one             boolean primary key default true constraint event_log_one_check check (one),
    -- Null while nobody wants it.
    slot            text,
    commit_lsn      bigint not null default 0,
    change          integer not null default 0,
    last_change_at  timestamptz,
    lost_at         timestamptz
);
insert into annex.event_log default values;

-- Where the log ends.
create function annex.log_position() returns bigint
    language sql volatile
    return (pg_current_wal_insert_lsn() - '0/0')::bigint;

create table annex.webhooks (
    id                          uuid primary key,
    name                        text not null constraint webhooks_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$')
                                    constraint webhooks_name_key unique,
    url                         text not null,
    -- By which the queue counts how many are sent at once.
    host                        text not null,
    events                      text[] not null constraint webhooks_events_check check (cardinality(events) > 0),
    collection                  text constraint webhooks_collection_fkey references annex.collections (name)
                                    on update cascade on delete cascade,
    condition                   text,
    fields                      text[],
    headers                     jsonb not null,
    enabled                     boolean not null,
    disabled_reason             text constraint webhooks_disabled_reason_check check (disabled_reason in ('gone', 'failing', 'broken')),
    disabled_at                 timestamptz,
    failing_since               timestamptz,
    last_delivered_at           timestamptz,
    secret                      bytea not null,
    previous_secret             bytea,
    previous_secret_expires_at  timestamptz,
    -- Changes that were committed before that are not told.
    told_from                   bigint not null default annex.log_position(),
    created_at                  timestamptz not null,
    updated_at                  timestamptz not null,
    constraint webhooks_disabled_check check (not enabled or disabled_reason is null)
) with (fillfactor = 50);
create index on annex.webhooks (collection);

create table annex.triggers (
    name             text primary key constraint triggers_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    events           text[] not null constraint triggers_events_check check (cardinality(events) > 0),
    collection       text constraint triggers_collection_fkey references annex.collections (name)
                         on update cascade on delete cascade,
    condition        text,
    -- As `annex.enqueue_jobs` takes it.
    job              jsonb not null,
    enabled          boolean not null,
    disabled_reason  text constraint triggers_disabled_reason_check check (disabled_reason in ('broken')),
    told_from        bigint not null default annex.log_position(),
    created_by       uuid,
    created_at       timestamptz not null,
    updated_at       timestamptz not null
);
create index on annex.triggers (collection);

-- Servers keep what is told to whom beside the collections.
create trigger webhooks_notify after insert or delete or truncate or update of events, collection, condition, fields, enabled, told_from
    on annex.webhooks for each statement execute function annex.notify_schema();
create trigger triggers_notify after insert or delete or truncate or update of events, collection, condition, enabled, told_from
    on annex.triggers for each statement execute function annex.notify_schema();

create table annex.webhook_deliveries (
    id               uuid primary key,
    webhook_id       uuid not null references annex.webhooks on delete cascade,
    -- Deliveries of a lane are made one after the other, in that order.
    sequence         bigint generated always as identity,
    lane             uuid not null,
    type             text not null,
    -- What the lane is of, cut where it is long.
    subject          text not null,
    body             text not null,
    state            text not null default 'pending'
                         constraint webhook_deliveries_state_check check (state in ('pending', 'delivered', 'failed')),
    attempts         integer not null default 0,
    -- How many of them failed since it was queued.
    failures         integer not null default 0,
    last_status      smallint,
    next_attempt_at  timestamptz,
    created_at       timestamptz not null default clock_timestamp(),
    -- From when it is tried for three days: made, or asked for again.
    queued_at        timestamptz not null default clock_timestamp(),
    finished_at      timestamptz,
    constraint webhook_deliveries_finished_check check ((state = 'pending') = (finished_at is null))
) with (fillfactor = 80);
create index webhook_deliveries_lane_idx on annex.webhook_deliveries (webhook_id, lane, sequence) where state = 'pending';
create index webhook_deliveries_webhook_idx on annex.webhook_deliveries (webhook_id, id);
create index webhook_deliveries_state_idx on annex.webhook_deliveries (webhook_id, state, id) where state <> 'delivered';
create index webhook_deliveries_finished_at_idx on annex.webhook_deliveries (finished_at);

create table annex.webhook_attempts (
    delivery_id       uuid not null references annex.webhook_deliveries on delete cascade,
    attempt           integer not null,
    at                timestamptz not null,
    duration_ms       integer not null,
    url               text not null,
    request_headers   jsonb not null,
    status            smallint,
    response_headers  jsonb,
    response_body     text,
    truncated         boolean not null default false,
    error_code        text,
    error             text,
    primary key (delivery_id, attempt),
    constraint webhook_attempts_error_check check ((status is null) = (error_code is not null) and (error is null) = (error_code is null))
);

-- A host that is slow has no more than its share of those who send.
insert into annex.queues (name, concurrency, key_concurrency) values ('webhooks', 40, 8) on conflict do nothing;

-- Has the log tell of the tables that webhooks and triggers are about, and of no others. Returns those that are new in it. Who is told of a change must know the row as it
-- was; see `annex.set_realtime`.
create function annex.publish_events() returns text[]
    language plpgsql as $$
declare
    target record;
    part regclass;
    added text[] := '{}';
begin
    -- One at a time.
    perform pg_advisory_xact_lock(hashtextextended('annex.events.publish', 0));
    for target in
        with wanted as (
            select to_regclass(format('%I.%I', c.schema_name, c.table_name))::oid as id, c.name
              from annex.collections c
             where exists (
                       select from annex.webhooks w
                        where w.collection = c.name and w.enabled and w.events && array['record.created', 'record.updated', 'record.deleted'])
                or exists (
                       select from annex.triggers t
                        where t.collection = c.name and t.enabled and t.events && array['record.created', 'record.updated', 'record.deleted'])
        ),
        published as (
            select r.prrelid as id from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = 'annex_events'
        )
        select coalesce(w.id, p.id)::regclass as name, w.name as collection, w.id is not null as wanted, p.id is not null as published
          from wanted w full join published p on p.id = w.id
         where coalesce(w.id, p.id) is not null
         order by coalesce(w.id, p.id)
    loop
        if target.wanted and exists (
            select from pg_attribute where attrelid = target.name and attgenerated <> '' and not attisdropped
        ) then
            raise exception 'The log does not have the values of generated columns, so changes of the table cannot be told'
                using errcode = 'feature_not_supported';
        end if;
        for part in
            select c.oid from pg_class c
             where (c.oid = target.name or c.oid in (select relid from pg_partition_tree(target.name)))
               and (c.relreplident = 'f') is distinct from target.wanted
        loop
            if target.wanted then
                execute format('alter table %s replica identity full', part);
            elsif not exists (
                -- Realtime needs it too.
                select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                 where p.pubname = 'annex' and r.prrelid = target.name
            ) then
                execute format('alter table %s replica identity default', part);
            end if;
        end loop;
        if target.wanted and not target.published then
            execute format('alter publication annex_events add table %s', target.name);
            added := added || target.collection;
        elsif target.published and not target.wanted then
            execute format('alter publication annex_events drop table %s', target.name);
        end if;
    end loop;
    return added;
end
$$;

-- As before, but rows stay whole in the log where webhooks or triggers are about them.
create or replace function annex.set_realtime(target regclass, wanted boolean) returns void
    language plpgsql as $$
declare
    part regclass;
    needed constant boolean := wanted or exists (
        select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
         where p.pubname = 'annex_events' and r.prrelid = target);
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
        if needed then
            execute format('alter table %s replica identity full', part);
        elsif (select relreplident = 'f' from pg_class where oid = part) then
            execute format('alter table %s replica identity default', part);
        end if;
    end loop;
    execute format('alter publication annex %s table %s', case when wanted then 'add' else 'drop' end, target);
    perform pg_logical_emit_message(true, 'annex.schema', '');
end
$$;

-- What stands for a lane among advisory locks, one of 1024. Whoever adds to a lane holds it shared; whoever ends the lane's job, since
-- nothing is left in it, holds it alone: so that nothing is ever left in a lane without a job.
create function annex.lane_lock(webhook uuid, lane uuid) returns integer
    language sql immutable parallel safe
    return (hashtextextended(webhook::text || lane::text, 0) & 1023)::integer;

-- Holds lanes open: what is added to them until the transaction ends is seen by whoever would end their jobs.
create function annex.hold_lanes(webhooks uuid[], lanes uuid[]) returns void
    language sql as $$
    select pg_advisory_xact_lock_shared(8316461, l.lock)
    from (select distinct annex.lane_lock(u.webhook, u.lane) as lock from unnest(webhooks, lanes) u (webhook, lane) order by 1) l
$$;

-- Has a job look after each of those lanes: the one that does already, or a new one.
create function annex.enqueue_lanes(webhooks uuid[], lanes uuid[]) returns void
    language sql as $$
    select count(*) from (
        select annex.enqueue_jobs(jsonb_agg(jsonb_build_object(
            'kind', 'webhook.deliver', 'queue', 'webhooks', 'key', left(w.host, 200), 'max_attempts', 1000,
            'unique_key', l.webhook || '/' || l.lane, 'args', jsonb_build_object('webhook', l.webhook, 'lane', l.lane))))
        from (select distinct u.webhook, u.lane from unnest(webhooks, lanes) u (webhook, lane)) l
        join annex.webhooks w on w.id = l.webhook
        having count(*) > 0
    ) enqueued
$$;

-- Writes what webhooks are to be told, in order; those that are gone or disabled are told nothing. `subjects` say what each is about:
-- deliveries to a webhook that are about the same are made in order.
create function annex.write_deliveries(webhooks uuid[], types text[], subjects text[], bodies text[]) returns void
    language plpgsql as $$
declare
    lanes uuid[];
begin
    select array_agg(md5(u.subject)::uuid order by u.place) into lanes from unnest(subjects) with ordinality u (subject, place);
    perform annex.hold_lanes(webhooks, lanes);
    perform from annex.webhooks w where w.id = any(webhooks) order by w.id for key share;
    insert into annex.webhook_deliveries (id, webhook_id, lane, type, subject, body)
        select annex.uuid_v7(), u.webhook, u.lane, u.type, left(u.subject, 300), u.body
        from unnest(webhooks, lanes, types, subjects, bodies) with ordinality u (webhook, lane, type, subject, body, place)
        join annex.webhooks w on w.id = u.webhook and (w.enabled or u.type = 'webhook.test')
        order by u.place;
    perform annex.enqueue_lanes(webhooks, lanes);
end
$$;

-- Enqueues the jobs of triggers, in order; those that are gone or disabled enqueue nothing. Returns how many.
create function annex.fire_triggers(names text[], events jsonb[]) returns integer
    language sql as $$
    select count(*)::integer from (
        select annex.enqueue_jobs(jsonb_agg(
            t.job || jsonb_build_object(
                'args', coalesce(nullif(t.job -> 'args', 'null'), '{}') || jsonb_build_object('event', u.event),
                'tags', coalesce(nullif(t.job -> 'tags', 'null'), '[]') || to_jsonb('trigger:' || t.name))
            order by u.place))
        from unnest(names, events) with ordinality u (name, event, place)
        join annex.triggers t on t.name = u.name and t.enabled
        having count(*) > 0
    ) fired
$$;

-- Tells of something that happens to the server itself, in the transaction in which it happens. Where nobody asked, it costs a look.
create function annex.tell(event text, about text, data jsonb, without_triggers boolean default false) returns void
    language plpgsql as $$
declare
    body constant json := json_build_object(
        'type', event, 'timestamp', to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'data', data);
    ids uuid[];
    names text[];
begin
    select array_agg(w.id order by w.id) into ids from annex.webhooks w where w.enabled and w.events @> array[event];
    if ids is not null then
        perform annex.write_deliveries(ids, array_fill(event, array[cardinality(ids)]), array_fill(about, array[cardinality(ids)]),
            array_fill(body::text, array[cardinality(ids)]));
    end if;
    if not without_triggers then
        select array_agg(t.name order by t.name) into names from annex.triggers t where t.enabled and t.events @> array[event];
        if names is not null then
            perform annex.fire_triggers(names, array_fill(body::jsonb, array[cardinality(names)]));
        end if;
    end if;
end
$$;

-- A job that failed for good. What delivers to webhooks tells of its own; and a job that a trigger enqueued fires none, or they
-- would fire each other for ever.
create function annex.tell_job_failed() returns trigger
    language plpgsql as $$
declare
    job annex.jobs;
begin
    if not exists (select from annex.webhooks w where w.enabled and w.events @> array['job.failed'])
        and not exists (select from annex.triggers t where t.enabled and t.events @> array['job.failed']) then
        return null;
    end if;
    select * into job from annex.jobs j where j.id = new.job_id;
    if job.id is not null and job.kind <> 'webhook.deliver' then
        perform annex.tell('job.failed', 'jobs/' || job.id, jsonb_build_object(
                'id', job.id, 'kind', job.kind, 'queue', job.queue, 'tags', to_jsonb(job.tags), 'attempt', new.attempt, 'error', new.error),
            exists (select from unnest(job.tags) tag where starts_with(tag, 'trigger:')));
    end if;
    return null;
end
$$;
create trigger attempts_tell after insert or update of final on annex.attempts
    for each row when (new.final and new.outcome in ('failed', 'lost')) execute function annex.tell_job_failed();

create function annex.tell_user_deleted() returns trigger
    language plpgsql as $$
begin
    perform annex.tell('user.deleted', 'users/' || old.id, jsonb_build_object('id', old.id, 'email', old.email));
    return null;
end
$$;
create trigger users_tell after delete on annex.users for each row execute function annex.tell_user_deleted();

-- Tells a webhook nothing any more, says so to whoever asked for it, and to the admins by mail. Whether it was enabled.
create function annex.disable_webhook(id uuid, reason text, at timestamptz) returns boolean
    language plpgsql as $$
declare
    hook annex.webhooks;
    admins jsonb;
begin
    update annex.webhooks w set enabled = false, disabled_reason = reason, disabled_at = at, updated_at = at
        where w.id = disable_webhook.id and w.enabled returning w.* into hook;
    if hook.id is null then
        return false;
    end if;
    perform annex.tell('webhook.disabled', 'webhooks/' || hook.id,
        jsonb_build_object('id', hook.id, 'name', hook.name, 'url', hook.url, 'reason', reason));
    select jsonb_agg(a.email) into admins from (
        select u.email::text as email from annex.users u where 'admin' = any(u.roles) and not u.disabled order by u.created_at limit 50) a;
    if admins is not null then
        perform annex.enqueue('email.send', jsonb_build_object('to', admins,
            'subject', format('The webhook %s is disabled', hook.name),
            'text', format(E'Nothing is sent to the webhook %s any more:\n\n  %s\n\n%s\n\nWhat waits for it is kept. It goes on when the webhook is enabled again.',
                hook.name, hook.url, case reason
                    when 'gone' then 'It answered 410 Gone.'
                    when 'broken' then 'Its condition does not fit its collection any more.'
                    else 'Nothing could be delivered to it for five days.' end)));
    end if;
    return true;
end
$$;
