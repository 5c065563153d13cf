"""What the queue does beside draining: how soon a job starts, what waiting costs, what stands in the way of others."""

import argparse
import subprocess
import time

from .. import BenchError
from .annex import DATABASE, Annex


def latency(annex: Annex, arguments: argparse.Namespace) -> None:
    """From the enqueuing statement to the claim, by the clock of Postgres: alone, and at half of what is possible."""
    jobs = min(arguments.jobs, 100_000)
    annex.sql("update annex.queues set paused = true")
    annex.fill(jobs)
    with annex.working():
        annex.go()
        annex.drained(jobs)
        most = annex.rate()
        forget(annex)
        print(f"latency alone: {spread(annex, rate=20, seconds=15, each=1)}")
        forget(annex)
        each = 20
        print(f"latency at half load: {spread(annex, rate=most / 2 / each, seconds=15, each=each)}", flush=True)


def forget(annex: Annex) -> None:
    annex.sql("truncate annex.attempts, annex.jobs")


def spread(annex: Annex, rate: float, seconds: int, each: int) -> str:
    """Enqueues `rate` times a second `each` jobs."""
    script = annex.folder / "enqueue.sql"
    one = "select annex.enqueue('noop');"
    jobs = f"(select jsonb_agg(jsonb_build_object('kind', 'noop')) from generate_series(1, {each}))"
    many = f"select count(*) from annex.enqueue_jobs({jobs});"
    script.write_text(one if each == 1 else many)
    cluster = annex.cluster
    command = [
        cluster.bin / "pgbench",
        "-n",
        "-h",
        cluster.socket,
        "-U",
        cluster.user,
        "-c",
        4,
        "-j",
        1,
        "-M",
        "prepared",
    ]
    command += ["-R", f"{rate:.1f}", "-T", seconds, "-f", script, DATABASE]
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if ran.returncode != 0:
        raise BenchError(f"pgbench: {ran.stderr}")
    time.sleep(1)
    return annex.sql("""
        select format('%s jobs, %s a second, p50 %s ms, p99 %s ms, longest %s ms', count(*),
            round(count(*) / extract(epoch from max(j.created_at) - min(j.created_at))),
            round((percentile_cont(0.5) within group (order by waited.ms))::numeric, 2),
            round((percentile_cont(0.99) within group (order by waited.ms))::numeric, 2),
            round(max(waited.ms)::numeric, 2))
        from annex.attempts a join annex.jobs j on j.id = a.job_id,
            lateral (select extract(epoch from a.started_at - j.created_at) * 1000 as ms) waited""")


def idle(annex: Annex, arguments: argparse.Namespace) -> None:
    """What a worker costs that has nothing to do, with its part of Postgres."""
    seconds = 30
    time.sleep(1)
    quiet = part(annex, seconds)
    with annex.working():
        time.sleep(2)
        before = annex.cpu()
        time.sleep(seconds)
        own, store = (b - a for a, b in zip(before, annex.cpu(), strict=True))
    print(
        f"idle: worker {own / seconds:.2%} of a core, Postgres {(store - quiet) / seconds:.2%} more than without",
        flush=True,
    )


def part(annex: Annex, seconds: float) -> float:
    from ..process import cpu_seconds

    before = cpu_seconds(annex.cluster.pid)
    time.sleep(seconds)
    return cpu_seconds(annex.cluster.pid) - before


def blocked(annex: Annex, arguments: argparse.Namespace) -> None:
    """100,000 jobs of two keys at their limit stand in front of others of the same queue."""
    jobs = min(arguments.jobs, 50_000)
    rates = []
    for stands in (0, 100_000):
        annex.setup()
        annex.sql("insert into annex.queues (name, key_concurrency, paused) values ('keyed', 1, true)")
        for key in ("a", "b"):
            annex.fill(1000, "keyed", key)
        annex.sql("""
            update annex.queues set paused = false where name = 'keyed';
            select count(*) from annex.claim_jobs('keyed', '{noop}', 400, null, 'busy', 3600);
            update annex.queues set paused = true where name = 'keyed'""")
        for key in ("a", "b"):
            if stands:
                annex.fill(stands // 2, "keyed", key)
        annex.fill(jobs, "keyed")
        annex.sql("vacuum analyze")
        with annex.working():
            annex.go("keyed")
            annex.drained(jobs)
            rates.append(annex.rate("keyed"))
    print(
        f"blocked: {rates[0]:,.0f} jobs/s alone, {rates[1]:,.0f} behind 100,000 that are blocked:"
        f" {rates[1] / rates[0]:.0%}",
        flush=True,
    )


def pinned(annex: Annex, arguments: argparse.Namespace) -> None:
    """Five times as many jobs while a transaction stays open."""
    jobs, rates = arguments.jobs, []
    annex.sql("create table pin (n int)")
    psql = [annex.cluster.bin / "psql", "-Xq", "-h", annex.cluster.socket, "-U", annex.cluster.user, DATABASE]
    with annex.working():
        pin = None
        for round in range(6):
            annex.sql("update annex.queues set paused = true")
            annex.fill(jobs)
            annex.go()
            done = jobs * (round + 1)
            began = time.monotonic()
            annex.drained(done, 600)
            rates.append(jobs / (time.monotonic() - began))
            if round == 0:
                pin = subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
                pin.stdin.write("begin isolation level repeatable read; insert into pin values (1);\n")
                pin.stdin.flush()
        dead = annex.sql("select sum(n_dead_tup) from pg_stat_user_tables where relname ~ '^(ready|leases)_'")
        size = annex.sql(
            "select pg_size_pretty(sum(pg_relation_size(relid))) from pg_stat_user_tables"
            " where relname ~ '^(ready|leases)_'"
        )
        pin.stdin.close()
        pin.wait()
    told = ", ".join(f"{rate:,.0f}" for rate in rates[1:])
    print(
        f"pinned: {rates[0]:,.0f} jobs/s without, then with a transaction open: {told};"
        f" last {rates[-1] / rates[0]:.0%}; {dead} dead rows in {size}",
        flush=True,
    )
