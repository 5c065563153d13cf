-- Requests with an Idempotency-Key: who works on one, and then its answer. Without a status nobody has answered yet, and
-- whoever holds the lease works on it; where a server died the lease ends, and the next one takes it.

create table annex.idempotency_keys (
    -- SHA-256 of the caller, the route and the key.
    id            bytea primary key constraint idempotency_keys_id_check check (octet_length(id) = 32),
    -- SHA-256 of whatever else makes it the same request.
    fingerprint   bytea not null constraint idempotency_keys_fingerprint_check check (octet_length(fingerprint) = 32),
    lease         uuid not null,
    leased_until  timestamptz not null,
    expires_at    timestamptz not null,
    status        smallint constraint idempotency_keys_status_check check (status between 200 and 499),
    headers       jsonb,
    -- Null also where the answer was too large to keep.
    body          bytea,
    constraint idempotency_keys_answer_check check ((status is null) = (headers is null) and (status is not null or body is null))
);
create index idempotency_keys_expires_at_idx on annex.idempotency_keys (expires_at);
