"""Starting programs, stopping them, and what they cost, as Linux's /proc counts it."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import BenchError

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Stat:
    """One line of /proc/<pid>/stat."""

    parent: int
    own_ticks: int
    ended_children_ticks: int
    resident_pages: int


def read_stat(pid: int) -> Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything; the numbers begin after its last parenthesis.
    fields = text.rpartition(")")[2].split()
    return Stat(
        parent=int(fields[1]),
        own_ticks=int(fields[11]) + int(fields[12]),
        ended_children_ticks=int(fields[13]) + int(fields[14]),
        resident_pages=int(fields[21]),
    )


def tree(root: int) -> list[Stat]:
    """The process and all that descend from it."""
    stats = {int(entry): stat for entry in os.listdir("/proc") if entry.isdigit() and (stat := read_stat(int(entry)))}
    children: dict[int, list[int]] = {}
    for pid, stat in stats.items():
        children.setdefault(stat.parent, []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        if pid in stats:
            found.append(stats[pid])
            waiting += children.get(pid, [])
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of a process tree so far, with that of children that have ended."""
    return sum(stat.own_ticks + stat.ended_children_ticks for stat in tree(root)) / TICKS_PER_SECOND


def resident_bytes(root: int) -> int:
    return sum(stat.resident_pages for stat in tree(root)) * PAGE_BYTES


def machine_busy_seconds() -> float:
    """CPU time that the whole machine has spent, without idling and waiting for disks."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq) / TICKS_PER_SECOND


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers_at(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(
    command: list[str | Path],
    log: Path,
    *,
    stop: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen]:
    """Runs a program in the background, its output in `log`, and stops it at the end whatever happens."""
    identity = {"user": user, "group": user_group(user), "extra_groups": []} if user else {}
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=cwd,
            # Ctrl-C is for the benchmark, which then stops its programs in order.
            start_new_session=True,
            **identity,
        )
    try:
        yield process
    finally:
        process.send_signal(stop)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def user_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def wait_until(ready, process: subprocess.Popen, log: Path, what: str, seconds: float = 30) -> None:
    """Waits until `ready()` is true; says what `what` wrote where it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise BenchError(f"{what} {'ended' if ended else 'did not answer'}; the end of its output:\n{last}")
        time.sleep(0.05)
