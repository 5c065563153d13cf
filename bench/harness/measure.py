"""One run: a load on a peer, and what it cost."""

from dataclasses import asdict, dataclass

from .cases import Case
from .peers.base import Peer
from .process import cpu_seconds, machine_busy_seconds, resident_bytes

WARM_UP_SECONDS = 2


@dataclass(frozen=True)
class Run:
    """What one run of one case on one peer gave."""

    peer: str
    case: str
    requests: int
    errors: int
    rate: float
    server_us: float
    postgres_us: float
    p50_us: float
    p99_us: float
    server_bytes: int
    foreign_share: float
    """How much of the machine's work meanwhile was neither the peer's, nor Postgres's, nor the load's."""

    def as_json(self) -> dict:
        return asdict(self)


def measure(peer: Peer, case: Case, seconds: int) -> Run:
    cluster, server = peer.context.cluster, peer.server_pid()
    peer.prepare(case)
    peer.check(case)
    peer.measure(case, min(WARM_UP_SECONDS, seconds))
    if peer.uses_postgres and case.name == "W1":
        # The first change of a page after a checkpoint costs more; everyone begins with all of them to pay.
        cluster.psql("postgres", "checkpoint")

    def spent() -> tuple[float, float]:
        return (cpu_seconds(server) if server else 0.0, cpu_seconds(cluster.pid) if peer.uses_postgres else 0.0)

    machine_before, before = machine_busy_seconds(), spent()
    load = peer.measure(case, seconds)
    after, machine_after = spent(), machine_busy_seconds()

    server_seconds, postgres_seconds = after[0] - before[0], after[1] - before[1]
    busy = machine_after - machine_before
    ours = server_seconds + postgres_seconds + load.own_cpu_seconds
    return Run(
        peer=peer.name,
        case=case.name,
        requests=load.requests,
        errors=load.errors,
        rate=load.requests / load.seconds,
        server_us=server_seconds / load.requests * 1e6,
        postgres_us=postgres_seconds / load.requests * 1e6,
        p50_us=load.p50_us,
        p99_us=load.p99_us,
        server_bytes=resident_bytes(server) if server else 0,
        foreign_share=max(0.0, 1 - ours / busy) if busy else 0.0,
    )
