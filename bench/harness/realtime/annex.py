"""Annex, as it is started in production, with what realtime is measured on."""

import json
import time

from .. import BenchError
from ..peers.annex import ADMIN, DATABASE, PASSWORD, Annex, built
from ..process import cpu_seconds, resident_bytes

WEBSOCKET = "/v1/realtime"


class Live(Annex):
    """An empty database, to which everybody may connect from one address."""

    def setup(self) -> None:
        self.binary = self.context.annex_binary or built()
        cluster = self.context.cluster
        # The log is read at the first place that a URL names, so this one names the socket alone.
        url = f"postgres:///{DATABASE}?host={cluster.socket}&user={cluster.user}"
        self.settings = {"ANNEX_REALTIME_CONNECTIONS": "100000", "ANNEX_DATABASE_URL": url}
        self.context.cluster.psql("postgres", f"drop database if exists {DATABASE} with (force)")
        self.context.cluster.psql("postgres", f"create database {DATABASE}")

    def sql(self, statements: str) -> str:
        return self.context.cluster.psql(DATABASE, statements)

    def admin(self) -> str:
        return self.sign_in(ADMIN)["access_token"]

    def caller(self, number: int, admin: str) -> str:
        """A token of an account of its own."""
        account = {"email": f"caller{number}@example.com", "password": PASSWORD}
        self.call("POST", "/v1/users", account, admin)
        return self.sign_in(account["email"])["access_token"]

    def is_read(self, admin: str) -> None:
        """Waits until the log is read."""
        deadline = time.monotonic() + 60
        while not (feed := self.call("GET", "/v1/realtime/status", token=admin)["feed"])["caught_up"]:
            if time.monotonic() > deadline:
                raise BenchError(f"Annex does not read the log: {feed}")
            time.sleep(0.1)

    def cpu(self) -> float:
        """What the server and Postgres have cost so far, in seconds."""
        return cpu_seconds(self.pid) + cpu_seconds(self.context.cluster.pid)

    def memory(self) -> int:
        return resident_bytes(self.pid)


def say(op: str, **members: object) -> str:
    return json.dumps({"op": op, **members})
