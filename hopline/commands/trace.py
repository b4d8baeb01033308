"""`hopline trace`: one request through every proxy that logged it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from hopline.commands.outputs import Output, Redact, RedactKey
from hopline.console import PAPER, describe_screen, say
from hopline.destination import open_destination
from hopline.moments import check_zone
from hopline.redaction import choose_redaction, redact_table
from hopline.selection import Selection, takes_logs
from hopline.silence import explain_no_requests
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import QueryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from analysis import Options, Session
    from hopline.waterfall import RawLines
    from reports import Redaction

#: A shorter beginning of an id says too little.
LEAST_PREFIX = 4
#: Of requests that bear one id, so many are drawn; the formats for programs hold all.
MOST_DRAWN = 20
#: So many ids are named where a beginning fits several.
_SHOWN_IDS = 5

_TRACE = "SELECT * FROM trace_of($id) ORDER BY trace, seq"
_EXACT = "SELECT 1 FROM access_log WHERE request_id = $id LIMIT 1"
_BEGINNING = f"""
SELECT DISTINCT request_id FROM access_log WHERE starts_with(lower(request_id), lower($id))
ORDER BY ALL LIMIT {_SHOWN_IDS + 1}
"""
_PLACE = re.compile(r"(?P<name>.+):(?P<line>[0-9]{1,12})")
_AT_PLACE = f"""
SELECT source, line, request_id FROM access_log
WHERE line = $line::BIGINT AND (source = $name OR ends_with(source, '/' || $name))
ORDER BY source LIMIT {_SHOWN_IDS}
"""
_ENTRIES = "SELECT count(*) AS entries FROM access_log"
_IDS = "SELECT count(DISTINCT request_id) AS ids FROM access_log"
#: Beyond so many entries, looking through all ids for a mistyped one would take minutes.
_MOST_COMPARED = 3_000_000
_EXTENT = "SELECT min(start_time) AS first, max(start_time) AS last FROM access_log WHERE request_id = $id"
#: What was logged longer before or after a request is no part of its trace: of a month, two days are read.
_AROUND = timedelta(days=1)
#: A digit mistyped, or a few lost where an id was copied.
_NEAREST = """
SELECT request_id FROM (SELECT DISTINCT request_id FROM access_log WHERE length(request_id) >= 8)
WHERE abs(length(request_id) - length($id)) <= 4 AND levenshtein(lower(request_id), lower($id)) <= 4
ORDER BY levenshtein(lower(request_id), lower($id)), request_id LIMIT 3
"""


@takes_logs
def trace(
    request_id: Annotated[
        str,
        typer.Argument(
            metavar="REQUEST_ID",
            help=f"The x-request-id, or its beginning ({LEAST_PREFIX} characters or more) if only one id begins so; or "
            "FILE:LINE of an entry that bears one, as evidence is written.",
        ),
    ],
    selection: Selection,
    *,
    evidence: Annotated[bool, typer.Option("--evidence", help="Show the log lines themselves below each hop.")] = False,
    output: Output = None,
    format_: Annotated[
        TableFormat | None,
        typer.Option(
            "-f",
            "--format",
            help="Format; without it, what the name of the output says, else a drawn tree of the hops.",
            show_default=False,
        ),
    ] = None,
    tz: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of the drawn tree.")] = "UTC",
    redact: Redact = None,
    redact_key: RedactKey = None,
) -> None:
    """Follow one request through every gateway and sidecar that logged it, and say where its time went.

    The east-west gateway's line bears no request id: it is found by its addresses. A hop that left no line is named,
    with the reason. Several requests that bear one id are told apart.
    """
    chosen = choose_format(format_, output)
    zone = ZoneInfo(check_zone(tz))
    if evidence and (format_ is not None or chosen is not TableFormat.TABLE):
        raise UsageError("--evidence belongs to the drawn tree", hint="source and line are columns of every format")
    redaction = choose_redaction(selection.configuration, redact, redact_key)
    selection.refuse_to_overwrite(output)
    with selection.open() as session:
        found = find_request(session, request_id, redaction.hide_text if redaction else str)
        with session.narrow(_look_around(session, found)) as narrow:
            table = narrow.sql(_TRACE, {"id": found})
            raw = _read_lines(narrow, table, redaction) if evidence else None
        if redaction:
            table = redact_table(table, redaction)
        traces = [list(rows) for _, rows in groupby(table.to_pylist(), lambda row: row["trace"])]
        drawn = format_ is None and chosen is TableFormat.TABLE
        if len(traces) > 1:
            shown = (
                f"the first {MOST_DRAWN} are shown" if drawn and len(traces) > MOST_DRAWN else "each is shown by itself"
            )
            say(f"{len(traces)} requests bear this id, as their times and links tell; {shown}")
        if drawn:
            _draw(traces[:MOST_DRAWN], output, zone, raw)
        else:
            write_table(table, chosen, output)


def _look_around(session: Session, found: str) -> Options:
    """Return the options of a session that reads a day before and after the entries that bear an id."""
    extent = session.sql(_EXTENT, {"id": found}).to_pylist()[0]
    if extent["first"] is None:
        return session.options
    since, until = extent["first"] - _AROUND, extent["last"] + _AROUND
    asked = session.options
    return replace(
        asked,
        since=since if asked.since is None else max(asked.since, since),
        until=until if asked.until is None else min(asked.until, until),
    )


def find_request(session: Session, wanted: str, hide: Callable[[str], str] = str) -> str:
    """Return the one request id that `wanted` is, or begins; says so on standard error where it is a beginning.

    `hide` takes out of what is said what is to be redacted. Raises QueryError when no entry bears it, or when it begins
    several.
    """
    if session.sql(_EXACT, {"id": wanted}).num_rows:
        return wanted
    if found := _find_by_place(session, wanted, hide):
        return found
    ids: list[str] = []
    if len(wanted) >= LEAST_PREFIX:
        ids = session.sql(_BEGINNING, {"id": wanted}).column("request_id").to_pylist()
    if len(ids) == 1:
        say(f"taken for {hide(ids[0])}, the only request id here that begins so")
        return ids[0]
    if ids:
        listed = ", ".join(map(hide, ids[:_SHOWN_IDS])) + (", ..." if len(ids) > _SHOWN_IDS else "")
        raise QueryError(f"several request ids begin with {wanted!r}", hint=f"give more of it: {listed}")
    raise QueryError(f"no entry bears the request id {wanted!r}", hint=hide(_explain_absence(session, wanted)))


def _find_by_place(session: Session, wanted: str, hide: Callable[[str], str]) -> str | None:
    """Return the request id of the entry at FILE:LINE; None where `wanted` is no such place."""
    place = _PLACE.fullmatch(wanted)
    rows = session.sql(_AT_PLACE, place.groupdict()).to_pylist() if place else []
    if not rows:
        return None
    if len(rows) > 1:
        listed = ", ".join(f"{hide(row['source'])}:{row['line']}" for row in rows)
        raise QueryError(f"several entries stand at {wanted!r}", hint=f"give more of the path: {listed}")
    found: str | None = rows[0]["request_id"]
    if not found:
        raise QueryError(
            f"the entry at {wanted} bears no request id",
            hint="a connection carries many requests; `hopline sql` with hop_links lists those that went through it",
        )
    say(f"the entry at {wanted} bears the request id {hide(found)}")
    return found


def _explain_absence(session: Session, wanted: str) -> str:
    limits = "; --since and --until may leave it out" if session.options.since or session.options.until else ""
    entries = session.sql(_ENTRIES).to_pylist()[0]["entries"]
    if entries > _MOST_COMPARED:
        return f"{entries:,} entries are held; is the log of its gateway among them{limits}?"
    if nothing := explain_no_requests(session):
        return nothing
    ids = session.sql(_IDS).to_pylist()[0]["ids"]
    if not ids:
        return "these logs hold no request ids: their format does not log %REQ(X-REQUEST-ID)%"
    near = session.sql(_NEAREST, {"id": wanted}).column("request_id").to_pylist()
    if near:
        return f"did you mean {' or '.join(near)}?"
    held = f"{ids:,} other ids in {entries:,} entries are held"
    return f"{held}; is the log of its gateway among them{limits}?"


def _read_lines(session: Session, table: pa.Table, redaction: Redaction | None) -> RawLines:
    """Return the log line of each hop by its place: as it is, or place and line redacted."""
    rows = table.select(["source", "line"]).to_pylist()
    raw = session.evidence.read_lines([(row["source"], row["line"]) for row in rows if row["source"] is not None])
    if redaction is None:
        return raw
    import reports

    hidden = reports.hide_lines(session, raw, redaction)
    return {(redaction.hide_field("source", source), line): text.encode() for (source, line), text in hidden.items()}


def _draw(traces: list[list[dict[str, Any]]], output: Path | None, zone: ZoneInfo, raw: RawLines | None) -> None:
    from hopline.waterfall import draw_trace

    screen = PAPER if output else describe_screen()
    blocks = ["\n".join(draw_trace(rows, screen, zone, raw)) for rows in traces]
    with open_destination(output) as stream:
        text = "\n\n".join(blocks) + "\n"
        stream.write(text.encode("utf-8" if screen.unicode else "ascii", "backslashreplace"))
