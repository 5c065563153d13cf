-- Sessions in which an admin acts as the account. They have no refresh token, and end with the admin's own session.
alter table annex.sessions
    alter column refresh_hash drop not null,
    add column impersonator_id uuid references annex.users (id) on delete cascade,
    add column parent_id uuid references annex.sessions (id) on delete cascade,
    add constraint sessions_impersonation_check check (
        (impersonator_id is null) = (parent_id is null) and (impersonator_id is null) = (refresh_hash is not null));
create index sessions_impersonator_id_idx on annex.sessions (impersonator_id) where impersonator_id is not null;
create index sessions_parent_id_idx on annex.sessions (parent_id) where parent_id is not null;
