"""The command line: which measurements, and how many jobs."""

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
from .annex import Annex
from .drain import drain, report
from .pressure import blocked, idle, latency, pinned

KINDS = {"drain": None, "latency": latency, "idle": idle, "blocked": blocked, "pinned": pinned}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/jobs", description="Measures the queue of jobs beside its peers.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"some of {', '.join(KINDS)} (all)")
    parser.add_argument("--jobs", type=int, default=200_000, help="how many are drained (200,000)")
    parser.add_argument("--peers", default="annex,pgbench,graphile,pgboss,bullmq", help="those that drain (all)")
    parser.add_argument("--concurrency", type=int, default=50, help="jobs that Annex runs at once (50)")
    parser.add_argument("--annex-binary", type=Path, help="a built example `noop` (else it is built)")
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
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="annex-jobs-", dir="/var/tmp")))
            folder.chmod(0o755)
            started = stack.enter_context(cluster(folder))
            load = ", ".join(f"{figure:.1f}" for figure in os.getloadavg())
            print(f"{os.cpu_count()} cores, load {load}, {platform.release()}, Postgres {started.version()}\n")
            annex = Annex(started, folder, arguments.annex_binary, arguments.concurrency)
            for kind in arguments.kinds or KINDS:
                if kind == "drain":
                    report(drain(started, folder, annex, arguments.peers.split(","), arguments.jobs))
                else:
                    annex.setup()
                    KINDS[kind](annex, arguments)
    except BenchError as error:
        print(f"jobs: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("jobs: interrupted; everything that it started is stopped.", file=sys.stderr)
        return 130
    return 0
