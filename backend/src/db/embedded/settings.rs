//! The settings that Annex gives its Postgres: nothing acknowledged is lost, the log can be followed, and memory is
//! taken modestly, since Annex and whatever else the machine does need some too.

use std::fs;

const MIB: u64 = 1 << 20;

/// The text of `annex.conf`.
pub fn text() -> String {
    for_memory(memory())
}

fn for_memory(memory: u64) -> String {
    let part = |divisor: u64, least: u64, most: u64| (memory / divisor / MIB).clamp(least, most);
    let shared_buffers = part(8, 64, 1024);
    let effective_cache_size = part(2, 256, 65_536);
    let maintenance_work_mem = part(32, 32, 256);
    format!(
        "# Written by Annex at every start. Put your own settings at the end of postgresql.conf: they win.

listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200

wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
max_slot_wal_keep_size = '4GB'
max_wal_size = '2GB'
fsync = on
full_page_writes = on
synchronous_commit = on

shared_buffers = '{shared_buffers}MB'
effective_cache_size = '{effective_cache_size}MB'
maintenance_work_mem = '{maintenance_work_mem}MB'
work_mem = '8MB'
random_page_cost = 1.1
jit = off

timezone = 'UTC'
log_timezone = 'UTC'

# A file for each day of the week. Neither statements nor rows are written to it: both may hold secrets.
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%a.log'
log_truncate_on_rotation = on
log_rotation_age = '1d'
log_rotation_size = 0
log_line_prefix = '%m [%p] %a '
log_error_verbosity = terse
log_min_error_statement = panic
"
    )
}

/// The machine's memory, or what a container leaves of it.
fn memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    });
    let container =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    machine.into_iter().chain(container).min().unwrap_or(2048 * MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_modestly() {
        assert!(for_memory(512 * MIB).contains("shared_buffers = '64MB'"));
        assert!(for_memory(4096 * MIB).contains("shared_buffers = '512MB'"));
        assert!(for_memory(1 << 40).contains("shared_buffers = '1024MB'"));
    }
}
