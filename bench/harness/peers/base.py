"""What the harness asks of a peer."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from .. import BenchError, posts
from ..cases import Case
from ..cluster import Cluster
from ..http import Answer, call, send
from ..load import Load, Request, write_requests, wrk
from ..posts import CALLERS, POSTS, Post

LISTED = 20


@dataclass(frozen=True)
class Context:
    """What every peer is given."""

    cluster: Cluster
    folder: Path
    annex_binary: Path | None
    connections: int


class Peer:
    """A backend with 100,000 posts. `setup` happens once, `running` and `clean` around every run."""

    name: ClassVar[str]
    title: ClassVar[str]
    uses_postgres: ClassVar[bool] = True

    def __init__(self, context: Context):
        self.context = context
        self.folder = context.folder / self.name
        self.folder.mkdir(exist_ok=True)

    def version(self) -> str:
        """What was measured, for the report."""
        raise NotImplementedError

    def setup(self) -> None:
        """Installs or builds it and loads its rows."""
        raise NotImplementedError

    def running(self) -> AbstractContextManager[None]:
        """Starts it, and stops it at the end."""
        raise NotImplementedError

    def prepare(self, case: Case) -> None:
        """Makes ready what the case needs, before anything is measured."""

    def check(self, case: Case) -> None:
        """Raises where an answer of the case is not what it must be."""

    def measure(self, case: Case, seconds: int) -> Load:
        raise NotImplementedError

    def server_pid(self) -> int | None:
        """The root of the processes that are its server."""
        return None

    def clean(self) -> None:
        """Takes away what W1 wrote."""


class HttpPeer(Peer):
    """A backend that `wrk` can ask."""

    created_status: ClassVar[int] = 201
    port: int
    pid: int
    tokens: list[str]
    """A bearer token for each of the callers."""

    def server_pid(self) -> int:
        return self.pid

    # How this backend spells the four requests.

    def read_post(self, number: int) -> Request:
        return self.read_by_id(self.post_key(number))

    def read_own_post(self, number: int, token: str) -> Request:
        """Reads a post that only its author may read."""
        return replace(self.read_post(number), token=token)

    def post_key(self, number: int) -> str:
        return posts.post_id(number)

    def list_posts(self, author: int) -> Request:
        raise NotImplementedError

    def create_post(self, author: int) -> Request:
        raise NotImplementedError

    def author_key(self, author: int) -> str:
        return posts.author_id(author)

    def items(self, document: Any) -> list[dict]:
        """The rows of a list's answer."""
        return document["items"]

    def read_by_id(self, id: str) -> Request:
        raise NotImplementedError

    # The load and its checks, the same for all of them.

    def requests(self, case: Case) -> Iterator[Request]:
        match case.name:
            case "R1":
                yield from (self.read_post(number) for number in range(POSTS))
            case "R2":
                yield from (self.list_posts(author) for author in range(posts.AUTHORS))
            case "W1":
                yield from (self.create_post(author) for author in range(posts.AUTHORS))
            case "A1":
                for number in range(POSTS):
                    author = Post(number).author
                    if author < CALLERS:
                        yield self.read_own_post(number, self.tokens[author])

    def prepare(self, case: Case) -> None:
        self.set_rules(case)
        write_requests(self.requests(case), self.requests_file(case))

    def set_rules(self, case: Case) -> None:
        """Gives the posts the access rules of this case, where they are data and not code."""

    def requests_file(self, case: Case) -> Path:
        return self.folder / f"{case.name}.tsv"

    def measure(self, case: Case, seconds: int) -> Load:
        return wrk(self.port, self.requests_file(case), self.context.connections, seconds)

    def create_body(self, author: int) -> str:
        return json.dumps(
            {
                "title": f"Created {author}",
                "body": Post(author).body,
                "status": "draft",
                "author_id": self.author_key(author),
            }
        )

    def check(self, case: Case) -> None:
        match case.name:
            case "R1":
                for number in (0, 1, 4_711, POSTS - 1):
                    self.expect_post(self.ask(self.read_post(number)), Post(number))
            case "R2":
                for author in (0, 500):
                    rows = self.items(self.ask(self.list_posts(author)))
                    wanted = posts.newest_of(author, LISTED)
                    if len(rows) != LISTED:
                        raise BenchError(f"{self.title}: {len(rows)} rows listed instead of {LISTED}.")
                    for row, post in zip(rows, wanted, strict=True):
                        self.expect_post(row, post)
            case "W1":
                made = self.ask(self.create_post(7), self.created_status)
                read = self.ask(self.read_by_id(made["id"]))
                if (made["title"], read["title"]) != ("Created 7", "Created 7"):
                    raise BenchError(f"{self.title}: a created post reads back as {read}.")
            case "A1":
                self.expect_post(self.ask(self.read_own_post(1, self.tokens[1])), Post(1))
                for token, what in ((self.tokens[2], "another caller"), ("", "nobody")):
                    answer = send(self.port, self.read_own_post(1, token))
                    if answer.status not in (401, 403, 404):
                        raise BenchError(f"{self.title}: {what} may read a post that is not theirs: {answer}.")

    def ask(self, request: Request, status: int = 200) -> Any:
        answer = send(self.port, request)
        if answer.status != status:
            raise BenchError(f"{self.title}: {request.method} {request.path} answered {answer}.")
        return answer.json

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """A call of the set-up, which must succeed."""
        answer: Answer = call(self.port, method, path, body, token)
        if answer.status >= 400:
            raise BenchError(f"{self.title}: {method} {path} answered {answer}.")
        return answer.json if answer.text else None

    def expect_post(self, row: dict, post: Post) -> None:
        wanted = {
            "title": post.title,
            "body": post.body,
            "status": post.status,
            "author_id": self.author_key(post.author),
        }
        wrong = {name: row.get(name) for name, value in wanted.items() if row.get(name) != value}
        # Backends differ in how they end an instant: `Z`, `.000Z`, a space for the T.
        written = str(row.get("created_at")).replace(" ", "T")[:19]
        if written != post.created_at.isoformat()[:19]:
            wrong["created_at"] = row.get("created_at")
        if wrong:
            raise BenchError(f"{self.title}: post {post.number} came with {wrong}.")
