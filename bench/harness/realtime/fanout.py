"""What is said once is told to many: a topic of Annex beside a room of Socket.io."""

import argparse
import contextlib
import http.client
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .. import BENCH, BenchError
from ..peers.node import install
from ..process import answers_at, cpu_seconds, free_port, resident_bytes
from .annex import WEBSOCKET, Live, say
from .figures import Delivered, beside
from .sockets import Sockets, sockets

TEXT = "x" * 189
"""With `{"text":""}` around it, 200 bytes."""

SENDERS = 16
"""How many say something at the same time."""

MORE = 4
"""How many times as many clients come while memory is measured."""

SETTLING = 3
"""Seconds until what was allocated for a moment has been given back."""

Say = Callable[[int, int], None]


def fanout(annex: Live, arguments: argparse.Namespace) -> None:
    ours, theirs = of_annex(annex, arguments), of_socketio(annex.folder, arguments)
    beside(f"fan-out to {arguments.clients:,} clients, 200 bytes", ours, theirs)


def of_annex(annex: Live, arguments: argparse.Namespace) -> Delivered:
    with annex.serving():
        admin = annex.admin()
        channel = {"name": "news", "topic": "news", "rules": {"join": "", "send": None, "presence": None}}
        annex.call("POST", "/v1/channels", channel, admin)
        annex.is_read(admin)
        tell = posting(annex.port, "/v1/broadcasts", admin, {"topic": "news", "payload": {"text": TEXT}})
        options = ["--say", say("join", topic="news"), "--ready", '"op":"joined"', "--counted", '"op":"broadcast"']
        with sockets(annex.port, WEBSOCKET, arguments.clients, *options) as held:
            held.until(lambda report: report["ready"] == arguments.clients, "everybody joins")
            memory = each(annex.memory, annex.port, WEBSOCKET, arguments, options)
            return measured("Annex", held, annex.cpu, tell, arguments, memory)


@contextlib.contextmanager
def socketio(folder: Path) -> Iterator[tuple[int, subprocess.Popen]]:
    install()
    port = free_port()
    with open(folder / "socketio.log", "ab") as log:
        process = subprocess.Popen(
            ["node", "realtime/socketio.js", str(port)],
            cwd=BENCH / "node",
            text=True,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=os.environ | {"NODE_ENV": "production"},
        )
    try:
        while not answers_at(port):
            time.sleep(0.1)
        yield port, process
    finally:
        process.kill()
        process.wait()


def of_socketio(folder: Path, arguments: argparse.Namespace) -> Delivered:
    with socketio(folder) as (port, process):
        time.sleep(1)

        def emit(count: int, rate: int) -> None:
            process.stdin.write(f"say {count} {rate} {TEXT}\n")
            process.stdin.flush()
            time.sleep(count / rate)

        path = "/socket.io/?EIO=4&transport=websocket"
        options = ["--say", "40", "--ready", "40{", "--counted", '42["news"', "--answer", "2", "3"]
        with sockets(port, path, arguments.clients, *options) as held:
            held.until(lambda report: report["ready"] == arguments.clients, "everybody joins")
            memory = each(lambda: resident_bytes(process.pid), port, path, arguments, options)
            return measured("Socket.io", held, lambda: cpu_seconds(process.pid), emit, arguments, memory)


def posting(port: int, path: str, token: str, body: object) -> Say:
    """Posts something so many times, at most so often a second, over as many connections as wait for an answer."""
    text = json.dumps(body)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    local = threading.local()

    def post(at: float) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", port)
        local.connection.request("POST", path, text, headers)
        answer = local.connection.getresponse()
        said = answer.read()
        if answer.status >= 400:
            raise BenchError(f"POST {path} answered {answer.status} {said.decode()}")

    def tell(count: int, rate: int) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(post, (began + number / rate for number in range(count))))

    return tell


def each(
    memory: Callable[[], int], port: int, path: str, arguments: argparse.Namespace, options: list[str]
) -> float:
    """What a connection takes of memory, in bytes: of many that come beside those that are there, since a server that has just started
    gives some back."""
    time.sleep(SETTLING)
    before, more = memory(), MORE * arguments.clients
    with sockets(port, path, more, *options) as held:
        held.until(lambda report: report["ready"] == more, "more join")
        time.sleep(SETTLING)
        taken = (memory() - before) / more
    time.sleep(SETTLING)
    return taken


def measured(
    title: str,
    held: Sockets,
    cpu: Callable[[], float],
    tell: Say,
    arguments: argparse.Namespace,
    memory: float | None = None,
) -> Delivered:
    """Says something a few times a second, and then as fast as it is taken."""
    tell(20, 20)
    held.told(20)
    steady, _ = run(held, cpu, tell, arguments.messages, arguments.rate)
    pressed, rate = run(held, cpu, tell, 2 * arguments.messages, 1_000_000)
    return Delivered(title, steady, pressed, rate, memory)


def run(held: Sockets, cpu: Callable[[], float], tell: Say, count: int, rate: int) -> tuple[float, float]:
    """What a delivery costs, in microseconds, and how many there are a second."""
    held.tell("reset")
    before, began = cpu(), time.monotonic()
    tell(count, rate)
    held.until(lambda report: report["counted"] >= count * held.count, "everybody is told")
    took, cost = time.monotonic() - began, cpu() - before
    held.told(count)
    deliveries = count * held.count
    return cost / deliveries * 1e6, deliveries / took
