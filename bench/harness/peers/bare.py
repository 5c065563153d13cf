"""The bare statements, without any server before them: what nothing that uses Postgres can go below."""

import contextlib
from collections.abc import Iterator

from .. import BENCH, posts
from ..cases import Case
from ..load import Load, pgbench
from ..posts import Post
from .base import Peer

DATABASE = "bench"
"""The database that the bare statements and the Node servers share."""


def make_database(cluster) -> None:
    """Makes and fills it where that is not done yet."""
    if cluster.psql("postgres", f"select 1 from pg_database where datname = '{DATABASE}'"):
        return
    cluster.psql("postgres", f"create database {DATABASE}")
    cluster.psql(DATABASE, posts.TABLE_SQL + posts.fill_sql())
    cluster.psql(DATABASE, "vacuum analyze posts")


class Pgbench(Peer):
    name = "pgbench"
    title = "bare statement (pgbench)"

    writes = 0

    def version(self) -> str:
        return f"PostgreSQL {self.context.cluster.version()}"

    def setup(self) -> None:
        make_database(self.context.cluster)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        yield

    def measure(self, case: Case, seconds: int) -> Load:
        variables = {}
        if case.name == "W1":
            # Every run counts its ids from a number of its own.
            Pgbench.writes += 1
            variables = {
                "post": str(Pgbench.writes * 10_000_000),
                "title": "Created by pgbench",
                "body": Post(0).body,
                "status": "draft",
            }
        script = BENCH / "pgbench" / f"{case.name}.sql"
        return pgbench(
            self.context.cluster, DATABASE, script, variables, self.context.connections, seconds, self.folder
        )

    def clean(self) -> None:
        clean_database(self.context.cluster, DATABASE)


def clean_database(cluster, database: str) -> None:
    """Brings `posts` back to its first rows, as densely stored as before."""
    if cluster.psql(database, f"with gone as ({posts.CLEAN_SQL} returning 1) select count(*) from gone") != "0":
        cluster.psql(database, "vacuum analyze posts")
        cluster.psql(database, "checkpoint")
