"""Many sign in at the same time: memory stays bounded, and others are answered meanwhile."""

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path

from ..peers.annex import PASSWORD, Annex, email
from ..posts import CALLERS
from .latency import sampling

MIB = 2**20


def logins(annex: Annex, arguments: argparse.Namespace) -> None:
    with sampling(annex.port, "/healthz") as quiet:
        time.sleep(5)
    before = peak_bytes(annex.pid)
    with sampling(annex.port, "/healthz") as pressed:
        begun = time.monotonic()
        statuses = asyncio.run(sign_in_together(annex.port, arguments.logins))
        took = time.monotonic() - begun
    told = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    print(f"logins: {arguments.logins} at the same time took {took:.1f} s: {told}")
    print(f"  /healthz before: {quiet}")
    print(f"  /healthz meanwhile: {pressed}")
    print(f"  memory at its peak: {before / MIB:.0f} MiB before, {peak_bytes(annex.pid) / MIB:.0f} MiB after", flush=True)


async def sign_in_together(port: int, count: int) -> Counter[str]:
    return Counter(await asyncio.gather(*(sign_in(port, number) for number in range(count))))


async def sign_in(port: int, number: int) -> str:
    body = json.dumps({"email": email(number % CALLERS), "password": PASSWORD}).encode()
    head = (
        "POST /v1/auth/login HTTP/1.1\r\nHost: annex\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    answer = await reader.read()
    writer.close()
    return answer[9:12].decode() or "nothing"


def peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
