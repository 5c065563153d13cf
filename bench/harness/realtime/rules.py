"""A change of a row is told to those whom a rule lets see it, which is decided for each: Annex beside PocketBase."""

import argparse
import contextlib
import subprocess
from collections.abc import Iterator

from ..peers.pocketbase import ADMIN, PASSWORD, PocketBase, installed
from ..process import cpu_seconds
from .annex import WEBSOCKET, Live, say
from .fanout import TEXT, measured, posting
from .figures import Delivered, beside
from .sockets import sockets

FIELDS = [{"name": name, "type": "text"} for name in ("kind", "owner", "text")]
RECORD = {"kind": "public", "owner": "", "text": TEXT}


def rules(annex: Live, arguments: argparse.Namespace) -> None:
    ours, theirs = of_annex(annex, arguments), of_pocketbase(annex, arguments)
    beside(f"rule-checked fan-out to {arguments.subscribers:,} accounts, 200 bytes", ours, theirs)


def of_annex(annex: Live, arguments: argparse.Namespace) -> Delivered:
    with annex.serving():
        admin = annex.admin()
        rule = 'kind = "public" or owner = @user.email'
        access = {"list": rule, "view": rule, "create": None}
        annex.call("POST", "/v1/collections", {"name": "notices", "fields": FIELDS, "rules": access}, admin)
        annex.call("PATCH", "/v1/collections/notices", {"realtime": True}, admin)
        annex.is_read(admin)
        tokens = annex.folder / "tokens"
        tokens.write_text("\n".join(annex.caller(number, admin) for number in range(arguments.subscribers)))
        options = ["--say", say("subscribe", id="n", collection="notices"), "--ready", '"op":"subscribed"']
        options += ["--counted", '"op":"event"', "--tokens", tokens]
        with sockets(annex.port, WEBSOCKET, arguments.subscribers, *options) as held:
            held.until(lambda report: report["ready"] == held.count, "everybody subscribes")
            write = posting(annex.port, "/v1/records/notices", admin, RECORD)
            return measured("Annex", held, annex.cpu, write, arguments)


class LivePocketBase(PocketBase):
    """PocketBase with nothing but what is told."""

    def setup(self) -> None:
        self.binary = installed()
        upsert = [self.binary, "superuser", "upsert", ADMIN, PASSWORD, "--dir", self.data]
        subprocess.run(upsert, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def caller(self, number: int, admin: str) -> str:
        account = {"email": f"caller{number}@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD}
        made = self.call("POST", "/api/collections/users/records", account, admin)
        return self.call("POST", f"/api/collections/users/impersonate/{made['id']}", {}, admin)["token"]


@contextlib.contextmanager
def serving(annex: Live) -> Iterator[LivePocketBase]:
    pocketbase = LivePocketBase(annex.context)
    pocketbase.setup()
    with pocketbase.serving():
        yield pocketbase


def of_pocketbase(annex: Live, arguments: argparse.Namespace) -> Delivered:
    with serving(annex) as pocketbase:
        admin, pid = pocketbase.admin_token(), pocketbase.pid
        rule = 'kind = "public" || owner = @request.auth.email'
        collection = {"name": "notices", "type": "base", "fields": FIELDS, "listRule": rule, "viewRule": rule}
        pocketbase.call("POST", "/api/collections", collection, admin)
        tokens = [pocketbase.caller(number, admin) for number in range(arguments.subscribers)]
        options = ["--events", "--counted", '"action":"create"', "--named", '"clientId":"']
        with sockets(pocketbase.port, "/api/realtime", arguments.subscribers, *options) as held:
            connected = held.until(lambda report: len(report["names"]) == held.count, "everybody is named")
            for name, token in zip(connected["names"], tokens, strict=True):
                wanted = {"clientId": name, "subscriptions": ["notices/*"]}
                pocketbase.call("POST", "/api/realtime", wanted, token)
            write = posting(pocketbase.port, "/api/collections/notices/records", admin, RECORD)
            return measured("PocketBase", held, lambda: cpu_seconds(pid), write, arguments)
