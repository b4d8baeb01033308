"""The scoreboard as a table: aligned text for the terminal, Markdown for docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.scoreboard.expectations import INSTANTS
from tests.scoreboard.judging import Result, Verdict

_FACTS = ("kind", "trigger")
COLUMNS = ("incident", "found", *_FACTS, *(name.replace("_", " ") for name in INSTANTS), "verdict")


def build_rows(results: Sequence[Result], known_wrong: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return one row per failover, expected or invented; an incident with none has a row of its own."""
    rows = []
    for result in results:
        name, number = result.incident.name, f"{result.found} of {len(result.incident.failovers)}"
        verdict = "ok" if result.ok else "WRONG (known)" if name in known_wrong else "WRONG"
        if not result.verdicts:
            rows.append((name, number, *("",) * (len(COLUMNS) - 3), verdict))
        for n, one in enumerate(result.verdicts):
            first = (name, number) if not n else ("", "")
            label = "" if len(result.verdicts) == 1 else f"{one.proxy}: "
            facts = [_cell(one, key, label if key == "kind" else "") for key in _FACTS]
            rows.append((*first, *facts, *(_cell(one, key) for key in INSTANTS), verdict if not n else ""))
    return rows


def _cell(verdict: Verdict, name: str, label: str = "") -> str:
    mark = verdict.marks.get(name)
    if mark is None:
        return label + verdict.marks["found"].text if name == "kind" else ""
    return label + (mark.text if mark.ok else f"!! {mark.text}")


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Align the rows for a terminal."""
    table = [COLUMNS, *rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Write the rows as a Markdown table."""
    table = [COLUMNS, ("---",) * len(COLUMNS), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in table)
