-- The job of a lane goes on as long as something is to be told, and each delivery that fails is an attempt of it. How long it waits where
-- the database fails must not grow with them: when the delivery itself is due again is said by the job.

create function annex.lane_backoff() returns jsonb
    language sql immutable parallel safe
    return '{"base_seconds": 1, "max_seconds": 15}'::jsonb;

create or replace function annex.enqueue_lanes(webhooks uuid[], lanes uuid[]) returns void
    language sql as $$
    select count(*) from (
        select annex.enqueue_jobs(jsonb_agg(jsonb_build_object(
            'kind', 'webhook.deliver', 'queue', 'webhooks', 'key', left(w.host, 200), 'max_attempts', 1000, 'backoff', annex.lane_backoff(),
            'unique_key', l.webhook || '/' || l.lane, 'args', jsonb_build_object('webhook', l.webhook, 'lane', l.lane))))
        from (select distinct u.webhook, u.lane from unnest(webhooks, lanes) u (webhook, lane)) l
        join annex.webhooks w on w.id = l.webhook
        having count(*) > 0
    ) enqueued
$$;

update annex.jobs set backoff = annex.lane_backoff() where kind = 'webhook.deliver' and backoff is null;
