"""docs/BENCHMARKS.md and docs/benchmarks.svg from a file of results."""

from dataclasses import dataclass
from statistics import median

from . import ROOT, BenchError
from .chart import Bar, Group, draw

PAGE = ROOT / "docs" / "BENCHMARKS.md"
CHART = ROOT / "docs" / "benchmarks.svg"
BEGIN, END = "<!-- results: written by bench/run -->", "<!-- end of results -->"

DISTURBED_SHARE = 0.05
"""Above this share of foreign work a run is called disturbed."""


@dataclass(frozen=True)
class Median:
    """The medians of the runs of one case on one peer."""

    rate: float
    server_us: float
    postgres_us: float
    p50_us: float
    p99_us: float
    server_bytes: float
    foreign_share: float

    @property
    def total_us(self) -> float:
        return self.server_us + self.postgres_us


@dataclass(frozen=True)
class Aim:
    """What Annex should reach: a ratio, and the limit on one side of it."""

    text: str
    value: float
    limit: float
    at_most: bool

    @property
    def reached(self) -> bool:
        return self.value <= self.limit if self.at_most else self.value >= self.limit


def medians(results: dict) -> dict[tuple[str, str], Median]:
    """By case and peer."""
    runs: dict[tuple[str, str], list[dict]] = {}
    for run in results["measured"]:
        runs.setdefault((run["case"], run["peer"]), []).append(run)
    return {
        key: Median(**{name: median(run[name] for run in of_key) for name in Median.__dataclass_fields__})
        for key, of_key in runs.items()
    }


def aims(found: dict[tuple[str, str], Median]) -> list[Aim]:
    """The aims whose figures are there."""

    def wanted(text, ratio, of: tuple[str, str], to: tuple[str, str], limit, at_most):
        if of in found and to in found:
            yield Aim(text, ratio(found[of], found[to]), limit, at_most)

    def cpu(of: Median, to: Median) -> float:
        return of.total_us / to.total_us

    def rate(of: Median, to: Median) -> float:
        return of.rate / to.rate

    every: list[Aim] = []
    for case, limit in (("R1", 1.6), ("R2", 2.4), ("W1", 1.5)):
        every += wanted(f"{case}: CPU, to the bare statement's", cpu, (case, "annex"), (case, "pgbench"), limit, True)
    every += wanted("A1: CPU, to R1's", cpu, ("A1", "annex"), ("R1", "annex"), 1.15, True)
    for case, limit in (("R1", 3), ("R2", 4), ("A1", 4), ("W1", 4)):
        every += wanted(f"{case}: rate, to PocketBase's", rate, (case, "annex"), (case, "pocketbase"), limit, False)
    return every


def write_report(results: dict) -> None:
    found = medians(results)
    CHART.write_text(draw(chart_groups(results, found)))
    page = PAGE.read_text()
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise BenchError(f"{PAGE.relative_to(ROOT)} has no place for results between `{BEGIN}` and `{END}`.")
    PAGE.write_text(f"{before}{BEGIN}\n\n{results_text(results, found)}\n{END}{after}")


def chart_groups(results: dict, found: dict[tuple[str, str], Median]) -> list[Group]:
    return [
        Group(
            f"{case}: {title}",
            [
                Bar(peer["title"], figures.rate, figures.total_us, name == "annex", name == "pgbench")
                for name, peer in results["peers"].items()
                if (figures := found.get((case, name)))
            ],
        )
        for case, title in results["cases"].items()
    ]


def results_text(results: dict, found: dict[tuple[str, str], Median]) -> str:
    machine = results["machine"]
    lines = [
        f"Measured {results['date'][:10]} on {machine['cores']} cores ({machine['cpu']}, {machine['memory_gib']} GiB,"
        f" {machine['system']}), Postgres {results['postgres']}: {results['connections']} connections,"
        f" {results['seconds']} s, median of {results['runs']}.",
        "",
        "![Requests per second of each backend in each case](benchmarks.svg)",
        "",
    ]
    for case, title in results["cases"].items():
        lines += [
            f"### {case}: {title}",
            "",
            "| | req/s | server CPU, us | Postgres CPU, us | total CPU, us | p50, ms | p99, ms | server memory, MiB |",
            "|---|--:|--:|--:|--:|--:|--:|--:|",
        ]
        for name, peer in results["peers"].items():
            if figures := found.get((case, name)):
                lines.append(table_row(peer["title"], figures, name))
        lines.append("")
    if checked := aims(found):
        lines += ["### Aims", "", "| | measured | aim | |", "|---|--:|--:|---|"]
        for aim in checked:
            bound = "at most" if aim.at_most else "at least"
            reached = "reached" if aim.reached else "**not reached**"
            lines.append(f"| {aim.text} | {aim.value:.2f} × | {bound} {aim.limit:g} × | {reached} |")
        lines.append("")
    lines += ["Versions: " + "; ".join(peer["version"] for peer in results["peers"].values()) + ".", ""]
    disturbed = [
        f"{case} of {results['peers'][peer]['title']}"
        for (case, peer), figures in found.items()
        if figures.foreign_share > DISTURBED_SHARE
    ]
    if disturbed:
        lines += [
            f"The machine did other work during {', '.join(disturbed)}: those figures are lower than they should be.",
            "",
        ]
    return "\n".join(lines)


def table_row(title: str, figures: Median, peer: str) -> str:
    name = f"**{title}**" if peer == "annex" else title
    has_server, has_postgres = figures.server_bytes > 0, figures.postgres_us > 0
    cells = [
        f"{figures.rate:,.0f}",
        f"{figures.server_us:.0f}" if has_server else "–",
        f"{figures.postgres_us:.0f}" if has_postgres else "–",
        f"{figures.total_us:.0f}",
        f"{figures.p50_us / 1000:.2f}",
        f"{figures.p99_us / 1000:.2f}",
        f"{figures.server_bytes / 2**20:.0f}" if has_server else "–",
    ]
    return f"| {name} | {' | '.join(cells)} |"
