"""How fast jobs that do nothing are done that are there already, and what one costs: each peer at its best settings."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .. import BENCH, BenchError
from ..cluster import Cluster
from ..process import cpu_seconds, free_port, running, wait_until
from .annex import Annex

NODE = BENCH / "node"
# As many as Annex claims at a time.
BATCH = 400


@dataclass
class Drained:
    title: str
    rate: float
    own_cpu: float
    store_cpu: float
    """Microseconds a job: of the worker, and of Postgres or Redis."""

    @property
    def cpu(self) -> float:
        return self.own_cpu + self.store_cpu


def drain(cluster: Cluster, folder: Path, annex: Annex, peers: list[str], jobs: int) -> list[Drained]:
    ways = {
        "annex": lambda: of_annex(annex, jobs),
        "pgbench": lambda: of_pgbench(cluster, folder, jobs),
        "graphile": lambda: of_node(cluster, folder, "graphile", "Graphile Worker", jobs),
        "pgboss": lambda: of_node(cluster, folder, "pgboss", "pg-boss", jobs),
        "bullmq": lambda: of_bullmq(folder, jobs),
    }
    done = []
    for peer in peers:
        print(f"{peer} …", flush=True)
        done.append(ways[peer]())
    return done


def report(done: list[Drained]) -> None:
    ours = next((peer for peer in done if peer.title == "Annex"), None)
    print(
        "\n| | jobs/s | worker CPU, us | store CPU, us | total CPU, us"
        " | Annex's rate to it | Annex's jobs per CPU-second to it |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|")
    for peer in done:
        ratios = f"{ours.rate / peer.rate:.2f} × | {peer.cpu / ours.cpu:.2f} ×" if ours else "– | –"
        print(
            f"| {peer.title} | {peer.rate:,.0f} | {peer.own_cpu:.1f} | {peer.store_cpu:.1f} | {peer.cpu:.1f}"
            f" | {ratios} |"
        )
    print(flush=True)


def of_annex(annex: Annex, jobs: int) -> Drained:
    annex.setup()
    annex.sql("update annex.queues set paused = true")
    annex.fill(jobs)
    annex.sql("vacuum analyze; checkpoint")
    with annex.working():
        before = annex.cpu()
        annex.go()
        annex.drained(jobs)
        after = annex.cpu()
        rate = annex.rate()
    return Drained(annex.title, rate, *((b - a) / jobs * 1e6 for a, b in zip(before, after, strict=True)))


def of_pgbench(cluster: Cluster, folder: Path, jobs: int) -> Drained:
    cluster.psql("postgres", "drop database if exists bare with (force)")
    cluster.psql("postgres", "create database bare")
    cluster.psql(
        "bare",
        f"""
        create table q (
            id bigserial primary key, kind text not null, args jsonb not null, locked_by int, locked_at timestamptz);
        insert into q (kind, args) select 'noop', '{{}}' from generate_series(1, {jobs});
        vacuum analyze q; checkpoint""",
    )
    script = folder / "claim.sql"
    script.write_text(f"""
with claimed as (
    update q set locked_by = :client_id, locked_at = now() where id in (
        select id from q where locked_at is null order by id limit {BATCH} for update skip locked) returning id)
select coalesce(array_agg(id), '{{}}') as ids from claimed \\gset
delete from q where id = any(:ids::bigint[]);
""")
    clients = 2
    command = [
        cluster.bin / "pgbench",
        "-n",
        "-M",
        "prepared",
        "-h",
        cluster.socket,
        "-U",
        cluster.user,
        "-c",
        clients,
        "-j",
        clients,
    ]
    command += ["-t", jobs // BATCH // clients + 1, "-f", script, "bare"]
    before, began = cpu_seconds(cluster.pid), time.monotonic()
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    took, cost = time.monotonic() - began, cpu_seconds(cluster.pid) - before
    left = cluster.psql("bare", "select count(*) from q")
    if ran.returncode != 0 or left != "0":
        raise BenchError(f"pgbench left {left} rows: {ran.stderr}")
    return Drained("claim and delete (pgbench)", jobs / took, 0, cost / jobs * 1e6)


@contextlib.contextmanager
def node(script: str, *arguments: str, folder: Path) -> Iterator[subprocess.Popen]:
    """A Node program that says `ready`, waits for `go` and says `done`."""
    if not (NODE / "node_modules/pg-boss").exists():
        subprocess.run(["npm", "install", "--no-save", "--silent"], cwd=NODE, check=True)
    with open(folder / f"{script}.log", "ab") as log:
        process = subprocess.Popen(
            ["node", f"jobs/{script}.js", *arguments],
            cwd=NODE,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=os.environ | {"NODE_ENV": "production"},
        )
    try:
        said(process, "ready", script)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def said(process: subprocess.Popen, word: str, script: str) -> None:
    for line in process.stdout:
        if line.strip() == word:
            return
    raise BenchError(f"{script} has not said `{word}`")


def run_node(process: subprocess.Popen, store: int, script: str, title: str, jobs: int) -> Drained:
    before, began = (cpu_seconds(process.pid), cpu_seconds(store)), time.monotonic()
    process.stdin.write("go\n")
    process.stdin.flush()
    said(process, "done", script)
    took, after = time.monotonic() - began, (cpu_seconds(process.pid), cpu_seconds(store))
    return Drained(title, jobs / took, *((b - a) / jobs * 1e6 for a, b in zip(before, after, strict=True)))


def of_node(cluster: Cluster, folder: Path, script: str, title: str, jobs: int) -> Drained:
    cluster.psql("postgres", f"drop database if exists {script} with (force)")
    cluster.psql("postgres", f"create database {script}")
    with node(script, cluster.url(script), str(jobs), folder=folder) as process:
        cluster.psql(script, "vacuum analyze; checkpoint")
        return run_node(process, cluster.pid, script, title, jobs)


def of_bullmq(folder: Path, jobs: int) -> Drained:
    program = shutil.which("redis-server")
    if not program:
        raise BenchError("redis-server is not there: `apt-get install redis-server`, or leave bullmq out of --peers")
    port, home = free_port(), folder / "redis"
    home.mkdir()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", home, "--appendonly", "yes"]
    command += ["--appendfsync", "always", "--save", ""]
    log = folder / "redis.log"
    with running(command, log, cwd=home) as redis:
        ping = ["redis-cli", "-p", str(port), "ping"]
        wait_until(lambda: subprocess.run(ping, capture_output=True).returncode == 0, redis, log, "Redis")
        with node("bullmq", str(port), str(jobs), folder=folder) as process:
            return run_node(process, redis.pid, "bullmq", "BullMQ (appendfsync always)", jobs)
