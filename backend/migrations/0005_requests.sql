-- The log of requests that admins see. Servers write it once a second, and forget what is old or too much.

create table annex.requests (
    -- UUIDv7 of the time when the request came: the order of the log, and where old rows end.
    id               uuid primary key,
    -- What the client called it; null where that is the id.
    request_id       text,
    at               timestamptz not null,
    method           text not null,
    path             text not null,
    query            text,
    -- The path's pattern; null where there is no such route.
    route            text,
    status           smallint not null constraint requests_status_check check (status between 100 and 599),
    duration_us      bigint not null,
    -- No reference: what an account did is told after it is gone.
    user_id          uuid,
    impersonator_id  uuid,
    address          text,
    code             text,
    detail           text,
    -- A list of {pointer, code}.
    errors           jsonb,
    -- The run of a server that answered.
    instance         uuid not null,
    constraint requests_problem_check check ((code is null) = (detail is null) and (code is null) = (errors is null))
);
create index requests_failed_idx on annex.requests (id) where status >= 400;
create index requests_user_id_id_idx on annex.requests (user_id, id) where user_id is not null;
create index requests_request_id_idx on annex.requests (request_id) where request_id is not null;
