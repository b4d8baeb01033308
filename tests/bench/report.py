"""The table of a comparison, for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.comparison import Outcome
from tests.bench.machine import versions
from tests.bench.targets import judge

_HEAD = ("Reader", "MB/s", "against hopline", "CPU s/GB", "Peak MB", "Rows found", "Version")
_BEGIN, _END = "<!-- bench {name}: begin -->", "<!-- bench {name}: end -->"


def to_markdown(outcomes: Sequence[Outcome], *, date: str, machine: str) -> str:
    """Return the table with what it was measured on."""
    first = {outcome.contest.kind: outcome for outcome in reversed(outcomes)}
    rows = [_HEAD, *(_row(outcome, first[outcome.contest.kind]) for outcome in outcomes)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 1) + (":" if 0 < i < 6 else "-") for i, width in enumerate(widths)) + "|"
    problems = [f"- {o.contest.title}: {text}" for o in outcomes for text in (o.problem, *o.differences) if text]
    targets = [
        f"| {target.name} | {target.wanted} | {target.measured} | {'yes' if target.met else 'no'} |"
        for target in judge(outcomes)
    ]
    if targets:
        targets = ["", "| hopline's target | Wanted | Measured | Met |", "|---|---:|---:|---|", *targets]
    return "\n".join([lines[0], rule, *lines[1:], *targets, "", f"{date}, {machine}.", *problems]) + "\n"


def _row(outcome: Outcome, first: Outcome) -> tuple[str, ...]:
    version = versions(outcome.contest.packages) if outcome.contest.packages else "-"
    speed, best = outcome.speed, first.speed
    if speed is None:
        return (outcome.contest.title, outcome.problem[:40], "", "", "", "", version)
    found = f"{outcome.found * 100:.2f} %"
    if outcome.contest.reader.startswith("hopline"):
        found = "all, exact" if not outcome.differences else "NOT AS EXPECTED"
    return (
        outcome.contest.title,
        f"{speed / 1e6:.0f}",
        "1" if outcome is first else f"{speed / best:.2f}" if best else "-",
        f"{outcome.cpu_seconds / outcome.bytes * 1e9:.1f}",
        f"{outcome.peak_bytes / 1e6:.0f}",
        found,
        version,
    )


def put_between_marks(path: Path, name: str, text: str) -> None:
    """Replace what stands between the marks of `name` in a page. Raises ValueError where it has none."""
    begin, end = _BEGIN.format(name=name), _END.format(name=name)
    page = path.read_text(encoding="utf-8")
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{path}: no `{begin}` with `{end}` after it")
    path.write_text(f"{head}{begin}\n\n{text}\n{end}{tail}", encoding="utf-8")
