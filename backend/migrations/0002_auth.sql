-- Sessions, the keys that sign their access tokens, and how servers learn of changes.

create table annex.sessions (
    id            uuid primary key,
    user_id       uuid not null references annex.users (id) on delete cascade,
    -- SHA-256 of the newest refresh token, and how many were before it. Each follows from the one before under
    -- a key of the server, so an older one can be recognised and none has to be kept.
    refresh_hash  bytea not null,
    generation    integer not null default 0,
    rotated_at    timestamptz,
    user_agent    text,
    address       text,
    created_at    timestamptz not null,
    last_used_at  timestamptz not null,
    expires_at    timestamptz not null,
    revoked_at    timestamptz,
    constraint sessions_refresh_hash_check check (octet_length(refresh_hash) = 32),
    constraint sessions_generation_check check (generation >= 0)
);
create index sessions_user_id_id_idx on annex.sessions (user_id, id);

-- A key signs from not_before on, until a newer one does; what it signed counts until it is retired.
create table annex.signing_keys (
    kid          text primary key,
    private_key  bytea not null,
    not_before   timestamptz not null,
    retired_at   timestamptz,
    created_at   timestamptz not null default now(),
    constraint signing_keys_private_key_check check (octet_length(private_key) = 32)
);

-- Every server listens on `annex_identity`, so that a change of an account or the end of a session counts at
-- once, through whatever server or program it comes. The payload is the id of the account or of the session,
-- `keys` for the signing keys, or nothing where everything may have changed.
create function annex.notify_identity() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', old.id::text);
    return null;
end
$$;

create trigger users_notify_update after update on annex.users
    for each row when (
        (old.id, old.email::text, old.verified, old.roles, old.disabled)
            is distinct from (new.id, new.email::text, new.verified, new.roles, new.disabled))
    execute function annex.notify_identity();
create trigger users_notify_delete after delete on annex.users
    for each row execute function annex.notify_identity();

create trigger sessions_notify_update after update on annex.sessions
    for each row when (
        (old.id, old.user_id, old.expires_at, old.revoked_at)
            is distinct from (new.id, new.user_id, new.expires_at, new.revoked_at))
    execute function annex.notify_identity();
create trigger sessions_notify_delete after delete on annex.sessions
    for each row execute function annex.notify_identity();

create function annex.notify_identities() returns trigger
    language plpgsql as $$
begin
    perform pg_notify('annex_identity', tg_argv[0]);
    return null;
end
$$;

create trigger users_notify_truncate after truncate on annex.users
    for each statement execute function annex.notify_identities('');
create trigger sessions_notify_truncate after truncate on annex.sessions
    for each statement execute function annex.notify_identities('');
create trigger signing_keys_notify after insert or update or delete or truncate on annex.signing_keys
    for each statement execute function annex.notify_identities('keys');
