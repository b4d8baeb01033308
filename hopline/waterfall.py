"""One request in the terminal: a tree of the proxies it passed, a bar for the time each took, and the log lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

from hopline.console import Screen, make_printable
from hopline.intervals import write_clock, write_seconds

Row = Mapping[str, Any]
#: Raw log lines by (source, line).
RawLines = Mapping[tuple[str, int], bytes]

_WIDTH = 100
_INDENT = "  "
_LEAST_BAR = 12
_OFF = "\x1b[0m"


@dataclass(frozen=True)
class _Ink:
    """How a bar is drawn: a Unicode cell, an ASCII cell, an ANSI colour."""

    block: str
    ascii: str
    colour: str


_ANSWERED = _Ink("█", "=", "\x1b[34m")
_FAILED = _Ink("\u00d7", "x", "\x1b[1;31m")
_CONNECTION = _Ink("▒", "-", "\x1b[2m")
_KINDS = {"east_west_gateway": "east-west gateway", "pod": "pod", "external": "outside the mesh"}


def draw_trace(rows: Sequence[Row], screen: Screen, zone: ZoneInfo, raw: RawLines | None = None) -> list[str]:
    """Return the lines of one request: what came of it, each hop in order, and where the time went.

    `rows` are those of one trace of `trace_of`, in order; `raw` adds the log lines themselves at the end.
    """
    width = max(60, screen.width or _WIDTH)
    lines = [_bold(_write_heading(rows[0]), screen), *_wrap(_write_answer(rows[0], zone), width)]
    lines += _draw_hops(rows, screen, width)
    if where := _write_time(rows):
        lines += _wrap(where, width)
    for row in rows if raw is not None else ():
        if (text := (raw or {}).get((row["source"], row["line"]))) is not None:
            lines.append(make_printable(f"{row['source']}:{row['line']}"))
            lines.append(_INDENT + make_printable(text.decode("utf-8", "backslashreplace")))
    return lines


def _write_heading(root: Row) -> str:
    service = ":".join(str(part) for part in (root["service"], root["service_port"]) if part is not None)
    asked = " ".join(filter(None, (root["method"], root["path"]))) or ("TCP" if root["log_kind"] == "tcp" else "")
    took = write_seconds(root["duration_ms"] / 1000) if root["duration_ms"] is not None else ""
    result = " ".join(filter(None, (_write_result(root), str(root["outcome"]).replace("_", " "))))
    return make_printable("   ".join(filter(None, (asked, service, result, took))))


def _write_answer(root: Row, zone: ZoneInfo) -> str:
    began: datetime | None = root["start_time"]
    when = f"began {began.astimezone(zone):%Y-%m-%d} {write_clock(began, zone)} {zone.key}" if began else ""
    attempts = f"{root['attempts']} attempts" if (root["attempts"] or 0) > 1 else ""
    return make_printable("; ".join(filter(None, (_say_who(root), attempts, when))))


def _say_who(root: Row) -> str:
    endpoint = _name_endpoint(root["endpoint"], root["workload"], root["endpoint_group"])
    if reason := _say_why_none(root, endpoint):
        return f"answered by the proxy itself: {reason}"
    if root["role"] == "sidecar_inbound":
        return f"answered by the application at {root['endpoint']}"
    if root["final_endpoint_basis"] == "direct":
        return f"answered by {endpoint}"
    if root["final_endpoint"] is not None:
        known = ", ".join(filter(None, (root["endpoint_group"], root["final_endpoint_basis"])))
        return f"answered by {root['final_endpoint']} ({known})"
    if root["final_endpoint_candidates"]:
        return f"sent to {endpoint}; answered by one of {', '.join(root['final_endpoint_candidates'])}"
    yet = " yet" if root["final_endpoint_basis"] == "pending" else ""
    return f"sent to {endpoint}; which pod answered is not known{yet}"


def _say_why_none(root: Row, endpoint: str) -> str | None:
    """Return why no upstream answered; None when one did."""
    if root["endpoint_kind"] == "none":
        return "no endpoint was chosen"
    if root["outcome"] == "upstream_unreachable":
        return f"{endpoint} could not be reached"
    details = root["response_code_details"]
    if root["failed"] and details is not None and not details.startswith("via_upstream"):
        return f"{endpoint} gave no whole answer ({details})"
    return None


def _name_endpoint(endpoint: str | None, *facts: str | None) -> str:
    known = ", ".join(filter(None, facts))
    return f"{endpoint or 'the upstream'} ({known})" if known else str(endpoint or "the upstream")


def _draw_hops(rows: Sequence[Row], screen: Screen, width: int) -> list[str]:
    """Return a line for each hop: its place in the tree, a bar, how long it took, its result, its log line.

    A hop without a line has words instead.
    """
    names = [_write_branch(rows, index, screen) + _write_name(row) for index, row in enumerate(rows)]
    entries = [index for index, row in enumerate(rows) if row["missing"] is None]
    room = min(max(cell_len(names[index]) for index in entries), max(24, width * 2 // 5))
    spent, results, proofs = (
        {index: write(rows[index]) for index in entries} for write in (_write_duration, _write_result, _write_proof)
    )
    columns = [max(map(cell_len, cells.values())) for cells in (spent, results, proofs)]
    bar_room = max(_LEAST_BAR, width - len(_INDENT) - room - sum(columns) - 8)
    scale = _scale(rows)
    lines: list[str] = []
    for index, row in enumerate(rows):
        branch = _INDENT + _write_branch(rows, index, screen)
        if row["missing"] is not None:
            lines += _wrap_below(branch, f"{_write_name(row)}: no line: {row['note']}", width)
            continue
        cells = (spent[index].rjust(columns[0]), results[index].ljust(columns[1]), proofs[index])
        name = _INDENT + _fit(names[index], room, screen)
        lines.append("  ".join((name, _draw_bar(row, scale, bar_room, screen), *cells)).rstrip())
        if row["clock_ahead_ms"]:
            ahead = f"{abs(row['clock_ahead_ms'])} ms {'ahead' if row['clock_ahead_ms'] > 0 else 'behind'}"
            lines += _wrap_below(" " * cell_len(branch), f"(its clock is {ahead}; the bar allows for it)", width)
        if (row["callers"] or 0) > 1:
            note = f"one of {row['callers']} requests that bear this id and overlap made this call"
            lines += _wrap_below(" " * cell_len(branch), f"({note})", width)
    return lines


def _write_branch(rows: Sequence[Row], index: int, screen: Screen) -> str:
    """Return what stands before the name of a row: `│  └─ `."""
    bar, tee, last = ("│  ", "├─ ", "└─ ") if screen.unicode else ("|  ", "|- ", "`- ")
    depth = rows[index]["depth"]
    parts = []
    for level in range(1, depth + 1):
        after = next((row["depth"] for row in rows[index + 1 :] if row["depth"] <= level), 0)
        goes_on = after == level
        parts.append((tee if goes_on else last) if level == depth else (bar if goes_on else "   "))
    return "".join(parts)


def _write_name(row: Row) -> str:
    if row["missing"] is not None:
        kind = row["workload"] or _KINDS.get(row["endpoint_kind"] or "")
        return make_printable(f"? {_name_endpoint(row['endpoint'], kind)}")
    name = "/".join(filter(None, (row["cluster_id"], row["gateway"], row["proxy"]))) or PurePath(row["source"]).name
    return make_printable(name)


def _write_result(row: Row) -> str:
    if row["missing"] is not None:
        return ""
    flags = ",".join(row["response_flags"] or ())
    code: str = (
        "tcp" if row["log_kind"] == "tcp" else str(row["response_code"] if row["response_code"] is not None else "-")
    )
    return make_printable(f"{code} {flags}".strip())


def _write_duration(row: Row) -> str:
    return "" if row["duration_ms"] is None else write_seconds(row["duration_ms"] / 1000)


def _write_proof(row: Row) -> str:
    return "" if row["source"] is None else make_printable(f"{PurePath(row['source']).name}:{row['line']}")


def _scale(rows: Sequence[Row]) -> tuple[float, float] | None:
    """Return first and last moment (seconds) of the request itself: connections around it may be hours long."""
    timed = [row for row in rows if row["start_time"] is not None and row["end_time"] is not None]
    own = [row for row in timed if row["log_kind"] != "tcp"] or timed
    if not own:
        return None
    return min(_moment(row, "start_time") for row in own), max(_moment(row, "end_time") for row in own)


def _moment(row: Row, name: str) -> float:
    """Return a time of a row in seconds, by the clock of the first entry as far as the difference is known."""
    seconds: float = row[name].timestamp() - row["clock_ahead_ms"] / 1000
    return seconds


def _draw_bar(row: Row, scale: tuple[float, float] | None, room: int, screen: Screen) -> str:
    """Return `room` cells: when the entry began and ended; `<` and `>` where it goes on beyond the request."""
    if scale is None or row["start_time"] is None:
        return " " * room
    first, last = scale
    length = max(last - first, 0.001)
    start, end = ((_moment(row, name) - first) / length for name in ("start_time", "end_time"))
    left = min(max(int(start * room), 0), room - 1)
    right = min(max(round(end * room), left + 1), room)
    ink = _FAILED if row["failed"] else _CONNECTION if row["log_kind"] == "tcp" else _ANSWERED
    cells = (ink.block if screen.unicode else ink.ascii) * (right - left)
    if row["log_kind"] == "tcp":
        cells = ("<" if start < -1e-9 else cells[0]) + cells[1:] if len(cells) > 1 else cells
        cells = cells[:-1] + ">" if end > 1 + 1e-9 else cells
    colour, off = (ink.colour, _OFF) if screen.colour else ("", "")
    return " " * left + colour + cells + off + " " * (room - right)


def _write_time(rows: Sequence[Row]) -> str:
    """Return where the time of the request went: in each proxy, on the way, and in the application."""
    root = rows[0]
    if root["log_kind"] == "tcp" or root["duration_ms"] is None:
        return ""
    parts: list[tuple[int, str]] = []
    row = root
    while True:
        name = row["proxy"] or row["gateway"] or "the proxy"
        if row["upstream_ms"] is None:
            parts.append((row["duration_ms"], f"in {name}, which saw no answer of an upstream"))
            break
        parts.append((row["own_ms"], f"in {name} itself"))
        called = _called_by(rows, row) if row["between_ms"] is not None else []
        if not called:
            behind = "in the application" if row["role"] == "sidecar_inbound" else "until the upstream's answer came"
            parts.append((row["upstream_ms"], behind))
            break
        parts.append((row["between_ms"], "on the way"))
        if len(called) > 1:
            parts.append((row["callee_ms"], f"in {len(called)} attempts"))
            break
        row = called[0]
    words = " + ".join(f"{ms} ms {where}" for ms, where in parts if ms or len(parts) == 1)
    return make_printable(f"time: {root['duration_ms']} ms = {words or 'less than a millisecond'}")


def _called_by(rows: Sequence[Row], caller: Row) -> list[Row]:
    """Return the nearest HTTP entries below a row; connections in between are passed over."""
    found: list[Row] = []
    for row in rows:
        if row["missing"] is not None or row["caller_id"] != caller["hop_id"]:
            continue
        found += [row] if row["log_kind"] == "http" else _called_by(rows, row)
    return found


def _bold(text: str, screen: Screen) -> str:
    return f"\x1b[1m{text}{_OFF}" if screen.colour else text


def _fit(text: str, room: int, screen: Screen) -> str:
    if cell_len(text) <= room:
        return set_cell_size(text, room)
    return set_cell_size(text, room - 1) + ("…" if screen.unicode else "~")


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT * 2, break_on_hyphens=False)


def _wrap_below(head: str, text: str, width: int) -> list[str]:
    """Return `head` and `text`, further lines of the text below its first; the branches of the tree go on."""
    below = head.replace("├─", "│ ").replace("|-", "| ").replace("└─", "  ").replace("`-", "  ") + "  "
    lines = textwrap.wrap(
        make_printable(text), max(30, width - cell_len(below)), break_on_hyphens=False, break_long_words=False
    )
    return [(below if number else head) + line for number, line in enumerate(lines)]
