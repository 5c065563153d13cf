//! The end of an attempt in a transaction that is not one of the pool's: on a lane, or on a connection of one's own.

/// Ends an attempt well; the lease, the job's place under it, the result, and how long to wait for what others have locked (`0`: as long
/// as a statement may take) come as texts. It answers a row where the job is not held any more.
pub const COMPLETE: &str = "select from annex.finish_jobs( \
    case when set_config('lock_timeout', $4::text, true) is not null then array[$1::text::bigint] end, array[$2::text::integer], \
    array['succeeded'], array[$3::text::jsonb], array[null::jsonb], array[false], array[null::double precision])";
