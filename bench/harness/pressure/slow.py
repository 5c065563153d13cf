"""Many send a request so slowly that it never ends, or take no answer: others hardly notice."""

import argparse
import contextlib
import multiprocessing
import resource
import selectors
import socket
import time
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized

from .. import BenchError, posts
from ..peers.annex import Annex
from .latency import sampling

SECONDS = 15
SPARE_FILES = 200


def slow(annex: Annex, arguments: argparse.Namespace) -> None:
    path = f"/v1/records/posts/{posts.post_id(CHOSEN)}"
    with sampling(annex.port, path) as quiet:
        time.sleep(SECONDS)
    with held(annex.port, arguments.slow) as count:
        with sampling(annex.port, path) as pressed:
            least = count.value
            for _ in range(SECONDS):
                time.sleep(1)
                least = min(least, count.value)
    print(f"slow: {least:,} slow clients at the least, let go and back again all the time")
    print(f"  a post before: {quiet}")
    print(f"  a post meanwhile: {pressed} ({pressed.p99 / quiet.p99:.1f} × the p99)", flush=True)


# A post whose author is no caller.
CHOSEN = 50_000

HEAD = b"GET /v1/records/posts HTTP/1.1\r\nHost: annex\r\nX-Slow: "
BODY = (
    b"POST /v1/auth/login HTTP/1.1\r\nHost: annex\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)
LIST = b"GET /v1/records/posts?limit=1000 HTTP/1.1\r\nHost: annex\r\n\r\n"
# Of a hundred: half never end their head, some never their body, and a few take no answer.
SENT = [HEAD] * 50 + [BODY] * 48 + [LIST] * 2


@contextlib.contextmanager
def held(port: int, many: int) -> Iterator["Synchronized[int]"]:
    """Holds that many slow clients in a process of their own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if many > hard - SPARE_FILES:
        raise BenchError(f"a process may open {hard:,} files here: ask for fewer with --slow, or raise `ulimit -Hn`.")
    count = multiprocessing.Value("i", 0)
    holder = multiprocessing.Process(target=hold, args=(port, many, count), daemon=True)
    holder.start()
    try:
        deadline = time.monotonic() + 60
        while count.value < many * 9 // 10:
            if time.monotonic() > deadline or not holder.is_alive():
                raise BenchError(f"only {count.value:,} slow clients could connect.")
            time.sleep(0.1)
        yield count
    finally:
        holder.kill()
        holder.join()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def hold(port: int, many: int, count: "Synchronized[int]") -> None:
    """Connects again whenever a client is let go. Each sends a byte now and then."""
    selector = selectors.DefaultSelector()
    begun: dict[socket.socket, float] = {}
    number = 0
    while True:
        # A few at a time, or the accepting of them would be what is measured.
        for _ in range(min(200, many - len(begun))):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with contextlib.suppress(OSError):
                client.connect(("127.0.0.1", port))
                client.send(SENT[number % len(SENT)])
                client.setblocking(False)
                takes_nothing = SENT[number % len(SENT)] is LIST
                if not takes_nothing:
                    selector.register(client, selectors.EVENT_READ)
                begun[client] = time.monotonic() if not takes_nothing else float("inf")
                number += 1
        count.value = len(begun)
        for key, _ in selector.select(timeout=0.05):
            selector.unregister(key.fileobj)
            begun.pop(key.fileobj)
            key.fileobj.close()
        now = time.monotonic()
        for client, at in begun.items():
            if now - at > 3:
                begun[client] = now
                with contextlib.suppress(OSError):
                    client.send(b"a")
