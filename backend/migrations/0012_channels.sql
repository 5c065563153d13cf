-- Channels: topics on which clients and programs say things to one another, in the order of the write-ahead log.

create table annex.channels (
    name            text primary key constraint channels_name_check check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
    -- Segments with colons between them, each a word or a parameter: `room:{room}`.
    topic           text not null constraint channels_topic_check check (octet_length(topic) <= 200),
    -- The same, whatever its parameters are called: no two channels have the same topics.
    shape           text not null generated always as (regexp_replace(topic, '\{[^{}]*\}', '{}', 'g')) stored
        constraint channels_shape_key unique,
    join_rule       text,
    send_rule       text,
    presence_rule   text,
    created_at      timestamptz not null,
    updated_at      timestamptz not null
);

create trigger channels_notify after insert or update or delete or truncate on annex.channels
    for each statement execute function annex.notify_schema();

-- Says something to everybody who has joined a topic, when the transaction is committed: at its place among the changes of rows.
-- For programs beside Annex; what clients may say is a matter of the channel's rules.
create function annex.broadcast(topic text, payload jsonb) returns void
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
    perform pg_logical_emit_message(true, 'annex.broadcast', said);
end
$$;

-- Servers whose clients are there. Who is not heard of is gone, with all of them.
create table annex.listeners (
    id          uuid primary key,
    expires_at  timestamptz not null
);

-- Who is there, on which topic, with what state.
create table annex.presence (
    topic       text not null,
    -- Tells a client from others, also of the same account.
    ref         uuid primary key,
    user_id     uuid,
    state       json not null,
    listener_id uuid not null references annex.listeners on delete cascade
);
create index on annex.presence (listener_id);

-- Who comes, changes or goes is told where it is committed, whoever writes it.
create function annex.notify_presence() returns trigger
    language plpgsql as $$
declare
    entry annex.presence;
begin
    if tg_op = 'DELETE' then entry := old; else entry := new; end if;
    perform pg_logical_emit_message(true, 'annex.presence', json_build_object(
        'topic', entry.topic, 'ref', entry.ref, 'user_id', entry.user_id,
        'state', case when tg_op <> 'DELETE' then entry.state end)::text);
    return null;
end
$$;
create trigger presence_notify after insert or update or delete on annex.presence
    for each row execute function annex.notify_presence();
