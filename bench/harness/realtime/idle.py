"""Sockets that are open and told nothing."""

import argparse
import time

from .annex import WEBSOCKET, Live, say
from .sockets import sockets

SECONDS = 60


def idle(annex: Live, arguments: argparse.Namespace) -> None:
    """What they take of memory, and what of the CPU."""
    with annex.serving():
        admin = annex.admin()
        channel = {"name": "news", "topic": "news", "rules": {"join": "", "send": None, "presence": None}}
        annex.call("POST", "/v1/channels", channel, admin)
        annex.is_read(admin)
        time.sleep(5)
        quiet = cost(annex)
        before = annex.memory()
        options = ["--say", say("join", topic="news"), "--ready", '"op":"joined"', "--counted", '"op":"broadcast"']
        with sockets(annex.port, WEBSOCKET, arguments.idle, *options) as held:
            held.until(lambda report: report["ready"] == held.count, "everybody joins")
            time.sleep(5)
            each = (annex.memory() - before) / held.count
            busy = cost(annex)
            left = held.report()["open"]
    print(
        f"idle: {left:,} sockets held, {each / 1024:.1f} KiB each; {busy:.2%} of a core, without them {quiet:.2%}",
        flush=True,
    )


def cost(annex: Live) -> float:
    """The part of a core that the server and Postgres take."""
    before = annex.cpu()
    time.sleep(SECONDS)
    return (annex.cpu() - before) / SECONDS
