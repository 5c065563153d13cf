"""A bar on a terminal; a line at the end of each table elsewhere."""

import sys
import time

WIDTH = 30
SECONDS_BETWEEN = 0.1


class Progress:
    def __init__(self, name: str, total: int):
        self.name = name
        self.total = total
        self.began = time.monotonic()
        self.shown = 0.0
        self.on_terminal = sys.stdout.isatty()

    def advance(self, rows: int) -> None:
        now = time.monotonic()
        if self.on_terminal and now - self.shown > SECONDS_BETWEEN:
            self.shown = now
            self.draw(rows, "committing …" if rows >= self.total else "")

    def waiting(self) -> None:
        """Everything is sent; the server is still at it."""
        if self.on_terminal:
            self.draw(self.total, "committing …")

    def done(self) -> None:
        text = f"{time.monotonic() - self.began:.1f} s"
        if self.on_terminal:
            self.draw(self.total, text)
            print()
        else:
            print(f"{self.name}: {self.total:,} rows, {text}", flush=True)

    def draw(self, rows: int, note: str) -> None:
        filled = WIDTH * rows // self.total
        bar = "█" * filled + "░" * (WIDTH - filled)
        print(f"\r{self.name:<9} {bar} {rows:>8,} of {self.total:>8,} rows  {note:<14}", end="", flush=True)
