"""Annex, over the same cluster as the others, set up through its own API."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from .. import ROOT, BenchError, posts
from ..cases import Case
from ..http import answers
from ..load import Request
from ..posts import CALLERS
from ..process import free_port, running, wait_until
from .bare import clean_database
from .base import LISTED, HttpPeer

DATABASE = "annex"
ADMIN = "bench@example.com"
PASSWORD = "eleven loud herons at dusk"
POSTS_COLLECTION = {
    "name": "posts",
    "fields": [
        {"name": "title", "type": "text", "required": True},
        {"name": "body", "type": "text", "required": True},
        {"name": "status", "type": "text", "required": True},
        {"name": "author_id", "type": "uuid", "required": True},
    ],
    "indexes": [{"fields": ["author_id", "created_at"]}],
    "rules": {"list": "", "view": "", "create": ""},
}
OWNERSHIP_RULE = "author_id = @user.id"


class Annex(HttpPeer):
    name = "annex"
    title = "Annex"
    settings: ClassVar[dict[str, str]] = {}
    """More of its environment."""

    def version(self) -> str:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True, capture_output=True, check=False
        ).stdout.strip()
        return f"Annex {commit}" if commit else "Annex"

    def setup(self) -> None:
        self.binary = self.context.annex_binary or built()
        cluster = self.context.cluster
        cluster.psql("postgres", f"create database {DATABASE}")
        with self.serving():
            admin = self.sign_in(ADMIN)["access_token"]
            self.call("POST", "/v1/collections", POSTS_COLLECTION, admin)
            self.callers = [
                self.call("POST", "/v1/users", {"email": email(caller), "password": PASSWORD}, admin)["id"]
                for caller in range(CALLERS)
            ]
        cluster.psql(DATABASE, posts.fill_sql(self.callers))
        cluster.psql(DATABASE, "vacuum analyze posts")

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        self.port, log = free_port(), self.folder / "server.log"
        env = os.environ | {
            "ANNEX_DATABASE_URL": self.context.cluster.url(DATABASE),
            "ANNEX_DATA_DIR": str(self.folder / "data"),
            "ANNEX_LISTEN": f"127.0.0.1:{self.port}",
            "ANNEX_ADMIN_EMAIL": ADMIN,
            "ANNEX_ADMIN_PASSWORD": PASSWORD,
            **self.settings,
        }
        with running([self.binary, "serve"], log, env=env, cwd=self.folder) as process:
            self.pid = process.pid
            wait_until(lambda: answers(self.port, "/readyz"), process, log, self.title)
            yield

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.serving():
            self.tokens = [self.sign_in(email(caller))["access_token"] for caller in range(CALLERS)]
            yield

    def set_rules(self, case: Case) -> None:
        rule = OWNERSHIP_RULE if case.name == "A1" else ""
        admin = self.sign_in(ADMIN)["access_token"]
        self.call("PATCH", "/v1/collections/posts", {"rules": {"view": rule}}, admin)

    def sign_in(self, address: str) -> dict:
        return self.call("POST", "/v1/auth/login", {"email": address, "password": PASSWORD})

    def author_key(self, author: int) -> str:
        return self.callers[author] if author < CALLERS else posts.author_id(author)

    def read_by_id(self, id: str) -> Request:
        return Request("GET", f"/v1/records/posts/{id}")

    def list_posts(self, author: int) -> Request:
        wanted = quote(f'author_id = "{self.author_key(author)}"')
        return Request("GET", f"/v1/records/posts?filter={wanted}&sort=-created_at&limit={LISTED}")

    def create_post(self, author: int) -> Request:
        return Request("POST", "/v1/records/posts", body=self.create_body(author))

    def clean(self) -> None:
        clean_database(self.context.cluster, DATABASE)


def email(caller: int) -> str:
    return f"caller{caller}@example.com"


def built() -> Path:
    """Builds the server as it is shipped and says where the program is."""
    print("building annex (release) …", flush=True)
    command = ["cargo", "build", "--release", "--bin", "annex", "--message-format", "json-render-diagnostics"]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise BenchError("Annex did not build; the compiler says why above.")
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            return Path(message["executable"])
    raise BenchError("cargo built no program `annex`.")
