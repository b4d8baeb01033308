"""What the reading of logs must reach, and what it reached in one run: ratios, so that machines matter little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.comparison import Outcome

MOST_MEMORY = 10**9


@dataclass(frozen=True)
class Target:
    """`wanted` and `measured` are texts; `met` says whether it is enough."""

    name: str
    wanted: str
    measured: str
    met: bool


def judge(outcomes: Sequence[Outcome]) -> list[Target]:
    """Return the targets of a run in which some of the readers may not have been run."""

    def find(reader: str, encoding: str = "text", compression: str = "none", kind: str | None = None) -> Outcome | None:
        for outcome in outcomes:
            contest = outcome.contest
            if (contest.reader, contest.encoding, contest.compression) == (reader, encoding, compression) and (
                kind is None or contest.kind == kind
            ):
                return outcome if outcome.speed else None
        return None

    text, large = find("hopline-2", kind="text"), find("hopline-2", kind="large")
    json = find("hopline-2", "json")
    rows = [
        _ratio("text, against ClickHouse `splitByChar`", 1.2, text, find("chdb")),
        _ratio("text, against a Python `re` loop", 10, text, find("python")),
        _ratio("JSON, against DuckDB `read_json`", 1, json, find("duckdb-json", "json")),
        _ratio("gzip, against plain text", 0.85, find("hopline-2", compression="gzip"), text),
        _ratio("zstd, against plain text", 0.85, find("hopline-2", compression="zstd"), text),
        _figure("text, MB/s with 2 workers", "200", text, lambda o: (o.speed or 0) / 1e6, lambda v: v >= 200),
    ]
    for outcome in (text, json, large):
        name = f"peak MB of all processes, {_title(outcome)}"
        rows.append(_figure(name, "under 1000", outcome, lambda o: o.peak_bytes / 1e6, lambda v: v < MOST_MEMORY / 1e6))
    return [row for row in rows if row is not None]


def _title(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    return f"{outcome.bytes / 1e9:.1f} GB of {'JSON' if outcome.contest.encoding == 'json' else 'text'}"


def _ratio(name: str, wanted: float, mine: Outcome | None, other: Outcome | None) -> Target | None:
    if mine is None or other is None or not mine.speed or not other.speed:
        return None
    ratio = mine.speed / other.speed
    return Target(name, f"{wanted:g} x", f"{ratio:.2f} x", ratio >= wanted)


def _figure(
    name: str,
    wanted: str,
    outcome: Outcome | None,
    read: Callable[[Outcome], float],
    enough: Callable[[float], bool],
) -> Target | None:
    return None if outcome is None else Target(name, wanted, f"{read(outcome):.0f}", enough(read(outcome)))
