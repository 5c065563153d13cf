-- What Annex keeps beside the tables of its users: rules and settings, in a schema of its own.

-- A role that is called like the schema would otherwise make its tables in here, whoever it is that signs in as it.
do $$
begin
    if current_user = 'annex' then
        execute format('alter role annex in database %I set search_path = public', current_database());
    end if;
end
$$;

-- Types of fields that are more than their Postgres type says. As domains they are in the catalogue, so any
-- program sees them, and the database holds them whoever writes.
create domain annex.email as text
    constraint email_check check (value ~ '^[^@\s]+@[^@\s]+$' and length(value) <= 254);
create domain annex.url as text
    constraint url_check check (value ~* '^[a-z][a-z0-9+.-]*://[^\s]+$');
create domain annex.file as uuid;
create domain annex.files as uuid[]
    constraint files_check check (array_position(value, null) is null);

-- UUIDv7 (RFC 9562) for rows that other programs insert; Annex itself brings the id along.
create function annex.uuid_v7() returns uuid
    language sql volatile parallel safe
    return encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid;

create function annex.touch_updated_at() returns trigger
    language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end
$$;

create table annex.collections (
    name           text primary key constraint collections_name_check check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    schema_name    text not null,
    table_name     text not null,
    -- Whether Annex made the table, and drops it with the collection.
    managed        boolean not null,
    -- The columns that tell rows apart where the database does not say: a view's, for example.
    primary_key    text[],
    hidden_fields  text[] not null default '{}',
    list_rule      text,
    view_rule      text,
    create_rule    text,
    update_rule    text,
    delete_rule    text,
    created_at     timestamptz not null default now(),
    updated_at     timestamptz not null default now(),
    constraint collections_table_key unique (schema_name, table_name)
);

-- Keys of the server itself, by purpose.
create table annex.secrets (
    name        text primary key,
    value       bytea not null,
    created_at  timestamptz not null default now()
);

-- Every server listens on `annex_schema` for changes of the schema and of the collections. DDL tells it too,
-- through an event trigger, where the database lets Annex make one.
create function annex.notify_schema() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_schema', '');
    return null;
end
$$;

create trigger collections_notify after insert or update or delete or truncate on annex.collections
    for each statement execute function annex.notify_schema();

create function annex.notify_ddl() returns event_trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_schema', '');
end
$$;

-- Accounts.
create table annex.users (
    id             uuid primary key,
    email          annex.email not null,
    display_name   text constraint users_display_name_check check (length(display_name) between 1 and 200),
    -- PHC string; null where the account has no password.
    password_hash  text,
    verified       boolean not null default false,
    roles          text[] not null default '{}',
    disabled       boolean not null default false,
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);
create unique index users_email_key on annex.users (lower(email));
