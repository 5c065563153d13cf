"""Express 5 and Fastify 5 with node-postgres: one process each, as most projects run them."""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, ClassVar

from .. import BENCH, BenchError, posts
from ..http import answers
from ..load import Request
from ..process import free_port, running, wait_until
from .bare import DATABASE, clean_database, make_database
from .base import HttpPeer

NODE = BENCH / "node"
SECRET = "a secret of the benchmark, 32 bytes and more"


class NodePeer(HttpPeer):
    script: ClassVar[str]
    package: ClassVar[str]

    def version(self) -> str:
        locked = json.loads((NODE / "package-lock.json").read_text())["packages"]
        node = subprocess.run(["node", "--version"], text=True, capture_output=True, check=True).stdout.strip()
        package, driver = (locked[f"node_modules/{name}"]["version"] for name in (self.package, "pg"))
        return f"{self.package} {package}, pg {driver}, Node.js {node.removeprefix('v')}"

    def setup(self) -> None:
        make_database(self.context.cluster)
        install()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self.port, log = free_port(), self.folder / "server.log"
        env = os.environ | {
            "NODE_ENV": "production",
            "PORT": str(self.port),
            "DATABASE_URL": self.context.cluster.url(DATABASE),
            "JWT_SECRET": SECRET,
        }
        with running(["node", NODE / self.script], log, env=env, cwd=NODE) as process:
            self.pid = process.pid
            wait_until(lambda: answers(self.port, self.read_post(0).path), process, log, self.title)
            self.tokens = [
                self.call("POST", "/login", {"author_id": posts.author_id(caller)})["access_token"]
                for caller in range(posts.CALLERS)
            ]
            yield

    def clean(self) -> None:
        clean_database(self.context.cluster, DATABASE)

    def read_own_post(self, number: int, token: str) -> Request:
        return Request("GET", f"/my/posts/{self.post_key(number)}", token)

    def read_by_id(self, id: str) -> Request:
        return Request("GET", f"/posts/{id}")

    def list_posts(self, author: int) -> Request:
        return Request("GET", f"/posts?author_id={posts.author_id(author)}")

    def create_post(self, author: int) -> Request:
        return Request("POST", "/posts", body=self.create_body(author))

    def items(self, document: Any) -> list[dict]:
        return document


class Express(NodePeer):
    name = "express"
    title = "Express + pg"
    script = "express.js"
    package = "express"


class Fastify(NodePeer):
    name = "fastify"
    title = "Fastify + pg"
    script = "fastify.js"
    package = "fastify"


def install() -> None:
    """Installs exactly what the lock file says, where that is not done yet."""
    lock, installed = NODE / "package-lock.json", NODE / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    if not shutil.which("npm"):
        raise BenchError(
            "npm was not found: `apt-get install nodejs npm` (Node.js 20 or newer),"
            " or leave out the peers express and fastify."
        )
    command = ["npm", "install", "--no-save", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=NODE, text=True, capture_output=True)
    if done.returncode != 0:
        raise BenchError(f"npm install failed in bench/node:\n{done.stderr}")
