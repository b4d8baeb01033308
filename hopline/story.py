"""The story of a session in the terminal: every failover, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hopline.console import PAPER, Screen, describe_screen
from hopline.destination import open_destination

if TYPE_CHECKING:
    from hopline.asking import Asking
    from reports import Report

Row = Mapping[str, Any]


def write_story(session: Asking, output: Path | None, zone: str) -> None:
    """Draw every failover of `session`, oldest first, to the file `output` or to standard output.

    Times are in the time zone `zone`; nothing is written when there is no failover. Raises OutputError.
    """
    screen = PAPER if output else describe_screen()
    _write(draw_story(session, screen, zone), screen, output)


def draw_story(session: Asking, screen: Screen, zone: str) -> str:
    """Return every failover of `session` as text, oldest first, then a line per shift; empty when there is none."""
    failovers = session.sql("SELECT * FROM failovers ORDER BY onset_latest, failover_id").to_pylist()
    events = session.sql("SELECT * FROM failover_events ORDER BY failover_id, seq").to_pylist()
    phases = session.sql("SELECT * FROM failover_phases ORDER BY failover_id, seq").to_pylist()
    shifts = session.sql("SELECT * FROM shifts ORDER BY shift_id").to_pylist()
    parts = (_draw(failovers, events, phases, screen, zone), "".join(f"{_write_shift(row, zone)}\n" for row in shifts))
    return "\n".join(part for part in parts if part)


def _write_shift(shift: Row, zone: str) -> str:
    service = shift["service"] if shift["service_port"] is None else f"{shift['service']}:{shift['service_port']}"
    early, late = (shift[name].astimezone(ZoneInfo(zone)) for name in ("earliest", "latest"))
    lines = ", ".join(
        f"{Path(shift[source]).name}:{shift[line]}"
        for source, line in (("before_source", "before_line"), ("source", "line"))
        if shift[source]
    )
    return f"{service}   {shift['kind']} shift, {early:%Y-%m-%d %T} - {late:%T}: {shift['note']}   ({lines})"


def write_report_story(report: Report, output: Path | None) -> None:
    """Draw every failover of `report` just as `write_story` draws those of its session, in the report's zone."""
    screen = PAPER if output else describe_screen()
    _write(draw_report_story(report, screen), screen, output)


def draw_report_story(report: Report, screen: Screen = PAPER) -> str:
    """Return every failover of `report` as text, oldest first; empty when there is none."""
    ordered = sorted(report.failovers, key=lambda f: (f.onset_latest is None, f.onset_latest, f.failover_id))
    failovers, events, phases = (list(map(asdict, records)) for records in (ordered, report.events, report.phases))
    return _draw(failovers, events, phases, screen, report.time_zone)


def _write(text: str, screen: Screen, output: Path | None) -> None:
    with open_destination(output) as stream:
        stream.write(text.encode("utf-8" if screen.unicode else "ascii", "backslashreplace"))


def _draw(failovers: Sequence[Row], events: Sequence[Row], phases: Sequence[Row], screen: Screen, zone: str) -> str:
    from hopline.timeline import draw_failover

    blocks = [
        draw_failover(
            failover,
            [row for row in events if row["failover_id"] == failover["failover_id"]],
            [row for row in phases if row["failover_id"] == failover["failover_id"]],
            screen,
            ZoneInfo(zone),
        )
        for failover in failovers
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + ("\n" if blocks else "")
