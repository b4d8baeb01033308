"""A failover in the terminal: one line of phases, the instants below it, and where the proof stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import PurePath
from textwrap import wrap
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from hopline.console import Screen, make_printable
from hopline.intervals import write_clock, write_instant, write_span

Row = Mapping[str, Any]

_WIDTH = 100
_INDENT = "  "
#: Cells that words need to be folded into; with fewer they are cut.
_LEAST_ROOM = 20
_LABELS = {
    "first_spill": "first spill",
    "full_failover": "full failover",
    "last_primary_error": "last primary error",
    "first_failback": "first failback",
}
#: Share of the bar that the healthy time before and after may take, however long it was.
_HEALTHY_SHARE = 0.15


@dataclass(frozen=True)
class _Ink:
    """How a phase is drawn: a Unicode cell, an ASCII cell, an ANSI colour."""

    block: str
    ascii: str
    colour: str


_PRIMARY = _Ink("█", "=", "\x1b[34m")
_SECONDARY = _Ink("▒", "-", "\x1b[33m")
_MIXED = _Ink("▓", "+", "\x1b[32m")
_FAILED = _Ink("\u00d7", "x", "\x1b[1;31m")
_INKS = {
    "healthy": _PRIMARY,
    "partial": _MIXED,
    "failback": _MIXED,
    "on_secondary": _SECONDARY,
    "failing": _FAILED,
    "relapse": _FAILED,
    "outage": _FAILED,
}
_OFF = "\x1b[0m"


def draw_failover(
    failover: Row, events: Sequence[Row], phases: Sequence[Row], screen: Screen, zone: ZoneInfo
) -> list[str]:
    """Return the lines of one failover: heading, phases, instants, evidence."""
    width = max(40, screen.width or _WIDTH)
    lines = [_write_heading(failover, screen), _write_where(failover, zone)]
    if phases:
        lines.append(_INDENT + draw_phases(phases, failover, width - len(_INDENT), screen))
    lines += _write_events(failover, events, screen, zone)
    if evidence := _write_evidence(events):
        lines.append(f"evidence: {evidence}")
    return lines


def _write_heading(failover: Row, screen: Screen) -> str:
    service = (
        f"{failover['service']}:{failover['service_port']}" if failover["service_port"] else str(failover["service"])
    )
    groups = " -> ".join(str(failover[side] or "nowhere") for side in ("primary", "secondary"))
    ended = "still open" if failover["open_at_end"] else "recovered"
    words = ", ".join(filter(None, (failover["kind"], failover["trigger"], ended)))
    heading = make_printable(f"{service}   {groups}   {words}")
    return f"\x1b[1m{heading}{_OFF}" if screen.colour else heading


def _write_where(failover: Row, zone: ZoneInfo) -> str:
    where = "/".join(filter(None, (failover["cluster_id"], failover["gateway"], failover["proxy"])))
    first = failover["onset_latest"] or failover["onset_earliest"]
    day = f"{first.astimezone(zone):%Y-%m-%d}, times in {zone.key}" if first else f"times in {zone.key}"
    return _INDENT + make_printable(f"seen by {where or 'one proxy'}, {day}")


def draw_phases(phases: Sequence[Row], failover: Row, width: int, screen: Screen) -> str:
    """Return one line of `width` cells: each phase as long as it lasted, named where its name fits."""
    shown = [phase for phase in phases if phase["starts"] is not None and phase["ends"] is not None]
    room = width - max(0, len(shown) - 1)
    cells = _share_cells(_measure(shown), room)
    names = {"on_secondary": f"on {failover['secondary'] or 'secondary'}"}
    drawn = []
    for phase, count in zip(shown, cells, strict=True):
        ink = _INKS.get(phase["phase"], _MIXED)
        name = make_printable(str(names.get(phase["phase"], phase["phase"])))
        drawn.append(_draw_phase(name, count, ink, screen))
    return ("│" if screen.unicode else "|").join(drawn)


def _measure(phases: Sequence[Row]) -> list[float]:
    """Return the seconds of each phase, the healthy time around cut down to what leaves the failover readable."""
    seconds = [max((phase["ends"] - phase["starts"]).total_seconds(), 0.0) for phase in phases]
    inner = sum(length for phase, length in zip(phases, seconds, strict=True) if phase["phase"] != "healthy")
    limit = inner * _HEALTHY_SHARE / (1 - 2 * _HEALTHY_SHARE)
    outer = {0, len(phases) - 1}
    return [
        min(length, limit) if index in outer and phase["phase"] == "healthy" and inner else length
        for index, (phase, length) in enumerate(zip(phases, seconds, strict=True))
    ]


def _share_cells(lengths: Sequence[float], room: int) -> list[int]:
    """Divide `room` cells in proportion to `lengths`, one each at least."""
    spare = max(room - len(lengths), 0)
    total = sum(lengths) or 1.0
    edges = [0.0]
    for length in lengths:
        edges.append(edges[-1] + length)
    return [1 + round(end / total * spare) - round(start / total * spare) for start, end in pairwise(edges)]


def _draw_phase(name: str, count: int, ink: _Ink, screen: Screen) -> str:
    cell = ink.block if screen.unicode else ink.ascii
    colour, off = (ink.colour, _OFF) if screen.colour else ("", "")
    label = f" {name} "
    if cell_len(label) + 2 > count:
        return colour + cell * count + off
    left = (count - cell_len(label)) // 2
    right = count - cell_len(label) - left
    return f"{colour}{cell * left}{off}{label}{colour}{cell * right}{off}"


def _write_events(failover: Row, events: Iterable[Row], screen: Screen, zone: ZoneInfo) -> list[str]:
    sign = "±" if screen.unicode else "+-"
    rows: list[tuple[str, str, str]] = []
    for event in events:
        when = write_instant(event["earliest"], event["latest"], zone, sign=sign)
        if event["until_latest"] is not None:
            start, end = (event["earliest"] or event["latest"]), event["until_latest"]
            when = f"{write_clock(start, zone)} - {write_clock(end, zone)}"
        rows.append((str(_LABELS.get(event["event"], event["event"])), when, _explain_event(event, failover)))
    if not rows:
        return []
    names, times = (max(cell_len(row[column]) for row in rows) for column in (0, 1))
    lines: list[str] = []
    for name, when, words in rows:
        head = make_printable(f"{_INDENT}{name:<{names}}  {when:<{times}}  ")
        lines += [_cut(line.rstrip(), screen) for line in _fold(head, make_printable(words), screen)]
    return lines


def _fold(head: str, words: str, screen: Screen) -> list[str]:
    """Return `head` and the words after it; those that a screen has no room for go on below where they began."""
    room = (screen.width or _WIDTH) - cell_len(head)
    if screen.width is None or room < _LEAST_ROOM or cell_len(words) <= room:
        return [head + words]
    first, *rest = wrap(words, room)
    return [head + first, *(" " * cell_len(head) + line for line in rest)]


def _cut(line: str, screen: Screen) -> str:
    if screen.width is None or cell_len(line) <= screen.width:
        return line
    return set_cell_size(line, screen.width - 1) + ("…" if screen.unicode else "~")


def _explain_event(event: Row, failover: Row) -> str:
    """Return what an event cost or how long it took; else what it means."""
    words: str | None = None
    match event["event"]:
        case "onset":
            words = _write_loss(failover)
        case "first_spill":
            words = _after_onset(failover, "time_to_spill")
        case "full_failover":
            words = _after_onset(failover, "time_to_full_failover")
        case "first_failback":
            span = write_span(failover["time_on_secondary_min_s"], failover["time_on_secondary_max_s"])
            served = f"{failover['served_by_secondary'] or 0:,} requests served by {failover['secondary'] or 'others'}"
            words = f"after {span}; {served}" if span else served
        case "recovered":
            span = _span_between(failover, "onset", "recovered")
            words = f"{span} after onset" if span else None
    return words or str(event["note"] or "")


def _write_loss(failover: Row) -> str:
    requests, failed = failover["requests"] or 0, failover["failed"] or 0
    if not failed:
        return f"none of {requests:,} requests failed"
    return f"{failed:,} of {requests:,} requests failed ({100 * failed / requests:.1f}%)"


def _after_onset(failover: Row, duration: str) -> str | None:
    span = write_span(failover[f"{duration}_min_s"], failover[f"{duration}_max_s"])
    return f"{span} after onset" if span else None


def _span_between(failover: Row, start: str, end: str) -> str | None:
    ends: tuple[datetime | None, ...] = tuple(
        failover[f"{name}_{edge}"] for name in (start, end) for edge in ("earliest", "latest")
    )
    start_earliest, start_latest, end_earliest, end_latest = ends
    least = _seconds(start_latest, end_earliest)
    greatest = _seconds(start_earliest, end_latest)
    return write_span(max(least, 0.0) if least is not None else None, greatest)


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(seconds=1) if start is not None and end is not None else None


def _write_evidence(events: Iterable[Row]) -> str:
    """Return `ingress.log:986, 999, sidecar.log:12`: the lines that first show each event."""
    lines: dict[str, list[int]] = {}
    for event in events:
        if event["source"] is not None and event["line"] is not None:
            known = lines.setdefault(event["source"], [])
            if event["line"] not in known:
                known.append(event["line"])
    short = [PurePath(source).name for source in lines]
    names = short if len(set(short)) == len(short) else list(lines)
    return make_printable(
        "; ".join(
            f"{name}:{', '.join(map(str, sorted(found)))}" for name, found in zip(names, lines.values(), strict=True)
        )
    )
