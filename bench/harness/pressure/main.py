"""The command line: which kinds of pressure, and how much."""

import argparse
import contextlib
import signal
import sys
import tempfile
from pathlib import Path

from .. import BenchError
from ..cluster import cluster
from ..peers.annex import Annex
from ..peers.base import Context
from .logins import logins
from .slow import slow
from .timing import timing

KINDS = {"logins": logins, "slow": slow, "timing": timing}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/pressure", description="Measures what others notice of those who press."
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"some of {', '.join(KINDS)} (all)")
    parser.add_argument("--logins", type=int, default=500, help="sign-ins at the same time (500)")
    parser.add_argument("--slow", type=int, default=10_000, help="slow clients (10,000)")
    parser.add_argument("--samples", type=int, default=2000, help="failed sign-ins that are timed (2,000)")
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
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="annex-pressure-", dir="/var/tmp")))
            folder.chmod(0o755)
            started = stack.enter_context(cluster(folder))
            binary = arguments.annex_binary.resolve() if arguments.annex_binary else None
            annex = Annex(Context(cluster=started, folder=folder, annex_binary=binary, connections=8))
            # Each sample comes from an address of its own: failures from one run out.
            Annex.settings = {"ANNEX_TRUSTED_PROXIES": "127.0.0.1"}
            annex.setup()
            for kind in arguments.kinds or KINDS:
                # A server of its own each: memory and throttles begin anew.
                with annex.running():
                    KINDS[kind](annex, arguments)
    except BenchError as error:
        print(f"pressure: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("pressure: interrupted; everything that it started is stopped.", file=sys.stderr)
        return 130
    return 0
