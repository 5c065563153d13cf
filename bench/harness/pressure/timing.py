"""Whether the time that a refusal takes tells if an account exists."""

import argparse
import http.client
import json
import random
import statistics
import time

from .. import BenchError
from ..peers.annex import Annex, email
from ..posts import CALLERS


def timing(annex: Annex, arguments: argparse.Namespace) -> None:
    known = [email(caller) for caller in range(CALLERS)]
    unknown = [address.replace("caller", "nobody") for address in known]
    tries = [(True, known), (False, unknown)] * (arguments.samples // 2)
    random.shuffle(tries)
    connection = http.client.HTTPConnection("127.0.0.1", annex.port, timeout=30)
    for _ in range(20):
        refused(connection, random.choice(known))
    took: dict[bool, list[float]] = {True: [], False: []}
    for exists, addresses in tries:
        took[exists].append(refused(connection, random.choice(addresses)))
    there, missing = (statistics.median(took[exists]) for exists in (True, False))
    print(f"timing: {arguments.samples:,} refused sign-ins: AUC {auc(took[True], took[False]):.3f}")
    print(f"  median {there:.2f} ms where the account exists, {missing:.2f} ms where it does not", flush=True)


def refused(connection: http.client.HTTPConnection, address: str) -> float:
    """How long a wrong password takes to be refused, in milliseconds."""
    body = json.dumps({"email": address, "password": "seven wrong otters at dawn"})
    somewhere = f"198.{random.randint(18, 19)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
    headers = {"Content-Type": "application/json", "X-Forwarded-For": somewhere}
    begun = time.perf_counter()
    connection.request("POST", "/v1/auth/login", body, headers)
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - begun) * 1000
    if answer.status != 401:
        raise BenchError(f"a wrong password was answered with {answer.status}.")
    return took


def auc(these: list[float], those: list[float]) -> float:
    """How often one of these is larger than one of those: 0.5 tells nothing, 1 and 0 tell all (Mann-Whitney)."""
    ranked = sorted([(value, True) for value in these] + [(value, False) for value in those])
    ranks = sum(rank for rank, (_, one_of_these) in enumerate(ranked, 1) if one_of_these)
    return (ranks - len(these) * (len(these) + 1) / 2) / (len(these) * len(those))
