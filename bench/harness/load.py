"""One run of a load generator: `wrk` for HTTP, `pgbench` for bare statements."""

import json
import os
import re
import resource
import statistics
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import BENCH, BenchError
from .cluster import Cluster

THREADS = 2


@dataclass(frozen=True)
class Request:
    """One HTTP request of the load."""

    method: str
    path: str
    token: str = ""
    body: str = ""

    def line(self) -> str:
        """As `wrk/requests.lua` reads it."""
        return f"{self.method}\t{self.path}\t{self.token}\t{self.body}\n"


@dataclass(frozen=True)
class Load:
    """What a load generator saw."""

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    errors: int
    own_cpu_seconds: float


def write_requests(requests: Iterable[Request], file: Path) -> None:
    with open(file, "w") as output:
        output.writelines(request.line() for request in requests)


def wrk(port: int, requests: Path, connections: int, seconds: int) -> Load:
    command = ["wrk", f"-t{THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", BENCH / "wrk" / "requests.lua", f"http://127.0.0.1:{port}"]
    output, cpu = run_timed(command, seconds, env=os.environ | {"REQUESTS": str(requests)})
    try:
        seen = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise BenchError(f"wrk gave no result:\n{output}") from error
    return Load(
        seen["requests"], seen["seconds"], seen["p50_us"], seen["p99_us"], seen["bad_status"] + seen["broken"], cpu
    )


def pgbench(
    cluster: Cluster, database: str, script: Path, variables: dict[str, str], connections: int, seconds: int, logs: Path
) -> Load:
    for old in logs.glob("pgbench_log.*"):
        old.unlink()
    command = [cluster.bin / "pgbench", "-n", "-M", "prepared", "-h", cluster.socket, "-U", cluster.user]
    command += ["-c", str(connections), "-j", str(THREADS), "-T", str(seconds), "-f", script]
    # A sample of the latencies: writing down every one would itself take time.
    command += ["--log", "--sampling-rate=0.05"]
    for name, value in variables.items():
        command += ["-D", f"{name}={value}"]
    output, cpu = run_timed([*command, database], seconds, cwd=logs)
    transactions = re.search(r"number of transactions actually processed: (\d+)", output)
    rate = re.search(r"tps = ([\d.]+) \(without initial connection time\)", output)
    if not transactions or not rate:
        raise BenchError(f"pgbench gave no result:\n{output}")
    latencies = [float(line.split()[2]) for log in logs.glob("pgbench_log.*") for line in log.read_text().splitlines()]
    centiles = statistics.quantiles(latencies, n=100)
    count = int(transactions[1])
    return Load(count, count / float(rate[1]), centiles[49], centiles[98], 0, cpu)


def run_timed(
    command: list, seconds: int, env: dict[str, str] | None = None, cwd: Path | None = None
) -> tuple[str, float]:
    """Runs a load generator to its end; its output and the CPU time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(
            [str(word) for word in command], env=env, cwd=cwd, text=True, capture_output=True, timeout=seconds + 60
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command[0]} did not end within {seconds + 60} s.") from error
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise BenchError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, cpu
