"""Batches: one report per incident, service or day in a folder, with a page that leads to them; made for cron.

The same logs give the same files: a second run writes nothing, and says so. Reports of earlier runs stay, and stay
listed, when their logs are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hopline.destination import check_writable, make_folder, open_destination
from hopline.pages import Manner, ReportFormat, render_files
from ingest.errors import UsageError

if TYPE_CHECKING:
    from analysis import Session
    from reports import Batch, Report

#: Timelines in all of a batch of incidents: every incident has its own page.
_ALL = 10_000
INDEX, SUMMARY = "index.html", "summary.json"
_HOURS = "SELECT DISTINCT epoch_us(start_time) // 900_000_000 AS quarter FROM requests WHERE start_time IS NOT NULL"
_SERVICES = "SELECT DISTINCT service FROM requests WHERE service IS NOT NULL ORDER BY service"


class Each(StrEnum):
    """What there is one report of."""

    INCIDENT = "incident"
    SERVICE = "service"
    DAY = "day"


@dataclass(frozen=True)
class Written:
    """What a run did: how many reports there are now, and how many of them it wrote."""

    reports: int
    changed: int


def prepare_batch_folder(folder: Path) -> None:
    """Make the folder where it is missing; raises OutputError when a batch could not be written into it."""
    make_folder(folder, "reports")
    check_writable(folder / SUMMARY)


def write_reports(session: Session, each: Each, folder: Path, manner: Manner, format_: ReportFormat) -> Written:
    """Write one report per unit into the folder, then `index.html` and `summary.json`; raises OutputError.

    Raises UsageError where the folder holds a batch of other units: its table could not list both.
    """
    import reports

    earlier = _read_earlier(folder, each)
    made = list(_make_units(session, each, manner))
    names = reports.make_unique(name for name, _ in made)
    extension = f".{'txt' if format_ is ReportFormat.TEXT else format_}"
    units, changed = [], 0
    for name, (_, report) in zip(names, made, strict=True):
        unit = reports.describe_unit(report, each, name, extension)
        units.append(unit)
        files = render_files(report, format_, unit.file, manner.charts)
        written = [_write(folder / file, content) for file, content in files]
        changed += any(written)
    batch = reports.make_batch(each, units, tz=manner.zone or "UTC", redaction=manner.redaction)
    if earlier is not None:
        there = [unit.file for unit in earlier.units if (folder / unit.file).is_file()]
        batch = reports.keep_earlier(batch, earlier, there)
    _write(folder / INDEX, reports.to_index_html(batch).encode("utf-8", "backslashreplace"))
    # Last, so that a run which is cut short is made good by the next.
    _write(folder / SUMMARY, reports.write_batch(batch).encode())
    return Written(len(batch.units), changed)


def _make_units(session: Session, each: Each, manner: Manner) -> Iterator[tuple[str, Report]]:
    """Yield the name and the report of each unit, in an order that depends on the logs alone."""
    import reports

    if each is Each.INCIDENT:
        whole = _build(session, manner, most_scenes=_ALL)
        for incident in whole.incidents:
            report = reports.cut_incident(whole, incident.incident_id)
            yield reports.name_incident(report), report
        return
    options = session.options
    if each is Each.SERVICE:
        for row in session.sql(_SERVICES).to_pylist():
            with closing(session.narrow(replace(options, service=row["service"]))) as part:
                report = _build(part, manner)
            name = row["service"] if manner.redaction is None else manner.redaction.hide_text(row["service"])
            yield reports.make_file_name(name), report
        return
    zone = ZoneInfo(manner.zone or "UTC")
    for day in _list_days(session, zone):
        since, until = (datetime.combine(at, time(), zone).astimezone(UTC) for at in (day, day + timedelta(days=1)))
        since, until = max(since, options.since or since), min(until, options.until or until)
        with closing(session.narrow(replace(options, since=since, until=until))) as part:
            yield day.isoformat(), _build(part, manner)


def _list_days(session: Session, zone: ZoneInfo) -> list[date]:
    """Return the days of a zone on which there were requests; every zone is whole quarters of an hour from UTC."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    quarters = session.sql(_HOURS).column("quarter").to_pylist()
    return sorted({(epoch + timedelta(minutes=15 * quarter)).astimezone(zone).date() for quarter in quarters})


def _build(session: Session, manner: Manner, most_scenes: int | None = None) -> Report:
    import reports

    build = reports.build_report if most_scenes is None else partial(reports.build_report, most_scenes=most_scenes)
    return build(session, tz=manner.zone or "UTC", marks=manner.marks, redaction=manner.redaction)


def _read_earlier(folder: Path, each: Each) -> Batch | None:
    """Return the summary of an earlier run; None where there is none, or where it is of another version."""
    import reports

    try:
        batch = reports.read_batch((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, reports.DocumentError):
        return None
    if batch.each != each:
        raise UsageError(
            f"{folder} holds one report per {batch.each}, not per {each}",
            hint=f"-o another folder, or --each {batch.each}",
        )
    return batch


def _write(path: Path, content: bytes) -> bool:
    """Write a file unless it holds just that; say whether it was written."""
    try:
        if path.read_bytes() == content:
            return False
    except OSError:
        pass
    with open_destination(path) as stream:
        stream.write(content)
    return True
