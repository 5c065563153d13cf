-- What the jobs of the proof do, and how they are enqueued. Rows here are only ever added.

-- Clocks jump; this goes on by one whatever they say.
create sequence public.ticks;
create table public.enqueued (portion bigint primary key);
create table public.witness (
    n     bigint not null,
    key   text,
    step  text,
    batch bigint,
    -- Ticks.
    began bigint not null,
    ended bigint not null
);
-- Who was given which job for a unique key, and when.
create table public.asked (
    key     text not null,
    n       bigint not null,
    job     uuid not null,
    created boolean not null,
    tick    bigint not null
);

create function public.bear_witness(n bigint, key text default null, step text default null, batch bigint default null) returns void
    language plpgsql as $$
declare
    began constant bigint := nextval('public.ticks');
begin
    if key is not null then
        perform pg_sleep(0.002);
    end if;
    insert into public.witness values (n, key, step, batch, began, nextval('public.ticks'));
end
$$;
comment on function public.bear_witness is '@job';

create function public.job(args jsonb, options jsonb default '{}') returns jsonb
    language sql as $$
    select jsonb_build_object(
        'kind', 'sql.function',
        'max_attempts', 1000,
        'backoff', '{"base_seconds": 0.1, "max_seconds": 1}'::jsonb,
        'args', jsonb_build_object('function', 'public.bear_witness', 'args', args)) || options
$$;

-- One transaction: jobs of a free queue, jobs of one with limits, jobs that want unique keys, and batches of ten steps, of which one is
-- the last.
create procedure public.enqueue(portion bigint, portion_size bigint, keyed bigint, batches bigint)
    language plpgsql as $$
declare
    alone constant bigint := portion_size - batches * 10;
    batch_id uuid;
    steps uuid[];
begin
    perform annex.enqueue_jobs((
        select jsonb_agg(
            case when i < keyed
                then public.job(
                    jsonb_build_object('n', portion * portion_size + i, 'key', 'k' || i % 10),
                    jsonb_build_object('queue', 'narrow', 'key', 'k' || i % 10))
                else public.job(jsonb_build_object('n', portion * portion_size + i))
            end)
        from generate_series(0, alone - 1) i));

    insert into public.asked (key, n, job, created, tick)
        select 'u' || e.ordinal % 5, -(portion * 10 + e.ordinal), e.id, e.created, nextval('public.ticks')
        from annex.enqueue_jobs((
            select jsonb_agg(
                public.job(
                    jsonb_build_object('n', -(portion * 10 + i)),
                    -- Before the others, so that the key is soon free again.
                    jsonb_build_object('unique_key', 'u' || i % 5, 'priority', -1))
                order by i)
            from generate_series(1, 10) i)) e;

    for b in 0 .. batches - 1 loop
        insert into annex.batches (id, total, pending, callback, created_at)
            values (annex.uuid_v7(), 10, 10, jsonb_build_object('kind', 'test.after', 'queue', 'after'), clock_timestamp())
            returning id into batch_id;
        steps := array(select annex.uuid_v7() from generate_series(1, 10));
        perform annex.enqueue_jobs((
            select jsonb_agg(public.job(
                jsonb_build_object('n', portion * portion_size + alone + b * 10 + i - 1, 'step', i::text, 'batch', portion * batches + b),
                jsonb_build_object('id', steps[i], 'batch_id', batch_id, 'step', i::text,
                    'needs', case i when 1 then 0 when 10 then 8 else 1 end)))
            from generate_series(1, 10) i));
        insert into annex.dependencies (needs, job_id)
            select steps[1], steps[i] from generate_series(2, 9) i
            union all select steps[i], steps[10] from generate_series(2, 9) i;
    end loop;
    insert into public.enqueued values (portion);
end
$$;

insert into annex.queues (name, concurrency, key_concurrency) values ('narrow', 4, 1);
