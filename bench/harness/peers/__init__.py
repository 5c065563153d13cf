"""The backends that are measured, in the order of the table."""

from .annex import Annex
from .bare import Pgbench
from .base import Context, Peer
from .node import Express, Fastify
from .pocketbase import PocketBase

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Pgbench, Annex, Fastify, Express, PocketBase)}

__all__ = ["PEERS", "Context", "Peer"]
