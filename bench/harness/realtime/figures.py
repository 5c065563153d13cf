"""What is measured, for the terminal: tables as in docs/BENCHMARKS.md."""

from dataclasses import dataclass


@dataclass
class Delivered:
    title: str
    steady: float
    pressed: float
    """Microseconds of CPU a delivery: at a steady rate, and as fast as it goes."""
    rate: float
    """Deliveries a second as fast as it goes."""
    memory: float | None
    """Bytes a connection, where that was measured."""


def beside(what: str, ours: Delivered, theirs: Delivered) -> None:
    print(f"\n{what}\n")
    print("| | CPU a delivery, us | deliveries per CPU-second | the same as fast as it goes, us | deliveries/s | KiB a connection |")
    print("|---|--:|--:|--:|--:|--:|")
    for peer in (ours, theirs):
        memory = "–" if peer.memory is None else f"{peer.memory / 1024:.1f}"
        print(
            f"| {peer.title} | {peer.steady:.1f} | {1e6 / peer.steady:,.0f} | {peer.pressed:.1f}"
            f" | {peer.rate:,.0f} | {memory} |"
        )
    print(
        f"\ndeliveries per CPU-second, to {theirs.title}'s: {theirs.steady / ours.steady:.2f} x at a steady rate,"
        f" {theirs.pressed / ours.pressed:.2f} x as fast as it goes",
        flush=True,
    )
