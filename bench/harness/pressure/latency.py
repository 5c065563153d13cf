"""How long small answers take, asked one at a time with pauses, so that asking is no load of its own."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PAUSE = 0.005


class Sampler:
    """Latencies of one path, in milliseconds."""

    def __init__(self) -> None:
        self.latencies: list[float] = []

    def __str__(self) -> str:
        centiles = statistics.quantiles(self.latencies, n=100)
        return (
            f"p50 {centiles[49]:.1f} ms, p99 {centiles[98]:.1f} ms, slowest {max(self.latencies):.1f} ms"
            f" of {len(self.latencies)}"
        )

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.latencies, n=100)[98]


@contextmanager
def sampling(port: int, path: str) -> Iterator[Sampler]:
    """Asks for a path over and over until the block ends."""
    sampler, ended = Sampler(), threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not ended.is_set():
            begun = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            sampler.latencies.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            time.sleep(PAUSE)
        connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield sampler
    finally:
        ended.set()
        thread.join()
