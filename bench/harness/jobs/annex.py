"""Annex's own worker, of a program whose kind `noop` does nothing."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from .. import ROOT, BenchError
from ..cluster import Cluster
from ..process import cpu_seconds, running, wait_until

DATABASE = "annex"


class Annex:
    name = "annex"
    title = "Annex"

    def __init__(self, cluster: Cluster, folder: Path, binary: Path | None, concurrency: int):
        self.cluster, self.folder, self.concurrency = cluster, folder, concurrency
        self.binary = binary.resolve() if binary else None
        self.pid = 0

    def sql(self, statements: str) -> str:
        return self.cluster.psql(DATABASE, statements)

    def env(self) -> dict[str, str]:
        return os.environ | {
            "ANNEX_DATABASE_URL": self.cluster.url(DATABASE),
            "ANNEX_DATA_DIR": str(self.folder / "data"),
            "ANNEX_LOG": "warn",
        }

    def setup(self) -> None:
        """An empty database."""
        self.binary = self.binary or built()
        drop = f"drop database if exists {DATABASE} with (force)"
        self.cluster.psql("postgres", drop)
        self.cluster.psql("postgres", f"create database {DATABASE}")
        subprocess.run([self.binary, "migrate"], env=self.env(), check=True, stdout=subprocess.DEVNULL)

    def fill(self, jobs: int, queue: str = "default", key: str = "") -> None:
        """Enqueues so many, a thousand in a transaction."""
        member = f", 'key', '{key}'" if key else ""
        job = f"jsonb_build_object('kind', 'noop', 'queue', '{queue}'{member})"
        # The kind is known from the first start on; before that a job would wait for workers over HTTP.
        self.sql(f"""
            insert into annex.job_kinds (name, runner) values ('noop', 'noop')
                on conflict (name) do update set runner = 'noop';
            do $$ begin for round in 1..{jobs // 1000} loop
                perform annex.enqueue_jobs((select jsonb_agg({job}) from generate_series(1, 1000))); commit;
            end loop; end $$""")

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """A worker that lives, with nothing to do yet where the queue is paused."""
        log = self.folder / "worker.log"
        command = [self.binary, "worker", "--concurrency", str(self.concurrency)]
        with running(command, log, env=self.env(), cwd=self.folder) as process:
            self.pid = process.pid
            is_there = "select count(*) from annex.workers where expires_at > now()"
            wait_until(lambda: self.sql(is_there) != "0", process, log, self.title)
            time.sleep(1)
            yield

    def cpu(self) -> tuple[float, float]:
        """What the worker and Postgres have cost so far, in seconds."""
        return cpu_seconds(self.pid), cpu_seconds(self.cluster.pid)

    def go(self, queue: str = "default") -> None:
        self.sql(f"update annex.queues set paused = false where name = '{queue}'; notify annex_jobs, '{queue}'")

    def drained(self, jobs: int, seconds: float = 300) -> None:
        """Waits until so many have ended."""
        deadline = time.monotonic() + seconds
        while (
            int(self.sql("select n_tup_ins from pg_stat_user_tables where relid = 'annex.attempts'::regclass")) < jobs
        ):
            if time.monotonic() > deadline:
                raise BenchError(f"Annex has not done {jobs} jobs in {seconds} s: see {self.folder}/worker.log")
            time.sleep(0.1)

    def rate(self, queue: str = "default") -> float:
        """Jobs a second, from the first that was claimed to the last that ended, by the clock of Postgres."""
        return float(
            self.sql(f"""
            select count(*) / extract(epoch from max(a.finished_at) - min(a.started_at))
            from annex.attempts a join annex.jobs j on j.id = a.job_id where j.queue = '{queue}' and a.final""")
        )


def built() -> Path:
    """Builds the program."""
    print("building the example `noop` …", flush=True)
    command = ["cargo", "build", "--release", "--package", "annex", "--example", "noop"]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise BenchError("the example `noop` cannot be built")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release/examples/noop"
