-- Durable jobs. What a job is stands in `jobs` and is never changed; where it stands is the table that has it: `scheduled`,
-- `waiting`, `ready`, `parked` or a lease while it lives, and `attempts` for all that happened. A job so passes through without
-- an update, and what is deleted on its way is in tables that are emptied whole, whatever old transaction is still open.

-- UUIDv7 (RFC 9562, 6.2 method 3) with the fraction of the millisecond: ids that one statement makes are in its order.
create or replace function annex.uuid_v7() returns uuid
    language sql volatile parallel safe
    return (
        select (lpad(to_hex(micros / 1000), 12, '0') || '7' || lpad(to_hex((micros % 1000) * 4096 / 1000), 3, '0')
                || right(gen_random_uuid()::text, 17))::uuid
        from (select (extract(epoch from clock_timestamp()) * 1000000)::bigint) as clock (micros));

-- A time that every program can read.
create function annex.is_moment(at timestamptz) returns boolean
    language sql immutable parallel safe
    return at is null or at between '0001-01-01 00:00:00Z' and '9999-12-31 00:00:00Z';

-- How long to wait after failures: a list of seconds, or {"base_seconds"?, "max_seconds"?}.
create function annex.is_backoff(backoff jsonb) returns boolean
    language sql immutable parallel safe
    return case jsonb_typeof(backoff)
        when 'array' then backoff <> '[]' and not jsonb_path_exists(backoff, 'strict $[*] ? (@.type() != "number" || @ < 0 || @ > 31536000)')
        when 'object' then not jsonb_path_exists(
            backoff, 'lax $.keyvalue() ? (!(@.key == "base_seconds" || @.key == "max_seconds") || @.value.type() != "number" || @.value < 0 || @.value > 31536000)')
        else backoff is null
    end;

-- Whether every program can read that JSON: it is nested no deeper than 64, and has no number that is larger than a double.
create function annex.is_readable(json jsonb) returns boolean
    language sql immutable parallel safe
    return case
        -- Neither fits into less.
        when octet_length(json::text) < 128 then true
        when jsonb_path_exists(json, '$.**{65}') then false
        when json::text !~ '[0-9]{200}[0-9]{109}' then true
        else not jsonb_path_exists(json, '$.** ? (@.type() == "number" && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))')
    end;

create table annex.queues (
    name             text primary key constraint queues_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    paused           boolean not null default false,
    -- How many jobs run at once, and how many start within any period; of the queue, and of each key in it.
    concurrency      integer constraint queues_concurrency_check check (concurrency > 0),
    rate             integer constraint queues_rate_check check (rate > 0),
    rate_period      interval constraint queues_rate_period_check check (rate_period between interval '100 ms' and interval '31 days'),
    key_concurrency  integer constraint queues_key_concurrency_check check (key_concurrency > 0),
    key_rate         integer constraint queues_key_rate_check check (key_rate > 0),
    key_rate_period  interval constraint queues_key_rate_period_check check (key_rate_period between interval '100 ms' and interval '31 days'),
    created_at       timestamptz not null default now(),
    constraint queues_rates_check check ((rate is null) = (rate_period is null) and (key_rate is null) = (key_rate_period is null))
);
insert into annex.queues (name) values ('default');

-- What a kind's jobs are like unless they say otherwise.
create table annex.job_kinds (
    name             text primary key constraint job_kinds_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,99}$'),
    -- JSON Schema of the arguments.
    schema           jsonb,
    -- Who runs it: '@workers' over HTTP; '@annex', every server; or, by the kind's own name, the servers whose program has it.
    runner           text not null default '@workers',
    queue            text not null default 'default',
    priority         smallint not null default 0,
    max_attempts     smallint not null default 20 constraint job_kinds_max_attempts_check check (max_attempts between 1 and 1000),
    backoff          jsonb constraint job_kinds_backoff_check check (annex.is_backoff(backoff)),
    timeout_seconds  integer constraint job_kinds_timeout_seconds_check check (timeout_seconds > 0),
    description      text,
    updated_at       timestamptz not null default now()
);

create table annex.jobs (
    id               uuid primary key,
    kind             text not null,
    args             jsonb not null constraint jobs_args_check check (annex.is_readable(args)),
    queue            text not null,
    runner           text not null,
    -- The lowest first, and of one priority the oldest first.
    priority         smallint not null constraint jobs_priority_check check (priority between -100 and 100),
    -- What the queue's limits for each key count by.
    key              text constraint jobs_key_check check (length(key) between 1 and 200),
    unique_key       text constraint jobs_unique_key_check check (length(unique_key) between 1 and 200),
    tags             text[] not null constraint jobs_tags_check check (cardinality(tags) <= 20 and array_position(tags, null) is null),
    max_attempts     smallint not null constraint jobs_max_attempts_check check (max_attempts between 1 and 1000),
    -- {"base_seconds", "max_seconds"} or a list of seconds; null as `annex.retry_delay` says.
    backoff          jsonb,
    run_at           timestamptz,
    -- No attempt starts after that.
    deadline         timestamptz,
    -- How long one attempt may run.
    timeout_seconds  integer constraint jobs_timeout_seconds_check check (timeout_seconds > 0),
    batch_id         uuid,
    step             text,
    schedule         text,
    created_by       uuid,
    created_at       timestamptz not null,
    constraint jobs_run_at_check check (annex.is_moment(run_at)),
    constraint jobs_deadline_check check (annex.is_moment(deadline)),
    constraint jobs_backoff_check check (annex.is_backoff(backoff))
) with (autovacuum_vacuum_insert_scale_factor = 1);

-- The tables that are emptied whole have three slots. What comes goes into the current one; a slot that is not the current one
-- any more drains, and is truncated.
create table annex.job_slots (
    current     smallint not null constraint job_slots_current_check check (current between 0 and 2),
    rotated_at  timestamptz not null default now(),
    one         boolean primary key default true constraint job_slots_one_check check (one)
);
insert into annex.job_slots (current) values (0);

create table annex.ready (
    slot      smallint not null,
    queue     text not null,
    runner    text not null,
    priority  smallint not null,
    job_id    uuid not null,
    attempt   smallint not null,
    key       text,
    -- Nothing but the attempt has to be written when it succeeds: no unique key, no batch.
    plain     boolean not null
) partition by list (slot);
create table annex.ready_0 partition of annex.ready for values in (0);
create table annex.ready_1 partition of annex.ready for values in (1);
create table annex.ready_2 partition of annex.ready for values in (2);
create index on annex.ready (queue, runner, priority, job_id);

-- Jobs that a server or a worker has taken at one time, and works on. The id, which only grows, fences: what is said under a
-- lease that is gone is refused.
create sequence annex.lease_ids;
create table annex.leases (
    slot        smallint not null,
    id          bigint not null,
    -- A server's worker, whose life is the lease's; null for a worker over HTTP, whose lease has an end of its own.
    worker_id   uuid,
    worker      text not null,
    queue       text not null,
    claimed_at  timestamptz not null,
    expires_at  timestamptz not null,
    -- By position: null where a job was given back.
    jobs        uuid[] not null,
    attempts    smallint[] not null,
    -- The keys that are counted for the limits of the queue; null where it has none.
    keys        text[],
    plain       boolean not null,
    remaining   integer not null constraint leases_remaining_check check (remaining > 0)
) partition by list (slot);
create table annex.leases_0 partition of annex.leases for values in (0);
create table annex.leases_1 partition of annex.leases for values in (1);
create table annex.leases_2 partition of annex.leases for values in (2);
alter table annex.leases alter jobs set storage main, alter attempts set storage main;
-- Up to 400 jobs stay in the row: a part of an array that is stored apart is read whole.
alter table annex.leases_0 set (toast_tuple_target = 8160);
alter table annex.leases_1 set (toast_tuple_target = 8160);
alter table annex.leases_2 set (toast_tuple_target = 8160);
create index on annex.leases (id);
create index on annex.leases (expires_at);

create table annex.workers (
    id           uuid primary key,
    name         text not null,
    queues       text[] not null,
    concurrency  integer not null,
    started_at   timestamptz not null,
    expires_at   timestamptz not null
) with (fillfactor = 50);

create table annex.scheduled (
    job_id   uuid primary key,
    run_at   timestamptz not null,
    attempt  smallint not null
);
create index on annex.scheduled (run_at);

-- Steps of a workflow that wait for others.
create table annex.waiting (
    job_id   uuid primary key,
    pending  integer not null constraint waiting_pending_check check (pending > 0),
    attempt  smallint not null
);
create table annex.dependencies (
    needs   uuid not null,
    job_id  uuid not null,
    primary key (needs, job_id)
);
create index on annex.dependencies (job_id);

-- Jobs whose key is at its limit: out of the way of the others, until a slot of the key is free.
create table annex.parked (
    queue     text not null,
    key       text not null,
    priority  smallint not null,
    job_id    uuid not null,
    attempt   smallint not null,
    runner    text not null,
    plain     boolean not null,
    primary key (queue, key, priority, job_id)
);

-- What counts for the limits of a queue (the key '') and of each key in it.
create table annex.limiters (
    queue    text not null,
    key      text not null,
    running  integer not null default 0 constraint limiters_running_check check (running >= 0),
    -- Starts in each sixteenth of the period, the newest first, and which sixteenth the newest is.
    starts   integer[] not null default '{}',
    bucket   bigint not null default 0,
    -- The period that they are sixteenths of.
    period   interval,
    -- When the next start is allowed that the rate holds back now.
    wake_at  timestamptz,
    primary key (queue, key)
) with (fillfactor = 50);
create index on annex.limiters (wake_at) where wake_at is not null;

-- What became of every attempt.
create table annex.attempts (
    job_id       uuid not null,
    -- 0 where the job ended before it was tried.
    attempt      smallint not null,
    outcome      text not null constraint attempts_outcome_check check (outcome in ('succeeded', 'failed', 'lost', 'cancelled')),
    -- Whether the job ended with it.
    final        boolean not null constraint attempts_final_check check (final or outcome in ('failed', 'lost')),
    worker       text,
    started_at   timestamptz,
    finished_at  timestamptz not null,
    result       jsonb constraint attempts_result_check check (result is null or outcome = 'succeeded'),
    -- {"message", "code"?, "details"?}
    error        jsonb constraint attempts_error_check check ((error is not null) = (outcome in ('failed', 'lost'))),
    primary key (job_id, attempt),
    constraint attempts_started_check check ((attempt = 0) = (started_at is null))
) with (autovacuum_vacuum_insert_scale_factor = 1);
create index attempts_failed_idx on annex.attempts (job_id) where final and outcome in ('failed', 'lost');
create index attempts_cancelled_idx on annex.attempts (job_id) where final and outcome = 'cancelled';
create index attempts_finished_at_idx on annex.attempts (finished_at);

-- Which job a unique key stands for: while it lives, or until a period is over.
create table annex.unique_jobs (
    kind          text not null,
    key           text not null,
    -- -infinity: until the job ends.
    period_start  timestamptz not null,
    period_end    timestamptz not null,
    job_id        uuid not null,
    primary key (kind, key, period_start)
);
create index on annex.unique_jobs (period_end) where period_end <> 'infinity';
create index on annex.unique_jobs (job_id) where period_end = 'infinity';

-- Running jobs that somebody wants to stop.
create table annex.cancellations (
    job_id        uuid primary key,
    requested_at  timestamptz not null default now()
);

create table annex.job_progress (
    job_id      uuid primary key,
    attempt     smallint not null,
    progress    double precision constraint job_progress_progress_check check (progress between 0 and 1),
    message     text,
    updated_at  timestamptz not null
) with (fillfactor = 50);

create table annex.job_logs (
    job_id   uuid not null,
    id       bigint generated always as identity,
    attempt  smallint not null,
    level    text not null constraint job_logs_level_check check (level in ('debug', 'info', 'warn', 'error')),
    message  text not null,
    at       timestamptz not null,
    primary key (job_id, id)
);

create table annex.batches (
    id           uuid primary key,
    name         text,
    total        integer not null constraint batches_total_check check (total >= 0),
    pending      integer not null,
    succeeded    integer not null default 0,
    failed       integer not null default 0,
    cancelled    integer not null default 0,
    -- A job that is enqueued when the last one ended.
    callback     jsonb constraint batches_callback_check check (annex.is_readable(callback)),
    callback_id  uuid,
    created_by   uuid,
    created_at   timestamptz not null,
    finished_at  timestamptz,
    constraint batches_pending_check check (pending >= 0 and pending + succeeded + failed + cancelled = total),
    constraint batches_finished_check check ((finished_at is not null) = (pending = 0))
) with (fillfactor = 50);
create index jobs_batch_id_idx on annex.jobs (batch_id, id) where batch_id is not null;

-- Jobs that are enqueued again and again, or at one time. Whoever locks the row when it is due enqueues, and says when the next is due.
create table annex.schedules (
    name           text primary key constraint schedules_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    -- As `annex.enqueue_jobs` takes it.
    job            jsonb not null constraint schedules_job_check check (jsonb_typeof(job -> 'kind') is not distinct from 'string'
        and annex.is_readable(job)),
    cron           text,
    time_zone      text not null,
    every_seconds  integer constraint schedules_every_seconds_check check (every_seconds > 0),
    run_at         timestamptz,
    -- What becomes of times that went by while no server ran: none of them, the last one, or all.
    catch_up       text not null constraint schedules_catch_up_check check (catch_up in ('none', 'last', 'all')),
    paused         boolean not null default false,
    -- Null where there is no next time.
    next_at        timestamptz,
    last_at        timestamptz,
    last_job_id    uuid,
    created_by     uuid,
    -- When it was said how often: `every_seconds` counts from then.
    began_at       timestamptz not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    constraint schedules_timing_check check (num_nonnulls(cron, every_seconds, run_at) = 1),
    constraint schedules_moments_check check (annex.is_moment(run_at) and annex.is_moment(next_at))
);
create index on annex.schedules (next_at) where not paused;
create index jobs_schedule_idx on annex.jobs (schedule, id) where schedule is not null;

-- How long to wait before the next attempt after that one failed: the list's entry (the last one again and again), or
-- base * 2^(attempt - 1) up to the longest, and up to a fifth of it less by chance.
create function annex.retry_delay(backoff jsonb, attempt integer) returns interval
    language sql volatile parallel safe
    return make_interval(secs => case
        when jsonb_typeof(backoff) = 'array' and jsonb_array_length(backoff) > 0
            then (backoff -> least(attempt - 1, jsonb_array_length(backoff) - 1))::double precision
        else least(
            coalesce((backoff -> 'base_seconds')::double precision, 5) * power(2, least(attempt - 1, 30)),
            coalesce((backoff -> 'max_seconds')::double precision, 3600)
        ) * (1 - random() / 5)
    end);

-- The unique keys that jobs want, with the period each is for: of so many seconds, or as long as the job lives.
create function annex.wanted_keys(jobs jsonb, at timestamptz)
    returns table (ordinal bigint, id uuid, kind text, key text, period_start timestamptz, period_end timestamptz)
    language sql stable as $$
    select j.ordinal, j.id, j.kind, j.unique_key,
        coalesce(to_timestamp(floor(extract(epoch from at) / j.unique_seconds) * j.unique_seconds), '-infinity'),
        coalesce(to_timestamp((floor(extract(epoch from at) / j.unique_seconds) + 1) * j.unique_seconds), 'infinity')
    from rows from (jsonb_to_recordset(jobs) as (id uuid, kind text, unique_key text, unique_seconds double precision)) with ordinality
        as j (id, kind, unique_key, unique_seconds, ordinal)
    where j.unique_key is not null
$$;

-- Takes the unique keys of jobs for them where nobody has them. Returns who has the keys now, by the ordinal of the job that wants it.
create function annex.take_unique_keys(jobs jsonb, at timestamptz) returns jsonb
    language plpgsql as $$
declare
    holders jsonb;
    is_missing boolean;
begin
    for tries in 1..20 loop
        -- Nobody is held up who has a key, or wants to give it back.
        insert into annex.unique_jobs (kind, key, period_start, period_end, job_id)
            select distinct on (w.kind, w.key, w.period_start) w.kind, w.key, w.period_start, w.period_end, w.id
            from annex.wanted_keys(jobs, at) w order by w.kind, w.key, w.period_start, w.ordinal
            on conflict do nothing;
        -- A statement of its own sees what others have committed while this one waited for them.
        select jsonb_object_agg(w.ordinal, u.job_id), bool_or(u.job_id is null) into holders, is_missing
            from annex.wanted_keys(jobs, at) w
            left join annex.unique_jobs u on u.kind = w.kind and u.key = w.key and u.period_start = w.period_start;
        if not is_missing then
            return holders;
        end if;
    end loop;
    raise exception 'a unique key changes hands all the time' using errcode = 'serialization_failure';
end
$$;

-- Makes the queues that are not there. One that another transaction is about to make is left to it, or to the next who looks: a job
-- needs no row of its queue.
create function annex.name_queues(names text[]) returns void
    language sql as $$
    insert into annex.queues (name)
        select n.name from unnest(names) n (name)
        where not exists (select from annex.queues q where q.name = n.name)
            and pg_try_advisory_xact_lock(hashtextextended(n.name, 8316460))
        order by n.name
        on conflict do nothing
$$;

-- The queues in which jobs are ready.
create function annex.queues_with_work() returns setof text
    language sql stable as $$
    with recursive named (queue) as (
        (select r.queue from annex.ready r order by r.queue limit 1)
        union all
        select (select r.queue from annex.ready r where r.queue > n.queue order by r.queue limit 1) from named n where n.queue is not null
    )
    select n.queue from named n where n.queue is not null
$$;

-- Enqueues a list of jobs, each an object with `kind` and, where it is not as the kind says: `args`, `queue`, `priority`, `run_at` or
-- `delay_seconds`, `key`, `unique_key` with `unique_seconds`, `tags`, `max_attempts`, `backoff`, `deadline`, `timeout_seconds`,
-- `batch_id`, `step`, `schedule`, `created_by`, `id`, and `needs` (how many jobs it waits for). For each by its position: the id, and
-- whether it is new or one that has the unique key already. It takes part in the caller's transaction.
create function annex.enqueue_jobs(jobs jsonb)
    returns table (ordinal bigint, id uuid, created boolean)
    language plpgsql as $$
declare
    at constant timestamptz := clock_timestamp();
    -- The jobs that have the unique keys, by ordinal.
    holders jsonb;
begin
    if jsonb_path_exists(jobs, '$[*].unique_key ? (@ != null)') then
        jobs := (
            select jsonb_agg(jsonb_build_object('id', annex.uuid_v7()) || e.job order by e.ordinal)
            from jsonb_array_elements(jobs) with ordinality e (job, ordinal));
        holders := annex.take_unique_keys(jobs, at);
    end if;
    perform annex.name_queues(array_agg(n.name))
        from (
            select distinct coalesce(job ->> 'queue', kind.queue, 'default') as name
            from jsonb_array_elements(jobs) job left join annex.job_kinds kind on kind.name = job ->> 'kind'
        ) n
        where not exists (select from annex.queues q where q.name = n.name) having count(*) > 0;

    return query
    with named as (
        select * from rows from (jsonb_to_recordset(jobs) as (
                id uuid, kind text, args jsonb, queue text, priority smallint, run_at timestamptz, delay_seconds double precision,
                key text, unique_key text, unique_seconds double precision, tags text[], max_attempts smallint, backoff jsonb,
                deadline timestamptz, timeout_seconds integer, batch_id uuid, step text, schedule text, created_by uuid,
                needs integer)) with ordinality
            as g (id, kind, args, queue, priority, run_at, delay_seconds, key, unique_key, unique_seconds, tags, max_attempts, backoff,
                deadline, timeout_seconds, batch_id, step, schedule, created_by, needs, ordinal)
    ),
    resolved as (
        select g.ordinal, g.id, g.kind, coalesce(g.args, '{}') as args,
            coalesce(g.queue, k.queue, 'default') as queue, coalesce(k.runner, '@workers') as runner,
            coalesce(g.priority, k.priority, 0::smallint) as priority, g.key, g.unique_key,
            coalesce(g.tags, '{}') as tags, coalesce(g.max_attempts, k.max_attempts, 20::smallint) as max_attempts,
            coalesce(g.backoff, k.backoff) as backoff,
            coalesce(g.run_at, at + make_interval(secs => g.delay_seconds)) as run_at, g.deadline,
            coalesce(g.timeout_seconds, k.timeout_seconds) as timeout_seconds, g.batch_id, g.step, g.schedule, g.created_by,
            coalesce(g.needs, 0) as needs
        from named g
        left join annex.job_kinds k on k.name = g.kind
        order by g.ordinal
    ),
    given as materialized (
        select r.*, coalesce(r.id, annex.uuid_v7()) as job_id from resolved r
    ),
    fresh as materialized (
        select g.* from given g where g.unique_key is null or (holders ->> g.ordinal::text)::uuid = g.job_id
    ),
    inserted as (
        insert into annex.jobs (id, kind, args, queue, runner, priority, key, unique_key, tags, max_attempts, backoff, run_at,
            deadline, timeout_seconds, batch_id, step, schedule, created_by, created_at)
        select f.job_id, f.kind, f.args, f.queue, f.runner, f.priority, f.key, f.unique_key, f.tags, f.max_attempts, f.backoff, f.run_at,
            f.deadline, f.timeout_seconds, f.batch_id, f.step, f.schedule, f.created_by, at
        from fresh f
    ),
    held as (
        insert into annex.waiting (job_id, pending, attempt) select f.job_id, f.needs, 1 from fresh f where f.needs > 0
    ),
    later as (
        insert into annex.scheduled (job_id, run_at, attempt)
        select f.job_id, f.run_at, 1 from fresh f where f.needs = 0 and f.run_at > at
        returning pg_notify('annex_jobs', '') is null as told
    ),
    now as (
        insert into annex.ready (slot, queue, runner, priority, job_id, attempt, key, plain)
        select s.current, f.queue, f.runner, f.priority, f.job_id, 1, f.key, f.unique_key is null and f.batch_id is null
        from annex.job_slots s, fresh f where f.needs = 0 and (f.run_at is null or f.run_at <= at)
        returning ready.queue
    ),
    told as materialized (
        select pg_notify('annex_jobs', q.queue) is null as told from (select distinct n.queue from now n) q
    )
    select g.ordinal, coalesce((holders ->> g.ordinal::text)::uuid, g.job_id),
        coalesce((holders ->> g.ordinal::text)::uuid = g.job_id, true)
    from given g
    where (select count(*) from told) + (select count(*) from later) >= 0
    order by g.ordinal;
end
$$;

-- Enqueues one job in the caller's transaction, and returns its id, or that of the job that has its unique key:
-- select annex.enqueue('email.send', '{"to": "ada@example.com"}', '{"delay_seconds": 60}').
create function annex.enqueue(kind text, args jsonb default '{}', options jsonb default '{}') returns uuid
    language sql volatile
    return (select id from annex.enqueue_jobs(jsonb_build_array(options || jsonb_build_object('kind', kind, 'args', args))));

-- Limits.

-- The starts of each sixteenth of the period, as they count at `bucket`.
create function annex.rate_window(starts integer[], since bigint, bucket bigint) returns integer[]
    language sql immutable parallel safe
    return case
        when cardinality(starts) = 0 or bucket - since >= 17 then array_fill(0, array[17])
        when bucket <= since then starts
        else array_fill(0, array[(bucket - since)::integer]) || starts[1:(17 - (bucket - since))::integer]
    end;

-- Which sixteenth of the period it is now.
create function annex.rate_bucket(period interval) returns bigint
    language sql volatile parallel safe
    return floor(extract(epoch from clock_timestamp()) / (extract(epoch from period) / 16))::bigint;

-- The same where the period is another now: each counts as if it were its sixteenth's last moment.
create function annex.rate_window(starts integer[], since bigint, old_period interval, bucket bigint, period interval) returns integer[]
    language sql immutable parallel safe
    return (
        select array_agg(coalesce(m.n, 0) order by place)
        from generate_series(1, 17) place
        left join (
            select bucket + 1 - least(bucket, floor((since + 2 - i) * extract(epoch from old_period) / extract(epoch from period))::bigint) as place,
                sum(starts[i])::integer as n
            from generate_subscripts(starts, 1) i group by 1
        ) m using (place)
    );

-- Takes up to `wanted` starts of the key '' or of a key, and returns how many: none over what the limits allow, whoever asks at
-- the same time. Where the rate is what holds back, the limiter says until when.
create function annex.take_starts(in_queue text, in_key text, wanted integer, concurrency integer, rate integer, in_period interval)
    returns integer
    language plpgsql as $$
declare
    limiter annex.limiters;
    bucket bigint;
    counts integer[];
    taken integer := wanted;
    oldest integer;
begin
    loop
        insert into annex.limiters (queue, key) values (in_queue, in_key) on conflict do nothing;
        select * into limiter from annex.limiters l where l.queue = in_queue and l.key = in_key for update;
        -- It may be forgotten in between.
        exit when found;
    end loop;
    taken := least(taken, greatest(coalesce(concurrency - limiter.running, taken), 0));
    if rate is not null then
        bucket := annex.rate_bucket(in_period);
        if limiter.period is null or limiter.period = in_period then
            -- A clock that was ahead counts as if it had been right.
            limiter.bucket := case when limiter.bucket > bucket + 17 then bucket else limiter.bucket end;
            bucket := greatest(bucket, limiter.bucket);
            counts := annex.rate_window(limiter.starts, limiter.bucket, bucket);
        else
            counts := annex.rate_window(limiter.starts, limiter.bucket, limiter.period, bucket, in_period);
        end if;
        taken := least(taken, greatest(rate - (select sum(n) from unnest(counts) n)::integer, 0));
        counts[1] := counts[1] + taken;
        if taken < wanted then
            select max(i) into oldest from generate_subscripts(counts, 1) i where counts[i] > 0;
        end if;
    end if;
    update annex.limiters l
        set running = l.running + taken, starts = coalesce(counts, l.starts), bucket = coalesce(newest.b, l.bucket),
            period = case when newest.b is null then l.period else in_period end,
            wake_at = case when oldest is null then l.wake_at
                else to_timestamp((newest.b - oldest + 18) * extract(epoch from in_period)::double precision / 16) end
        from (select bucket as b) newest
        where l.queue = in_queue and l.key = in_key;
    return taken;
end
$$;

-- What stands for a queue among advisory locks.
create function annex.queue_lock(queue text) returns bigint
    language sql immutable parallel safe
    return hashtextextended(queue, 8316459);

-- Lets the first `wanted` parked jobs of a key back into the line.
create function annex.unpark(in_queue text, in_key text, wanted integer) returns integer
    language sql as $$
    with next as (
        delete from annex.parked p using (
            select w.queue, w.key, w.priority, w.job_id from annex.parked w
            where w.queue = in_queue and w.key = in_key order by w.priority, w.job_id limit wanted for update
        ) w
        where p.queue = w.queue and p.key = w.key and p.priority = w.priority and p.job_id = w.job_id
        returning p.*
    ),
    back as (
        insert into annex.ready (slot, queue, runner, priority, job_id, attempt, key, plain)
        select s.current, n.queue, n.runner, n.priority, n.job_id, n.attempt, n.key, n.plain from next n, annex.job_slots s
        returning 1
    )
    select count(*)::integer from back
$$;

-- Gives back what ended jobs held of the limits, and lets as many parked ones in.
create function annex.free_starts(in_queues text[], in_keys text[]) returns void
    language plpgsql as $$
declare
    freed record;
    allowed integer;
begin
    for freed in
        select f.queue, f.key, count(*)::integer as n
        from (
            select u.queue, u.key from unnest(in_queues, in_keys) u (queue, key) where u.key <> ''
            union all select u.queue, '' from unnest(in_queues, in_keys) u (queue, key)
        ) f
        group by f.queue, f.key order by f.queue, f.key
    loop
        update annex.limiters l set running = l.running - freed.n where l.queue = freed.queue and l.key = freed.key;
        if freed.key <> '' then
            select least(freed.n, coalesce(q.key_concurrency - l.running, freed.n)) into allowed
                from annex.queues q join annex.limiters l on l.queue = q.name where q.name = freed.queue and l.key = freed.key;
            if allowed > 0 then
                perform annex.unpark(freed.queue, freed.key, allowed);
            end if;
        end if;
    end loop;
end
$$;

-- Takes up to `wanted` jobs of a queue that one of those runs under one lease: the most urgent, the oldest first, none that another has.
-- Where there are several who run them, one call takes what one of them runs: another may find more.
--
-- What the jobs are comes from here too: the snapshot of a statement around this one may be older than they are.
create function annex.claim_jobs(in_queue text, in_runners text[], wanted integer, in_worker_id uuid, in_worker text,
        lease_seconds double precision)
    returns table (lease bigint, "position" integer, id uuid, attempt smallint, kind text, args jsonb, max_attempts smallint,
        deadline timestamptz, timeout_seconds integer, batch_id uuid)
    language plpgsql
    -- The tables change from empty to full faster than statistics follow.
    set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
    set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    q annex.queues;
    at constant timestamptz := clock_timestamp();
    ends_at constant timestamptz := case when in_worker_id is null then at + make_interval(secs => lease_seconds) else 'infinity' end;
    capacity integer;
    chosen integer;
    rounds integer := 0;
    taken_ids uuid[] := '{}';
    taken_attempts smallint[] := '{}';
    taken_keys text[] := '{}';
    taken_plain boolean := true;
    left_over integer;
    picked record;
    allowed integer;
    chosen_runner text := in_runners[1];
    -- Others have something that is more urgent than what is behind that.
    most_priority smallint := 32767;
begin
    -- A change of the limits waits for whoever claims by the old ones; see `apply_limits`.
    perform pg_advisory_xact_lock_shared(annex.queue_lock(in_queue));
    -- One whose row is still another's, in a transaction that is open, has no limits.
    select * into q from annex.queues where name = in_queue;
    if q.paused or wanted < 1 then
        return;
    end if;
    if cardinality(in_runners) > 1 then
        select h.runners[1], coalesce(h.priorities[2], 32767) into chosen_runner, most_priority
        from (
            select array_agg(u.runner order by first.priority, first.job_id) as runners,
                array_agg(first.priority order by first.priority, first.job_id) as priorities
            from unnest(in_runners) u (runner)
            cross join lateral (
                select r.priority, r.job_id from annex.ready r
                where r.queue = in_queue and r.runner = u.runner order by r.priority, r.job_id limit 1
            ) first
        ) h;
    end if;
    if chosen_runner is null then
        return;
    end if;
    wanted := least(wanted, 400);
    capacity := wanted;

    if num_nonnulls(q.concurrency, q.rate, q.key_concurrency, q.key_rate) = 0 then
        return query
        with first as (
            select r.slot, r.ctid from annex.ready r
            where r.queue = in_queue and r.runner = chosen_runner and r.priority <= most_priority
            order by r.priority, r.job_id limit wanted for update skip locked
        ),
        taken as (
            delete from annex.ready r using first f where r.slot = f.slot and r.ctid = f.ctid
            returning r.priority, r.job_id, r.attempt, r.plain
        ),
        leased as (
            insert into annex.leases (slot, id, worker_id, worker, queue, claimed_at, expires_at, jobs, attempts, plain, remaining)
            select s.current, nextval('annex.lease_ids'), in_worker_id, in_worker, in_queue, at, ends_at,
                t.jobs, t.attempts, t.plain, cardinality(t.jobs)
            from (
                select array_agg(t.job_id) as jobs, array_agg(t.attempt) as attempts, bool_and(t.plain) as plain
                from (select * from taken order by priority, job_id) t
            ) t, annex.job_slots s
            where t.jobs is not null
            returning leases.id, leases.jobs, leases.attempts
        )
        select l.id, u.ordinality::integer, j.id, u.attempt, j.kind, j.args, j.max_attempts, j.deadline, j.timeout_seconds, j.batch_id
        from leased l, unnest(l.jobs, l.attempts) with ordinality as u (job_id, attempt, ordinality)
        join annex.jobs j on j.id = u.job_id;
        return;
    end if;

    -- What the queue itself allows is taken first, and what is not used given back.
    capacity := annex.take_starts(in_queue, '', wanted, q.concurrency, q.rate, q.rate_period);
    left_over := capacity;
    while left_over > 0 and rounds < 20 loop
        rounds := rounds + 1;
        chosen := 0;
        for picked in
            with first as (
                select r.slot, r.ctid from annex.ready r
                where r.queue = in_queue and r.runner = chosen_runner and r.priority <= most_priority
                order by r.priority, r.job_id
                -- After a round of jobs that may not start, look further at once.
                limit case when rounds = 1 then left_over else greatest(left_over, 500) end
                for update skip locked
            ),
            removed as (
                delete from annex.ready r using first f where r.slot = f.slot and r.ctid = f.ctid
                returning r.priority, r.job_id, r.attempt, r.key, r.plain
            )
            select case when num_nonnulls(q.key_concurrency, q.key_rate) > 0 then m.key end as key,
                array_agg(m.job_id order by m.priority, m.job_id) as jobs,
                array_agg(m.attempt order by m.priority, m.job_id) as attempts,
                array_agg(m.priority order by m.priority, m.job_id) as priorities,
                array_agg(m.plain order by m.priority, m.job_id) as plains,
                array_agg(m.key order by m.priority, m.job_id) as keys
            from removed m group by 1
            order by (array_agg(m.priority order by m.priority, m.job_id))[1], (array_agg(m.job_id order by m.priority, m.job_id))[1]
        loop
            chosen := chosen + cardinality(picked.jobs);
            allowed := least(cardinality(picked.jobs), left_over);
            if picked.key is not null and allowed > 0 then
                allowed := annex.take_starts(in_queue, picked.key, allowed, q.key_concurrency, q.key_rate, q.key_rate_period);
            end if;
            taken_ids := taken_ids || picked.jobs[1:allowed];
            taken_attempts := taken_attempts || picked.attempts[1:allowed];
            taken_keys := taken_keys || coalesce(picked.keys[1:allowed], '{}');
            taken_plain := taken_plain and not (false = any(picked.plains[1:allowed]));
            left_over := left_over - allowed;
            if picked.key is not null and left_over > 0 then
                insert into annex.parked (queue, key, priority, job_id, attempt, runner, plain)
                select in_queue, picked.key, m.priority, m.job_id, m.attempt, chosen_runner, m.plain
                from unnest(picked.jobs, picked.attempts, picked.priorities, picked.plains) with ordinality
                    as m (job_id, attempt, priority, plain, ordinality)
                where m.ordinality > allowed;
            else
                insert into annex.ready (slot, queue, runner, priority, job_id, attempt, key, plain)
                select s.current, in_queue, chosen_runner, m.priority, m.job_id, m.attempt, m.key, m.plain
                from annex.job_slots s, unnest(picked.jobs, picked.attempts, picked.priorities, picked.plains, picked.keys) with ordinality
                    as m (job_id, attempt, priority, plain, key, ordinality)
                where m.ordinality > allowed;
            end if;
        end loop;
        exit when chosen = 0;
    end loop;
    if left_over > 0 then
        update annex.limiters l set running = l.running - left_over,
            starts = case when q.rate is null then l.starts else array[greatest(l.starts[1] - left_over, 0)] || l.starts[2:] end
        where l.queue = in_queue and l.key = '';
    end if;
    if rounds = 20 and chosen > 0 then
        -- It has looked at many that may not start, and not at all: an empty answer does not mean that there is nothing.
        perform pg_notify('annex_jobs', in_queue);
    end if;
    if cardinality(taken_ids) = 0 then
        return;
    end if;
    return query
    with leased as (
    insert into annex.leases as l (slot, id, worker_id, worker, queue, claimed_at, expires_at, jobs, attempts, keys, plain, remaining)
    select s.current, nextval('annex.lease_ids'), in_worker_id, in_worker, in_queue, at, ends_at, taken_ids, taken_attempts,
        (select array_agg(coalesce(case when num_nonnulls(q.key_concurrency, q.key_rate) > 0 then k.key end, '') order by k.ordinality)
            from unnest(taken_keys) with ordinality as k (key, ordinality)),
        taken_plain, cardinality(taken_ids)
    from annex.job_slots s
    returning l.id, l.jobs, l.attempts
    )
    select l.id, u.ordinality::integer, j.id, u.attempt, j.kind, j.args, j.max_attempts, j.deadline, j.timeout_seconds, j.batch_id
    from leased l, unnest(l.jobs, l.attempts) with ordinality as u (job_id, attempt, ordinality)
    join annex.jobs j on j.id = u.job_id;
end
$$;

-- Whether jobs that ended set others free: takes the jobs that ended for good, all of them with a batch or a unique key.
create function annex.settle_jobs(ended uuid[], outcomes text[]) returns void
    language plpgsql as $$
declare
    done record;
    freed uuid[];
    dropped uuid[];
begin
    if ended is null then
        return;
    end if;
    -- Who ends steps of one batch at the same time takes turns: each sees what the other has counted down, and no step is added meanwhile.
    perform from annex.batches b
        where b.id in (select j.batch_id from annex.jobs j where j.id = any(ended)) order by b.id for update;
    -- What needs a step that did not succeed ends with it, and what needs that.
    with recursive vain (id) as (
        select e.id from unnest(ended, outcomes) e (id, outcome) where e.outcome <> 'succeeded'
        union
        select w.job_id from vain v join annex.dependencies d on d.needs = v.id join annex.waiting w on w.job_id = d.job_id
    ),
    gone as (
        delete from annex.waiting w using vain v where w.job_id = v.id returning w.job_id
    ),
    noted as (
        insert into annex.attempts (job_id, attempt, outcome, final, finished_at)
        select g.job_id, 0, 'cancelled', true, clock_timestamp() from gone g
        on conflict (job_id, attempt) do update set finished_at = excluded.finished_at, final = true
        returning job_id
    )
    select array_agg(n.job_id) into dropped from noted n;
    ended := ended || coalesce(dropped, '{}');
    outcomes := outcomes || array_fill('cancelled'::text, array[coalesce(cardinality(dropped), 0)]);

    delete from annex.unique_jobs u where u.job_id = any(ended) and u.period_end = 'infinity';
    delete from annex.cancellations c where c.job_id = any(ended);

    -- The steps that waited for a success, and those that now never come to their turn.
    with succeeded as (
        select e.id from unnest(ended, outcomes) e (id, outcome) where e.outcome = 'succeeded'
    ),
    counted as (
        select d.job_id, count(*)::integer as n from annex.dependencies d join succeeded s on s.id = d.needs group by d.job_id
    ),
    locked as (
        select w.job_id from annex.waiting w join counted c using (job_id) order by w.job_id for update of w
    ),
    nearer as (
        update annex.waiting w set pending = w.pending - c.n from counted c
        where w.job_id = c.job_id and w.pending > c.n and w.job_id in (select l.job_id from locked l)
    ),
    gone as (
        delete from annex.waiting w using counted c
        where w.job_id = c.job_id and w.pending <= c.n and w.job_id in (select l.job_id from locked l)
        returning w.job_id
    )
    select array_agg(g.job_id) into freed from gone g;
    if freed is not null then
        perform annex.make_ready(freed, null);
    end if;

    for done in
        select j.batch_id, count(*) filter (where e.outcome = 'succeeded')::integer as succeeded,
            count(*) filter (where e.outcome in ('failed', 'lost'))::integer as failed,
            count(*) filter (where e.outcome = 'cancelled')::integer as cancelled
        from unnest(ended, outcomes) e (id, outcome) join annex.jobs j using (id)
        where j.batch_id is not null group by j.batch_id order by j.batch_id
    loop
        update annex.batches b set pending = b.pending - done.succeeded - done.failed - done.cancelled,
            succeeded = b.succeeded + done.succeeded, failed = b.failed + done.failed, cancelled = b.cancelled + done.cancelled,
            finished_at = case when b.pending = done.succeeded + done.failed + done.cancelled then clock_timestamp() end
        where b.id = done.batch_id;
        update annex.batches b set callback_id = annex.enqueue(
            b.callback ->> 'kind',
            coalesce(b.callback -> 'args', '{}') || jsonb_build_object('batch', jsonb_build_object(
                'id', b.id, 'total', b.total, 'succeeded', b.succeeded, 'failed', b.failed, 'cancelled', b.cancelled)),
            b.callback - 'kind' - 'args')
        where b.id = done.batch_id and b.finished_at is not null and b.callback is not null and b.callback_id is null;
    end loop;
end
$$;

-- Puts jobs into the line: those of `ids`, each at that attempt (null: the first).
create function annex.make_ready(ids uuid[], tries smallint[]) returns void
    language sql as $$
    with lined as (
        insert into annex.ready (slot, queue, runner, priority, job_id, attempt, key, plain)
        select s.current, j.queue, j.runner, j.priority, j.id, coalesce(r.attempt, 1), j.key, j.unique_key is null and j.batch_id is null
        from unnest(ids, tries) r (id, attempt) join annex.jobs j using (id), annex.job_slots s
        returning queue
    )
    select pg_notify('annex_jobs', l.queue) from (select distinct queue from lined) l
$$;

-- Ends attempts under the lease each was claimed with: `succeeded` with a result, `cancelled`, or `failed` with an error, to be tried
-- again where `retries` says so and attempts are left (after `delays` seconds, null as the job's backoff says). Returns the ordinals of
-- those that were not held any more: the lease is gone, the job was given back or is ended already. Nothing of those is written.
create function annex.finish_jobs(in_leases bigint[], positions integer[], outcomes text[], results jsonb[], errors jsonb[],
        retries boolean[], delays double precision[])
    returns table (refused bigint)
    language plpgsql
    set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    at constant timestamptz := clock_timestamp();
    is_plain boolean;
    is_counted boolean;
    accepted bigint[];
    ended uuid[];
    ended_as text[];
    queues text[];
    keys text[];
begin
    -- Whoever is stopped between this and its commit must not hold the lease for longer than it is believed to live.
    perform set_config('idle_in_transaction_session_timeout', '5s', true);
    -- In one order, so that two who finish together do not wait for each other.
    select bool_and(l.plain), bool_or(l.keys is not null) into is_plain, is_counted
        from (select plain, keys from annex.leases where id = any(in_leases) order by id for update) l;
    if is_plain is null then
        return query select generate_series(1, cardinality(in_leases))::bigint;
        return;
    end if;
    is_plain := is_plain and not ('failed' = any(outcomes) or 'cancelled' = any(outcomes))
        and not exists (select from annex.cancellations);

    if is_plain and not is_counted then
        with asked as (
            select l.id as lease, l.jobs[a.position] as job_id, l.attempts[a.position] as attempt, l.worker, l.claimed_at, a.result, a.ordinal
            from unnest(in_leases, positions, results) with ordinality as a (lease, position, result, ordinal)
            join annex.leases l on l.id = a.lease
        ),
        done as (
            insert into annex.attempts (job_id, attempt, outcome, final, worker, started_at, finished_at, result)
            select job_id, attempt, 'succeeded', true, worker, claimed_at, at, result from asked where job_id is not null
            on conflict do nothing returning job_id
        ),
        ended as (
            select a.lease, a.ordinal from asked a join done d using (job_id)
        ),
        counted as (
            select lease, count(*)::integer as n from ended group by lease
        ),
        closed as (
            delete from annex.leases l using counted c where l.id = c.lease and l.remaining = c.n
        ),
        kept as (
            update annex.leases l set remaining = l.remaining - c.n from counted c where l.id = c.lease and l.remaining > c.n
        )
        select array_agg(ordinal) into accepted from ended;
    else
        with asked as (
            select l.id as lease, l.jobs[a.position] as job_id, l.attempts[a.position] as attempt, l.worker, l.claimed_at, a.ordinal,
                a.outcome, a.result, a.error, a.retry, a.delay, l.queue, case when l.keys is not null then l.keys[a.position] end as key
            from unnest(in_leases, positions, outcomes, results, errors, retries, delays) with ordinality
                as a (lease, position, outcome, result, error, retry, delay, ordinal)
            join annex.leases l on l.id = a.lease
        ),
        judged as (
            select a.*, j.backoff,
                not (a.outcome = 'failed' and a.retry and a.attempt < j.max_attempts and c.job_id is null
                    and (j.deadline is null or j.deadline > at)) as final,
                case when a.outcome = 'failed' and c.job_id is not null then 'cancelled' else a.outcome end as judgement
            from asked a join annex.jobs j on j.id = a.job_id left join annex.cancellations c on c.job_id = a.job_id
        ),
        done as (
            insert into annex.attempts (job_id, attempt, outcome, final, worker, started_at, finished_at, result, error)
            select job_id, attempt, judgement, final, worker, claimed_at, at,
                case when judgement = 'succeeded' then result end,
                case when judgement = 'failed' then coalesce(error, '{"message": "failed"}') end
            from judged
            on conflict do nothing returning job_id
        ),
        ended as (
            select j.* from judged j join done d using (job_id)
        ),
        counted as (
            select lease, count(*)::integer as n from ended group by lease
        ),
        closed as (
            delete from annex.leases l using counted c where l.id = c.lease and l.remaining = c.n
        ),
        kept as (
            update annex.leases l set remaining = l.remaining - c.n from counted c where l.id = c.lease and l.remaining > c.n
        ),
        again as (
            insert into annex.scheduled (job_id, run_at, attempt)
            select e.job_id, at + coalesce(make_interval(secs => e.delay), annex.retry_delay(e.backoff, e.attempt)), e.attempt + 1
            from ended e where not e.final
            returning pg_notify('annex_jobs', '') is null as told
        )
        select array_agg(e.ordinal), array_agg(e.job_id) filter (where e.final), array_agg(e.judgement) filter (where e.final),
            array_agg(e.queue) filter (where e.key is not null), array_agg(e.key) filter (where e.key is not null)
        into accepted, ended, ended_as, queues, keys
        from ended e where (select count(*) from again) >= 0;
        if ended is not null then
            perform annex.settle_jobs(ended, ended_as);
        end if;
        if queues is not null then
            perform annex.free_starts(queues, keys);
            perform pg_notify('annex_jobs', q) from (select distinct unnest(queues)) u (q);
        end if;
    end if;
    if cardinality(accepted) is distinct from cardinality(in_leases) then
        return query select a from generate_series(1, cardinality(in_leases)::bigint) a where a <> all(coalesce(accepted, '{}'));
    end if;
end
$$;

-- Gives jobs of leases back as if they had not been claimed. Returns how many.
create function annex.release_jobs(in_leases bigint[], positions integer[]) returns integer
    language plpgsql as $$
declare
    held record;
    total integer := 0;
begin
    for held in
        select l.* from annex.leases l where l.id = any(in_leases) order by l.id for update
    loop
        declare
            back integer[];
            kept uuid[] := held.jobs;
            i integer;
        begin
            select array_agg(distinct a.position) into back
            from unnest(in_leases, positions) a (lease, position)
            where a.lease = held.id and held.jobs[a.position] is not null and not exists (
                select from annex.attempts t where t.job_id = held.jobs[a.position] and t.attempt = held.attempts[a.position]);
            continue when back is null;
            perform annex.make_ready(
                array(select held.jobs[b] from unnest(back) b), array(select held.attempts[b] from unnest(back) b));
            if held.keys is not null then
                perform annex.free_starts(
                    array(select held.queue from unnest(back) b), array(select held.keys[b] from unnest(back) b));
            end if;
            foreach i in array back loop
                kept[i] := null;
            end loop;
            if held.remaining = cardinality(back) then
                delete from annex.leases l where l.id = held.id;
            else
                update annex.leases l set jobs = kept, remaining = l.remaining - cardinality(back) where l.id = held.id;
            end if;
            -- Whoever asked for them to stop is served now.
            perform annex.cancel_jobs(array_agg(c.job_id))
                from annex.cancellations c where c.job_id in (select held.jobs[b] from unnest(back) b) having count(*) > 0;
            total := total + cardinality(back);
        end;
    end loop;
    return total;
end
$$;

-- Gives back what a worker holds without knowing it: an answer was lost on its way. Returns how many jobs.
create function annex.release_unknown(in_worker_id uuid, known bigint[]) returns integer
    language sql
    return (
        select annex.release_jobs(array_agg(l.id), array_agg(p.position))
        from annex.leases l, generate_series(1, cardinality(l.jobs)) p (position)
        where l.worker_id = in_worker_id and l.id <> all(known)
        having count(*) > 0
    );

-- Takes back what is held under a lease: each job is in the line again at once, or has failed where that was its last attempt. Returns how many.
create function annex.reclaim_lease(held annex.leases) returns integer
    language plpgsql as $$
declare
    lost record;
    total integer := 0;
begin
    for lost in
        with gone as (
            select u.job_id as id, u.attempt, case when held.keys is not null then held.keys[u.position] end as key, c.job_id is not null as cancelled,
                c.job_id is not null or u.attempt >= j.max_attempts
                    or coalesce(j.deadline < clock_timestamp(), false) as final
            from unnest(held.jobs, held.attempts) with ordinality as u (job_id, attempt, position)
            join annex.jobs j on j.id = u.job_id left join annex.cancellations c on c.job_id = u.job_id
        ),
        ended as (
            insert into annex.attempts (job_id, attempt, outcome, final, worker, started_at, finished_at, error)
            select g.id, g.attempt, case when g.cancelled then 'cancelled' else 'lost' end, g.final, held.worker, held.claimed_at,
                clock_timestamp(), case when not g.cancelled then jsonb_build_object('code', 'worker_lost', 'message',
                    'The worker ' || held.worker || ' was not heard of any more') end
            from gone g
            on conflict do nothing returning job_id, outcome
        )
        select array_agg(g.id) filter (where not g.final) as again, array_agg(g.attempt + 1) filter (where not g.final) as attempts,
            array_agg(g.id) filter (where g.final) as ended, array_agg(e.outcome) filter (where g.final) as outcomes,
            array_agg(g.key) filter (where g.key is not null) as keys, count(*)::integer as n
        from gone g join ended e on e.job_id = g.id
    loop
        total := total + lost.n;
        if lost.again is not null then
            perform annex.make_ready(lost.again, lost.attempts::smallint[]);
        end if;
        if lost.ended is not null then
            perform annex.settle_jobs(lost.ended, lost.outcomes);
        end if;
        if lost.keys is not null then
            perform annex.free_starts(array_fill(held.queue, array[cardinality(lost.keys)]), lost.keys);
        end if;
    end loop;
    -- What was forgotten meanwhile holds its place in the limits no longer.
    if held.keys is not null then
        perform annex.free_starts(array_agg(held.queue), array_agg(held.keys[u.position]))
            from unnest(held.jobs) with ordinality as u (job_id, position)
            where u.job_id is not null and not exists (select from annex.jobs j where j.id = u.job_id)
                and not exists (select from annex.attempts t where t.job_id = u.job_id and t.attempt = held.attempts[u.position])
            having count(*) > 0;
    end if;
    delete from annex.leases l where l.id = held.id;
    return total;
end
$$;

-- Takes back what is held under leases that ended, or by workers that are gone. Returns how many jobs that were; 0: there are no more.
create function annex.reclaim_leases() returns integer
    language plpgsql as $$
declare
    at constant timestamptz := clock_timestamp();
    held annex.leases;
    total integer := 0;
begin
    -- What was said while the clock was ahead holds no longer than it would have.
    update annex.workers w set expires_at = at + interval '4 s' where w.expires_at > at + interval '1 minute';
    update annex.leases l set expires_at = at + interval '1 h'
        where l.expires_at > at + interval '61 minutes' and l.expires_at < 'infinity';
    for held in
        select l.* from annex.leases l
        where l.expires_at < at
            or l.worker_id is not null and not exists (
                select from annex.workers w where w.id = l.worker_id and w.expires_at > at)
        order by l.id limit 200 for update skip locked
    loop
        begin
            total := total + annex.reclaim_lease(held);
        exception when others then
            -- One that cannot be taken back holds no other up.
            raise warning 'the lease % cannot be taken back: %', held.id, sqlerrm;
        end;
    end loop;
    -- Who was asked to stop is not there any more.
    delete from annex.cancellations c
        where c.requested_at < at - interval '1 minute' and not exists (select from annex.leases l where c.job_id = any(l.jobs));
    return total;
end
$$;
-- Puts what is due into the line: scheduled jobs, and parked ones whose rate allows another. Returns when to look again.
create function annex.promote_jobs() returns timestamptz
    language plpgsql as $$
declare
    -- An index is not asked for what is below a function that changes.
    at constant timestamptz := clock_timestamp();
    due record;
    limiter record;
begin
    with chosen as (
        select s.job_id from annex.scheduled s where s.run_at <= at order by s.run_at limit 2000 for update skip locked
    ),
    gone as (
        delete from annex.scheduled s using chosen c where s.job_id = c.job_id returning s.job_id, s.attempt
    )
    select array_agg(g.job_id) as ids, array_agg(g.attempt) as attempts into due from gone g;
    if due.ids is not null then
        perform annex.make_ready(due.ids, due.attempts);
    end if;
    for limiter in
        select l.queue, l.key, case when l.key = '' then q.rate else q.key_rate end as rate
        from annex.limiters l left join annex.queues q on q.name = l.queue
        where l.wake_at <= at order by l.queue, l.key limit 500 for update of l skip locked
    loop
        update annex.limiters l set wake_at = null where l.queue = limiter.queue and l.key = limiter.key;
        if limiter.key <> '' then
            perform annex.unpark(limiter.queue, limiter.key, coalesce(limiter.rate, 1000));
        end if;
        perform pg_notify('annex_jobs', limiter.queue);
    end loop;
    return least((select min(s.run_at) from annex.scheduled s), (select min(l.wake_at) from annex.limiters l where l.wake_at is not null));
end
$$;

-- Cancels jobs: at once where nobody works on them, and by asking the worker where one does; what ended stays. Returns for how many.
create function annex.cancel_jobs(ids uuid[]) returns integer
    language plpgsql as $$
declare
    at constant timestamptz := clock_timestamp();
    stopped uuid[];
    keyed record;
    asked integer;
    total integer := 0;
begin
    -- A job that is on its way from one place to the next is looked for again.
    for tries in 1..20 loop
        -- Who ends an attempt now is waited for, and who ends one later sees what is noted here.
        perform from annex.leases l where l.jobs && ids order by l.id for share;
        perform from annex.batches b
            where b.id in (select j.batch_id from annex.jobs j where j.id = any(ids)) order by b.id for update;
        with waited as (delete from annex.waiting w where w.job_id = any(ids) returning w.job_id),
        later as (delete from annex.scheduled s where s.job_id = any(ids) returning s.job_id),
        set_aside as (
            select p.queue, p.key, p.priority, p.job_id from annex.parked p join annex.jobs j
                on p.queue = j.queue and p.key = j.key and p.priority = j.priority and p.job_id = j.id
            where j.id = any(ids) order by p.queue, p.key, p.priority, p.job_id for update of p
        ),
        aside as (
            delete from annex.parked p using set_aside s
            where p.queue = s.queue and p.key = s.key and p.priority = s.priority and p.job_id = s.job_id returning p.job_id
        ),
        lined as (
            delete from annex.ready r using annex.jobs j
            where j.id = any(ids) and r.queue = j.queue and r.runner = j.runner and r.priority = j.priority and r.job_id = j.id
            returning r.job_id, r.queue, r.key
        ),
        gone as (
            select job_id from waited union all select job_id from later union all select job_id from aside union all select job_id from lined
        ),
        ended as (
            insert into annex.attempts (job_id, attempt, outcome, final, finished_at)
            select g.job_id, 0, 'cancelled', true, at from gone g
            on conflict (job_id, attempt) do update set finished_at = excluded.finished_at, final = true
            returning job_id
        )
        select (select array_agg(e.job_id) from ended e) as ids, (select array_agg(l.queue) from lined l where l.key is not null) as queues,
            (select array_agg(l.key) from lined l where l.key is not null) as keys
        into keyed;
        stopped := keyed.ids;
        if stopped is not null then
            total := total + cardinality(stopped);
            perform annex.settle_jobs(stopped, array_fill('cancelled'::text, array[cardinality(stopped)]));
        end if;
        -- One that had been let in makes room for another of its key.
        perform annex.unpark(k.queue, k.key, k.n::integer)
            from (select u.queue, u.key, count(*) as n from unnest(keyed.queues, keyed.keys) u (queue, key) group by 1, 2) k;

        with running as (
            select u.job_id from annex.leases l, unnest(l.jobs, l.attempts) u (job_id, attempt)
            where l.jobs && ids and u.job_id = any(ids) and not exists (
                select from annex.attempts t where t.job_id = u.job_id and t.attempt = u.attempt)
        ),
        noted as (
            insert into annex.cancellations (job_id) select r.job_id from running r on conflict do nothing returning job_id
        ),
        told as (
            select pg_notify('annex_cancellations', n.job_id::text) from noted n
        )
        select (select count(*) from running) into asked from (select count(*) from told) t;
        exit when not exists (
            select from annex.jobs j
            where j.id = any(ids)
                and not exists (select from annex.attempts t where t.job_id = j.id and t.final)
                and not exists (select from annex.cancellations c where c.job_id = j.id));
    end loop;
    return total + asked;
end
$$;

-- Tries jobs again that failed or were cancelled. Returns how many.
create function annex.retry_jobs(ids uuid[]) returns integer
    language plpgsql as $$
declare
    again record;
    total integer;
begin
    -- A step needs its own steps: those that ended without success are tried again with it.
    with recursive wanted (id) as (
        select unnest(ids)
        union
        select d.needs from wanted w join annex.dependencies d on d.job_id = w.id
        where exists (select from annex.attempts t where t.job_id = d.needs and t.final and t.outcome <> 'succeeded')
    )
    select array_agg(w.id) into ids from wanted w;
    perform from annex.batches b
        where b.id in (select j.batch_id from annex.jobs j where j.id = any(ids)) order by b.id for update;
    -- One job at a time has a unique key: where another has it by now, that one stands for both.
    insert into annex.unique_jobs (kind, key, period_start, period_end, job_id)
        select j.kind, j.unique_key, '-infinity', 'infinity', j.id from annex.jobs j
        where j.id = any(ids) and j.unique_key is not null
            and exists (select from annex.attempts t where t.job_id = j.id and t.final and t.outcome <> 'succeeded')
            and not exists (select from annex.unique_jobs u where u.job_id = j.id)
        order by j.kind, j.unique_key, j.id
        on conflict do nothing;
    select array_agg(j.id) into ids from annex.jobs j
        where j.id = any(ids) and (j.unique_key is null or exists (select from annex.unique_jobs u where u.job_id = j.id));
    with over as (
        -- The attempt 0 tells of no attempt, and would be in the way of the next cancellation.
        delete from annex.attempts t where t.job_id = any(ids) and t.final and t.attempt = 0 returning t.job_id, t.outcome
    ),
    reopened as (
        update annex.attempts t set final = false
        where t.job_id = any(ids) and t.final and t.attempt > 0 and t.outcome in ('failed', 'lost') returning t.job_id, t.outcome
    ),
    stopped as (
        update annex.attempts t set final = false, outcome = 'lost', error = '{"code": "cancelled", "message": "Cancelled while it ran"}'
        where t.job_id = any(ids) and t.final and t.attempt > 0 and t.outcome = 'cancelled' returning t.job_id, 'cancelled' as outcome
    ),
    chosen as (
        select * from over union all select * from reopened union all select * from stopped
    )
    select array_agg(c.job_id) as ids, array_agg(c.outcome) as outcomes, array_agg((
            select coalesce(max(t.attempt), 0) + 1 from annex.attempts t where t.job_id = c.job_id and t.attempt > 0)::smallint) as attempts
    into again from chosen c;
    if again.ids is null then
        return 0;
    end if;
    total := cardinality(again.ids);
    update annex.batches b set pending = b.pending + c.n, failed = b.failed - c.failed, cancelled = b.cancelled - (c.n - c.failed),
            finished_at = null
        from (
            select j.batch_id, count(*)::integer as n, count(*) filter (where e.outcome in ('failed', 'lost'))::integer as failed
            from unnest(again.ids, again.outcomes) e (id, outcome) join annex.jobs j using (id)
            where j.batch_id is not null group by j.batch_id
        ) c
        where b.id = c.batch_id;
    -- A step whose own steps have not all succeeded waits for them again.
    with missing as (
        select d.job_id, count(*)::integer as n from annex.dependencies d
        where d.job_id = any(again.ids) and not exists (
            select from annex.attempts t where t.job_id = d.needs and t.final and t.outcome = 'succeeded')
        group by d.job_id
    ),
    held as (
        insert into annex.waiting (job_id, pending, attempt)
        select m.job_id, m.n, a.attempt from missing m join unnest(again.ids, again.attempts) a (id, attempt) on a.id = m.job_id
        returning job_id
    )
    select array_agg(a.id) as ids, array_agg(a.attempt) as attempts into again
    from unnest(again.ids, again.attempts) a (id, attempt) where a.id not in (select h.job_id from held h);
    if again.ids is not null then
        perform annex.make_ready(again.ids, again.attempts);
    end if;
    return total;
end
$$;

-- Lets what comes go into the next slot where the current one has grown, and empties the slots that have drained; `largest` in bytes.
-- A slot that an open transaction still uses is left for the next time, and what stays long in one is moved on.
create function annex.rotate_slots(largest bigint default 4194304) returns void
    language plpgsql
    set lock_timeout = '20ms'
as $$
declare
    now_at smallint;
    since timestamptz;
    slot smallint;
    is_empty boolean;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a slot is looked at again when it is locked, which takes a transaction that is read committed';
    end if;
    select s.current, s.rotated_at into now_at, since from annex.job_slots s for update skip locked;
    if not found then
        return;
    end if;
    for slot in select n from generate_series(0, 2) n where n <> now_at loop
        continue when pg_relation_size(format('annex.ready_%s', slot)) + pg_relation_size(format('annex.leases_%s', slot)) = 0;
        if clock_timestamp() - since > interval '30 s' then
            -- A backlog stays where it is: only what sets the slot free is worth a move.
            execute format('select count(*) <= 2000 from (select from annex.ready_%1$s limit 2001) r', slot) into is_empty;
            if is_empty then
                execute format('update annex.ready set slot = %s where slot = %s and (queue, runner, priority, job_id) in (
                    select queue, runner, priority, job_id from annex.ready_%2$s limit 2000 for update skip locked)', now_at, slot);
                execute format('update annex.leases set slot = %s where slot = %s and id in (
                    select id from annex.leases_%2$s limit 2000 for update skip locked)', now_at, slot);
            end if;
        end if;
        begin
            execute format('select not exists (select from annex.ready_%1$s) and not exists (select from annex.leases_%1$s)', slot) into is_empty;
            continue when not is_empty;
            execute format('lock table annex.ready_%1$s, annex.leases_%1$s in access exclusive mode', slot);
            execute format('select not exists (select from annex.ready_%1$s) and not exists (select from annex.leases_%1$s)', slot) into is_empty;
            if is_empty then
                execute format('truncate annex.ready_%1$s, annex.leases_%1$s', slot);
            end if;
        exception when lock_not_available then
            null;
        end;
    end loop;
    -- What a key counted is over.
    delete from annex.limiters l using (
        select f.queue, f.key from annex.limiters f
        where f.running = 0 and f.key <> '' and f.wake_at is null
            and (f.period is null or f.bucket + 17 < annex.rate_bucket(f.period))
            and not exists (select from annex.parked p where p.queue = f.queue and p.key = f.key)
        limit 1000 for update skip locked
    ) o where l.queue = o.queue and l.key = o.key;
    if pg_relation_size(format('annex.ready_%s', now_at)) + pg_relation_size(format('annex.leases_%s', now_at)) > largest then
        select n into slot from generate_series(0, 2) n
            where n <> now_at and pg_relation_size(format('annex.ready_%s', n)) + pg_relation_size(format('annex.leases_%s', n)) = 0
            order by (n - now_at + 3) % 3 limit 1;
        if found then
            update annex.job_slots set current = slot, rotated_at = clock_timestamp();
        end if;
    end if;
end
$$;

-- Makes the limits of a queue hold that have just been changed: what runs counts as if it had been claimed under them, and as many as may
-- start now of what was parked under others are in the line again. Call it in the transaction that has changed them.
create function annex.apply_limits(in_queue text) returns void
    language plpgsql as $$
declare
    q annex.queues;
    by_key boolean;
begin
    perform pg_advisory_xact_lock(annex.queue_lock(in_queue));
    select * into q from annex.queues where name = in_queue;
    by_key := num_nonnulls(q.key_concurrency, q.key_rate) > 0;
    if num_nonnulls(q.concurrency, q.rate, q.key_concurrency, q.key_rate) > 0 then
        -- What ends meanwhile is counted down by what its lease says.
        perform from annex.leases l where l.queue = in_queue order by l.id for update;
        with entries as (
            select l.id, u.position, l.keys is null as is_new, coalesce(l.keys[u.position], '') as counted,
                case when by_key then coalesce(j.key, '') else '' end as wanted,
                u.job_id is not null and not exists (
                    select from annex.attempts t where t.job_id = u.job_id and t.attempt = u.attempt) as is_running
            from annex.leases l
            cross join unnest(l.jobs, l.attempts) with ordinality as u (job_id, attempt, position)
            left join annex.jobs j on j.id = u.job_id
            where l.queue = in_queue
        ),
        kept as (
            update annex.leases l set keys = e.keys
            from (
                select id, array_agg(case when counted <> '' then counted else wanted end order by position) as keys from entries group by id
            ) e
            where l.id = e.id
        )
        insert into annex.limiters as l (queue, key, running)
        select in_queue, c.key, count(*)
        from (
            select '' as key from entries where is_running and is_new
            union all select wanted from entries where is_running and counted = '' and wanted <> ''
        ) c
        group by c.key order by c.key
        on conflict (queue, key) do update set running = l.running + excluded.running;
    end if;
    update annex.limiters l set wake_at = clock_timestamp() where l.queue = in_queue and l.wake_at is not null;
    -- What has started is counted by the period that holds from now on.
    perform annex.take_starts(in_queue, l.key, 0, null, case when l.key = '' then q.rate else q.key_rate end,
            case when l.key = '' then q.rate_period else q.key_rate_period end)
        from annex.limiters l where l.queue = in_queue and l.period is not null;
    perform annex.unpark(in_queue, p.key, greatest(least(q.key_concurrency - coalesce(l.running, 0), q.key_rate, 2147483647), 0))
        from (select distinct key from annex.parked where queue = in_queue) p
        left join annex.limiters l on l.queue = in_queue and l.key = p.key;
    perform pg_notify('annex_jobs', in_queue);
end
$$;

-- Where those jobs stand: `attempt` is the last one that has begun (0: none has), and what is said of it goes with it.
create function annex.job_states(ids uuid[])
    returns table (id uuid, state text, attempt smallint, run_at timestamptz, worker text, started_at timestamptz, finished_at timestamptz,
        result jsonb, error jsonb, cancel_requested boolean, blocked_by_limit boolean)
    language sql stable as $$
    with held as materialized (
        select u.job_id, u.attempt, l.worker, l.claimed_at
        from annex.leases l, unnest(l.jobs, l.attempts) u (job_id, attempt)
        where l.jobs && ids and u.job_id = any(ids) and not exists (
            select from annex.attempts t where t.job_id = u.job_id and t.attempt = u.attempt)
    )
    select j.id,
        case
            when ended.outcome = 'lost' then 'failed'
            when ended.outcome is not null then ended.outcome
            when h.job_id is not null then 'running'
            when s.job_id is not null or w.job_id is not null then 'scheduled'
            else 'ready'
        end,
        coalesce(h.attempt, last.attempt, 0::smallint), coalesce(s.run_at, j.run_at), coalesce(h.worker, last.worker),
        coalesce(h.claimed_at, last.started_at), ended.finished_at, last.result, failed.error, c.job_id is not null, p.job_id is not null
    from unnest(ids) i (id)
    join annex.jobs j on j.id = i.id
    left join lateral (
        select t.outcome, t.finished_at from annex.attempts t where t.job_id = j.id and t.final limit 1) ended on true
    left join lateral (
        select t.attempt, t.worker, t.started_at, t.result from annex.attempts t
        where t.job_id = j.id and t.attempt > 0 order by t.attempt desc limit 1) last on true
    left join lateral (
        select t.error from annex.attempts t
        where t.job_id = j.id and t.error is not null order by t.attempt desc limit 1) failed on true
    left join held h on h.job_id = j.id
    left join annex.scheduled s on s.job_id = j.id
    left join annex.waiting w on w.job_id = j.id
    left join annex.parked p on p.queue = j.queue and p.key = j.key and p.priority = j.priority and p.job_id = j.id
    left join annex.cancellations c on c.job_id = j.id
$$;
