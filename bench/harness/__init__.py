"""The benchmark of Annex and its peers. Python's standard library only."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent


class BenchError(Exception):
    """What went wrong and what to do about it, for the terminal."""
