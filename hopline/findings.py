"""Findings in words: why each service failed over or not, what was found, and what could not be checked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopline.console import PAPER, Screen, describe_screen, make_printable
from hopline.destination import open_destination

if TYPE_CHECKING:
    from hopline.asking import Asking

Row = Mapping[str, Any]

_WIDTH = 100
#: More services to which nothing happened are only counted.
_MOST_CALM = 5
_OFF = "\x1b[0m"
_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[33m", "info": "\x1b[2m"}


def write_findings(session: Asking, output: Path | None) -> None:
    """Write what the checks of `session` say, to the file `output` or to standard output. Raises OutputError."""
    screen = PAPER if output else describe_screen()
    lines = draw_findings(
        session.sql("SELECT * FROM failover_reasons").to_pylist(),
        session.sql("SELECT * FROM findings").to_pylist(),
        session.sql("SELECT * FROM checks").to_pylist(),
        screen,
    )
    with open_destination(output) as stream:
        text = "\n".join(lines) + "\n"
        stream.write(text.encode("utf-8" if screen.unicode else "ascii", "backslashreplace"))


def list_settings(session: Asking, output: Path | None) -> None:
    """Write the YAML that findings ask for, each once, below a comment that says what for. Raises OutputError."""
    rows = session.sql(
        "SELECT yaml, list(DISTINCT message ORDER BY message) AS messages FROM findings WHERE yaml IS NOT NULL "
        "GROUP BY yaml ORDER BY min(list_position(['error', 'warning', 'info'], severity)), yaml"
    ).to_pylist()
    blocks = [
        "".join(f"# {make_printable(message)}\n" for message in row["messages"]) + str(row["yaml"]).strip("\n") + "\n"
        for row in rows
    ]
    with open_destination(output) as stream:
        stream.write("---\n".join(blocks).encode("utf-8"))


def draw_findings(reasons: Sequence[Row], findings: Iterable[Row], checks: Iterable[Row], screen: Screen) -> list[str]:
    """Return the lines: a sentence for each service, the findings, worst first, and what was and was not checked."""
    width = max(60, screen.width or _WIDTH)
    lines: list[str] = []
    calm = [reason for reason in reasons if reason["reason"] == "no_failures"]
    for reason in reasons:
        if len(calm) > _MOST_CALM and reason in calm:
            continue
        who = "/".join(filter(None, (reason["cluster_id"], reason["gateway"])))
        lines.append(make_printable(f"{_name_service(reason)}   seen by {who or 'one gateway'}"))
        lines += _wrap(reason["sentence"], width)
    if len(calm) > _MOST_CALM:
        lines.append(
            f"{len(calm)} other services: no failover, and no reason for one (the view failover_reasons lists them)"
        )
    for finding in findings:
        lines += ["", *_draw_finding(finding, width, screen)]
    rows = list(checks)
    fine = [row["check_id"] for row in rows if row["status"] == "ok"]
    lines.append("")
    if fine:
        lines += _wrap(f"nothing found by: {', '.join(fine)}", width, indent="")
    for row in rows:
        if row["status"] == "not_checked":
            lines += _wrap(f"not checked: {row['check_id']}: needs {row['needs']}", width, indent="")
    return lines


def _draw_finding(finding: Row, width: int, screen: Screen) -> list[str]:
    severity = finding["severity"]
    word = f"{_COLOURS[severity]}{severity}{_OFF}" if screen.colour else severity
    about = "   ".join(filter(None, (_name_service(finding), finding["subject"])))
    lines = [f"{word}   {finding['check_id']}   {make_printable(about)}".rstrip(), *_wrap(finding["message"], width)]
    lines += _wrap(f"remedy: {finding['remedy']}", width)
    if finding["yaml"]:
        lines[-1] += " (--yaml prints it)"
    if finding["source"]:
        lines.append(make_printable(f"  evidence: {finding['source']}:{finding['line']}"))
    return lines


def _name_service(row: Row) -> str:
    return ":".join(str(part) for part in (row["service"], row["service_port"]) if part is not None)


def _wrap(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(
        make_printable(text),
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
