"""nycflights13 (every flight that left New York City in 2013) as collections of Annex."""

from pathlib import Path

DEMO = Path(__file__).resolve().parent.parent


class DemoError(Exception):
    """What went wrong and what to do about it, for the terminal."""
