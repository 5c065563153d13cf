"""Bars of requests per second, as an SVG that reads on light and on dark pages."""

from dataclasses import dataclass
from html import escape

WIDTH = 760
LABEL_WIDTH = 190
VALUE_WIDTH = 170
BAR_HEIGHT = 18
BAR_STEP = 24
GROUP_HEAD = 34
GROUP_GAP = 16

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #57606a; }
  .head { font-weight: 600; }
  .bar { fill: #8c959f; }
  .own { fill: #d9622b; }
  .bare { fill: none; stroke: #8c959f; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #b1bac4; }
    .bar { fill: #768390; }
    .own { fill: #f0834f; }
    .bare { stroke: #768390; }
  }
"""


@dataclass(frozen=True)
class Bar:
    label: str
    rate: float
    cpu_us: float
    is_own: bool
    is_bare: bool


@dataclass(frozen=True)
class Group:
    title: str
    bars: list[Bar]


def draw(groups: list[Group]) -> str:
    """Each group has a scale of its own: the cases differ more than the backends do."""
    parts, top = [], 8
    for group in groups:
        parts.append(f'<text class="head" x="0" y="{top + 16}">{escape(group.title)}</text>')
        top += GROUP_HEAD
        longest = max((bar.rate for bar in group.bars), default=1)
        for bar in group.bars:
            parts.append(draw_bar(bar, top, bar.rate / longest))
            top += BAR_STEP
        top += GROUP_GAP
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img"'
        f' aria-label="Requests per second of each backend in each case">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def draw_bar(bar: Bar, top: int, share: float) -> str:
    width = max(1.0, share * (WIDTH - LABEL_WIDTH - VALUE_WIDTH))
    look = "own" if bar.is_own else "bare" if bar.is_bare else "bar"
    weight = ' class="head"' if bar.is_own else ""
    middle = top + 14
    figures = f"{bar.rate:,.0f}/s, {bar.cpu_us:,.0f} us CPU"
    return (
        f'<text{weight} x="{LABEL_WIDTH - 10}" y="{middle}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect class="{look}" x="{LABEL_WIDTH}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2"/>'
        f'<text{weight} x="{LABEL_WIDTH + width + 8:.1f}" y="{middle}">{figures}</text>'
    )
