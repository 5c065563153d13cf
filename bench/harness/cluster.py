"""A private Postgres cluster for all peers that use one, set up as the one that Annex embeds
(backend/src/db/embedded/settings.rs)."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import BenchError
from .process import running, wait_until

SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_level": "logical",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # No checkpoint in the middle of a run.
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}


class Cluster:
    def __init__(self, bin: Path, folder: Path, user: str, process: subprocess.Popen | None):
        self.bin = bin
        self.socket = folder
        self.user = user
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    def url(self, database: str) -> str:
        """A connection URL that sqlx, tokio-postgres and node-postgres all read."""
        return f"postgres://{self.user}@localhost/{database}?host={self.socket}"

    def psql(self, database: str, sql: str) -> str:
        """Runs statements and gives back what they return, unaligned."""
        done = subprocess.run(
            [self.bin / "psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", self.socket, "-U", self.user, database],
            input=sql,
            text=True,
            capture_output=True,
        )
        if done.returncode != 0:
            raise BenchError(f"Postgres refused a statement: {done.stderr.strip()}")
        return done.stdout.strip()

    def version(self) -> str:
        return self.psql("postgres", "show server_version").split()[0]


def binaries() -> Path:
    """The folder of Postgres's programs: ANNEX_PG_BIN, PATH, or the newest of the distribution's."""
    given = os.environ.get("ANNEX_PG_BIN")
    on_path = shutil.which("postgres")
    candidates = [Path(given)] if given else []
    candidates += [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name), reverse=True)
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "postgres", "psql", "pgbench")):
            return folder
    raise BenchError(
        "No folder with initdb, postgres, psql and pgbench was found:"
        " `apt-get install postgresql`, or set ANNEX_PG_BIN."
    )


def unprivileged_user() -> str:
    """Who runs Postgres, which refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise BenchError("Postgres refuses root, and there is no user `postgres` or `nobody` to run it as.")


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Makes a cluster under `folder`, starts it, and stops it at the end."""
    bin, user = binaries(), unprivileged_user()
    as_root = os.geteuid() == 0
    home = folder / "postgres"
    home.mkdir()
    if as_root:
        shutil.chown(home, user)
    data, log = home / "data", folder / "postgres.log"
    identity = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if as_root else {}
    subprocess.run(
        [bin / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C"],
        check=True,
        cwd=home,
        stdout=subprocess.DEVNULL,
        **identity,
    )
    with open(data / "postgresql.auto.conf", "a") as file:
        settings = SETTINGS | {"unix_socket_directories": str(home)}
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    command = [bin / "postgres", "-D", data]
    with running(command, log, stop=signal.SIGINT, user=user if as_root else None, cwd=home) as process:
        started = Cluster(bin, home, user, process)
        is_ready = [bin / "pg_isready", "-q", "-h", home]
        wait_until(lambda: subprocess.run(is_ready).returncode == 0, process, log, "Postgres")
        yield started
