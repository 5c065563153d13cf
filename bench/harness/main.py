"""The command line: which peers, which cases, how long, and where the figures go."""

import argparse
import contextlib
import datetime
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import BENCH, BenchError
from .cases import CASES
from .cluster import cluster
from .machine import machine
from .measure import Run, measure
from .peers import PEERS, Context, Peer
from .report import DISTURBED_SHARE, write_report


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures Annex beside its peers, one at a time.")
    names = ",".join
    parser.add_argument("--cases", type=chosen(CASES), default=list(CASES), help=f"some of {names(CASES)} (all)")
    parser.add_argument("--peers", type=chosen(PEERS), default=list(PEERS), help=f"some of {names(PEERS)} (all)")
    parser.add_argument("--seconds", type=int, default=15, help="length of a run (15)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each case, of which the median counts (3)")
    parser.add_argument("--connections", type=int, default=32, help="connections of the load (32)")
    parser.add_argument(
        "--out", type=Path, help="the file of results (bench/results/<date>.json, and docs/BENCHMARKS.md anew)"
    )
    parser.add_argument("--annex-binary", type=Path, help="a built annex (else `cargo build --release`)")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="RESULTS",
        help="measure nothing: write docs/BENCHMARKS.md from a file of results",
    )
    return parser.parse_args()


def chosen(known: dict):
    """A parser of a comma-separated choice."""

    def parse(text: str) -> list[str]:
        wanted = [word.strip() for word in text.split(",")]
        unknown = [word for word in wanted if word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return [word for word in known if word in wanted]

    return parse


def main() -> int:
    arguments = options()
    # A plain `kill` must clean up just as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if arguments.report:
            write_report(json.loads(arguments.report.read_text()))
            return 0
        results = measure_all(arguments)
        out = arguments.out or BENCH / "results" / f"{datetime.date.today()}.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(results, indent=1) + "\n")
        print(f"results: {out}")
        if not arguments.out:
            write_report(results)
            print("report: docs/BENCHMARKS.md, docs/benchmarks.svg")
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted; everything that it started is stopped.", file=sys.stderr)
        return 130
    return 0


def measure_all(arguments: argparse.Namespace) -> dict:
    if not shutil.which("wrk"):
        raise BenchError("wrk was not found: `apt-get install -y wrk`.")
    with contextlib.ExitStack() as stack:
        # Not /tmp, which may be memory: Postgres's flushes are part of what is measured.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="annex-bench-", dir="/var/tmp")))
        folder.chmod(0o755)
        context = Context(
            cluster=stack.enter_context(cluster(folder)),
            folder=folder,
            annex_binary=arguments.annex_binary.resolve() if arguments.annex_binary else None,
            connections=arguments.connections,
        )
        peers = [PEERS[name](context) for name in arguments.peers]
        for peer in peers:
            started = time.monotonic()
            peer.setup()
            print(f"{peer.title}: ready after {time.monotonic() - started:.1f} s", flush=True)
        runs: list[Run] = []
        for number in range(1, arguments.runs + 1):
            for peer in peers:
                runs += one_round(peer, arguments, number)
        return {
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "seconds": arguments.seconds,
            "runs": arguments.runs,
            "connections": arguments.connections,
            "machine": machine(),
            "postgres": context.cluster.version(),
            "peers": {peer.name: {"title": peer.title, "version": peer.version()} for peer in peers},
            "cases": {name: CASES[name].title for name in arguments.cases},
            "measured": [run.as_json() for run in runs],
        }


def one_round(peer: Peer, arguments: argparse.Namespace, number: int) -> list[Run]:
    """Every case once, on a peer that is started for it and stopped afterwards."""
    runs = []
    with peer.running():
        for name in arguments.cases:
            run = measure(peer, CASES[name], arguments.seconds)
            if run.errors:
                raise BenchError(f"{peer.title} failed {run.errors} of {run.requests} requests of {name}.")
            runs.append(run)
            disturbed = (
                f"  (disturbed: {run.foreign_share:.0%} other work)" if run.foreign_share > DISTURBED_SHARE else ""
            )
            print(
                f"run {number}/{arguments.runs}  {name}  {peer.title:<24} {run.rate:>9,.0f}/s"
                f"  server {run.server_us:>6.0f} us  Postgres {run.postgres_us:>5.0f} us"
                f"  p50 {run.p50_us / 1000:>6.2f} ms  p99 {run.p99_us / 1000:>6.2f} ms"
                f"  {run.server_bytes / 2**20:>4.0f} MiB{disturbed}",
                flush=True,
            )
    peer.clean()
    return runs
