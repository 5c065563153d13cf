"""Changes of rows on their way to clients: how soon they come, beside how many subscriptions, and how fast the log is read."""

import argparse
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

from .. import BenchError
from .annex import DATABASE, WEBSOCKET, Live, say
from .sockets import Sockets, sockets

LAST = "last"
"""The room of the change behind which nothing else comes."""


@contextlib.contextmanager
def live(annex: Live) -> Iterator[None]:
    """A server with a collection of which everybody is told what is public."""
    with annex.serving():
        admin = annex.admin()
        fields = [{"name": name, "type": "text"} for name in ("kind", "room", "text")]
        fields.append({"name": "sent", "type": "bigint"})
        rule = 'kind = "public"'
        rules = {"list": rule, "view": rule}
        annex.call("POST", "/v1/collections", {"name": "notes", "fields": fields, "rules": rules}, admin)
        annex.call("PATCH", "/v1/collections/notes", {"realtime": True}, admin)
        annex.is_read(admin)
        yield


@contextlib.contextmanager
def following(annex: Live, count: int, rounds: int, room: str) -> Iterator[Sockets]:
    """So many sockets with so many subscriptions each, to a room each."""
    text = say("subscribe", id="{k}", collection="notes", filter=f'room = "{room}"')
    options = ["--say", text, "--rounds", rounds, "--ready", '"op":"subscribed"', "--counted", '"op":"event"']
    options += ["--sent", '"sent":"']
    with sockets(annex.port, WEBSOCKET, count, *options) as held:
        held.until(lambda report: report["ready"] == count * rounds, "everybody subscribes", seconds=300)
        yield held


def latency(annex: Live, arguments: argparse.Namespace) -> None:
    """From the statement that writes a row to the client, at a steady rate of changes."""
    seconds = 15
    script = annex.folder / "write.sql"
    script.write_text("""
        insert into notes (kind, room, text, sent) values ('public', 'a', repeat('x', 100),
            (extract(epoch from clock_timestamp()) * 1e6)::bigint)""")
    cluster = annex.context.cluster
    command = [cluster.bin / "pgbench", "-n", "-M", "prepared", "-h", cluster.socket, "-U", cluster.user, "-c", 4]
    command += ["-R", arguments.changes, "-T", seconds, "-f", script, DATABASE]
    with live(annex), following(annex, 1, 1, "a") as held:
        before = annex.cpu()
        ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if ran.returncode != 0:
            raise BenchError(f"pgbench: {ran.stderr}")
        written = int(annex.sql("select count(*) from notes"))
        report, cost = held.told(written), annex.cpu() - before
    p50, p99, worst = (report[name] / 1000 for name in ("p50_us", "p99_us", "worst_us"))
    print(
        f"latency: {written / seconds:,.0f} changes/s, from the statement to the client p50 {p50:.1f} ms,"
        f" p99 {p99:.1f} ms, longest {worst:.1f} ms; {cost / written * 1e6:.0f} us of CPU each, with writing them",
        flush=True,
    )


def write(annex: Live, rows: int, rooms: str) -> None:
    """Writes rows, a hundred in a transaction, and a last one."""
    annex.sql(f"""
        set synchronous_commit = off;
        do $$ begin for round in 1..{rows // 100} loop
            insert into notes (kind, room, text)
                select 'public', {rooms}, repeat('x', 100) from generate_series(1, 100) as n;
            commit;
        end loop; end $$;
        insert into notes (kind, room, text) values ('public', '{LAST}', '')""")


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stops a process, so that what happens meanwhile waits for it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def drained(annex: Live, rows: int, rooms: str) -> tuple[float, float]:
    """Rows a second that the server takes from the log and tells whom they concern, and the CPU of each in microseconds."""
    with following(annex, 1, 1, LAST) as last:
        with stopped(annex.pid):
            write(annex, rows, rooms)
            before, began = annex.cpu(), time.monotonic()
        last.until(lambda report: report["counted"] == 1, "the last change is told")
        took = time.monotonic() - began
        return rows / took, (annex.cpu() - before) / rows * 1e6


def many(annex: Live, arguments: argparse.Namespace) -> None:
    """The rate at which changes are taken, beside few subscriptions and beside many of which few match."""
    rooms = "case when n = 1 then '7-7' else 'none-' || n end"
    found = []
    for count, rounds in ((10, 1), (arguments.subscriptions // 100, 100)):
        annex.setup()
        with live(annex):
            before, began = annex.memory(), time.monotonic()
            with following(annex, count, rounds, "{n}-{k}" if rounds > 1 else "{n}-7") as held:
                subscribed = time.monotonic() - began
                each = (annex.memory() - before) / (count * rounds)
                rates = [drained(annex, arguments.rows, rooms) for _ in range(3)]
                held.one_told(3 * (arguments.rows // 100))
            rate, cost = sorted(rates)[1]
            found.append(rate)
            print(
                f"many: {count * rounds:,} subscriptions ({subscribed:.1f} s, {each / 1024:.1f} KiB each):"
                f" {rate:,.0f} changes/s, {cost:.1f} us of CPU each",
                flush=True,
            )
    print(f"many: beside {arguments.subscriptions:,} subscriptions {found[1] / found[0]:.0%} of the rate", flush=True)


def drain(annex: Live, arguments: argparse.Namespace) -> None:
    """The rate to a client that is told of every tenth change, beside that of pg_recvlogical over the same log."""
    cluster, rows = annex.context.cluster, arguments.rows
    receive = [cluster.bin / "pg_recvlogical", "-h", cluster.socket, "-U", cluster.user, "-d", DATABASE, "-S", "bench"]
    with live(annex), following(annex, 1, 1, "a") as held:
        subprocess.run([*receive, "--create-slot", "-P", "pgoutput"], check=True)
        rate, cost = drained(annex, rows, "case when n % 10 = 0 then 'a' else 'b' end")
        held.told(rows // 10)
        end = annex.sql("select pg_current_wal_lsn()")
        annex.sql("insert into notes (kind) values ('behind'); select pg_switch_wal()")
        options = ["-o", "proto_version=1", "-o", "publication_names=annex", "--endpos", end, "-f", "/dev/null"]
        before, began = annex.cpu(), time.monotonic()
        subprocess.run([*receive, "--start", *options, "--no-loop"], check=True, timeout=300)
        took, theirs = time.monotonic() - began, (annex.cpu() - before) / rows * 1e6
        subprocess.run([*receive, "--drop-slot"], check=True)
    print(
        f"drain: {rate:,.0f} changes/s to a client ({cost:.1f} us of CPU each),"
        f" pg_recvlogical {rows / took:,.0f} ({theirs:.1f} us of Postgres): {rate * took / rows:.0%}",
        flush=True,
    )
