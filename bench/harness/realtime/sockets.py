"""The load: `bench/sockets`, which holds sockets open and counts what they are sent."""

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import ROOT, BenchError


class Sockets:
    def __init__(self, process: subprocess.Popen, count: int):
        self.process, self.count = process, count

    def tell(self, word: str) -> None:
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def report(self) -> dict:
        self.tell("report")
        line = self.process.stdout.readline()
        if not line:
            raise BenchError("the program that holds the sockets has ended")
        return json.loads(line)

    def until(self, done: Callable[[dict], bool], what: str, seconds: float = 120) -> dict:
        """Waits until the report is such; nothing may have gone wrong by then."""
        deadline = time.monotonic() + seconds
        while True:
            report = self.report()
            if report["lost"] or report["wrong"]:
                raise BenchError(f"{report['lost']} sockets were lost: {report['wrong']}")
            if done(report):
                return report
            if time.monotonic() > deadline:
                raise BenchError(f"{what}: not within {seconds} s: {report | {'names': len(report['names'])}}")
            time.sleep(0.05)

    def told(self, each: int, seconds: float = 120) -> dict:
        """Waits until every socket has been told so many, and looks that none is told more."""
        self.until(lambda report: report["counted"] >= each * self.count, "everybody is told", seconds)
        time.sleep(0.3)
        return self.until(
            lambda report: report["least"] == report["most"] == each, "everybody is told just that", seconds=1
        )


    def one_told(self, many: int) -> None:
        """Waits until a socket has been told so many, and looks that no other is told anything."""
        self.until(lambda report: report["counted"] == report["most"] == many, "one is told, and nobody else")


@contextlib.contextmanager
def sockets(port: int, path: str, count: int, *options: object) -> Iterator[Sockets]:
    """Opens sockets and holds them."""
    command = [built(), "--port", port, "--path", path, "--count", count, *options]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        held = Sockets(process, count)
        held.until(lambda report: report["open"] == count, "everybody connects")
        yield held
    finally:
        process.kill()
        process.wait()


def built() -> Path:
    """Builds the program, which is quick where it is built."""
    command = ["cargo", "build", "--release", "--package", "annex-sockets", "--message-format", "json"]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    messages = [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []
    for message in messages:
        if message.get("executable"):
            return Path(message["executable"])
    raise BenchError("`cargo build --package annex-sockets` has built no program")
