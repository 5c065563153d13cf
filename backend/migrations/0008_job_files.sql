-- Files that jobs take in and leave behind. They are here since all servers have the database in common, and perhaps nothing else.

create table annex.job_files (
    id           uuid primary key,
    -- No reference: the file of an import is here before its job.
    job_id       uuid not null,
    -- The account whose room it takes; null for none.
    owner        uuid,
    name         text not null,
    media_type   text not null,
    size         bigint not null default 0 constraint job_files_size_check check (size >= 0),
    created_at   timestamptz not null,
    -- Null while it is written.
    finished_at  timestamptz,
    -- While it is written, a few minutes ahead of the last chunk.
    expires_at   timestamptz not null
) with (fillfactor = 50);
create index on annex.job_files (job_id);
create index on annex.job_files (expires_at);

-- All but a file's last are of one size, so that any part of it is found at once.
create table annex.job_file_chunks (
    file_id   uuid not null references annex.job_files on delete cascade,
    position  integer not null constraint job_file_chunks_position_check check (position >= 0),
    bytes     bytea not null constraint job_file_chunks_bytes_check check (octet_length(bytes) between 1 and 262144),
    primary key (file_id, position)
);
-- Uncompressed: it is read in whole chunks, and written fast.
alter table annex.job_file_chunks alter bytes set storage external;

-- Imports and exports that accounts asked for: few at a time, so that they leave room for other work, and fewer of one account, so that
-- nobody waits for another's.
insert into annex.queues (name, concurrency, key_concurrency) values ('transfers', 4, 2) on conflict do nothing;
