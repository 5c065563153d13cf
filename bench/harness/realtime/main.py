"""The command line: which measurements, and how much."""

import argparse
import contextlib
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path

from .. import BenchError
from ..cluster import cluster
from ..peers.base import Context
from .annex import Live
from .changes import drain, latency, many
from .fanout import fanout
from .idle import idle
from .rules import rules

KINDS = {"fanout": fanout, "rules": rules, "latency": latency, "many": many, "drain": drain, "idle": idle}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/realtime", description="Measures realtime beside its peers.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"some of {', '.join(KINDS)} (all)")
    parser.add_argument("--clients", type=int, default=1000, help="how many are told what is said (1,000)")
    parser.add_argument("--messages", type=int, default=200, help="how many messages they are told (200)")
    parser.add_argument("--rate", type=int, default=20, help="messages a second, where that is steady (20)")
    parser.add_argument("--subscribers", type=int, default=200, help="accounts that are told under a rule (200)")
    parser.add_argument("--changes", type=int, default=1000, help="changes a second whose way is timed (1,000)")
    parser.add_argument("--rows", type=int, default=100_000, help="changes that are drained (100,000)")
    parser.add_argument("--subscriptions", type=int, default=100_000, help="subscriptions of which few match (100,000)")
    parser.add_argument("--idle", type=int, default=19_500, help="sockets that are told nothing (19,500)")
    parser.add_argument("--annex-binary", type=Path, help="a built annex (else `cargo build --release`)")
    arguments = parser.parse_args()
    unknown = [kind for kind in arguments.kinds if kind not in KINDS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: not among {', '.join(KINDS)}")
    return arguments


def main() -> int:
    arguments = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="annex-realtime-", dir="/var/tmp")))
            folder.chmod(0o755)
            started = stack.enter_context(cluster(folder))
            load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
            print(f"{os.cpu_count()} cores, load {load}, {platform.release()}, Postgres {started.version()}")
            binary = arguments.annex_binary.resolve() if arguments.annex_binary else None
            annex = Live(Context(cluster=started, folder=folder, annex_binary=binary, connections=8))
            for kind in arguments.kinds or KINDS:
                annex.setup()
                KINDS[kind](annex, arguments)
    except BenchError as error:
        print(f"realtime: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("realtime: interrupted; everything that it started is stopped.", file=sys.stderr)
        return 130
    return 0
