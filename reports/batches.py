"""Batches: many reports at once, the table that leads to them, and the summary for machines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from reports.build import find_version
from reports.documents import decode_document, encode_document, make_schema
from reports.model import Report
from reports.redaction import Redaction
from reports.story import tell_story

#: Version of the summary. It changes when a field is renamed, removed or means something else.
BATCH_VERSION = 1

Time = datetime
_LONGEST_NAME = 80
_KINDS = ("outage", "complete", "partial")
_VERDICTS = ("missed", "undecided", "met")


@dataclass(frozen=True)
class Unit:
    """One report of a batch: what it is about, and the figures that a table shows of it.

    `file` is its name in the folder of the batch. `started` and `ended` are those of its incident; of a service or a
    day those of its first and last request; None where the log does not say. `kind` is the worst kind among its
    incidents (outage, complete, partial), None without any. `requests` and `failed` count during its incidents where
    it is one, else over all of it. `verdict` is the worst of its verdicts (missed, undecided, met), None where nothing
    was asked.
    """

    unit: str
    file: str
    headline: str
    started: Time | None
    ended: Time | None
    services: tuple[str, ...]
    kind: str | None
    incidents: int
    failovers: int
    requests: int
    failed: int
    open_at_end: bool
    verdict: str | None


@dataclass(frozen=True)
class Batch:
    """The summary of a run: `each` is what there is one report of (incident, service or day); `units` oldest first."""

    schema_version: int
    hopline_version: str | None
    each: str
    time_zone: str
    redacted: tuple[str, ...]
    units: tuple[Unit, ...]


def describe_unit(report: Report, each: str, name: str, extension: str) -> Unit:
    """Return the row of a batch that leads to `report`, which is written to `name` with the extension."""
    single = report.incidents[0] if each == "incident" else None
    kinds = {incident.kind for incident in report.incidents}
    verdicts = {verdict.verdict for verdict in report.verdicts}
    services = {service for incident in report.incidents for service in incident.services}
    if each == "service":
        services |= {endpoint.service for endpoint in report.endpoints if endpoint.service}
    return Unit(
        unit=name,
        file=f"{name}{extension}",
        headline=tell_story(report).headline,
        started=_find_start(report) if single else report.totals.first_time,
        ended=single.ended_latest if single else report.totals.last_time,
        services=tuple(sorted(services)),
        kind=next((kind for kind in _KINDS if kind in kinds), None),
        incidents=len(report.incidents),
        failovers=len(report.failovers),
        requests=single.requests if single else report.totals.requests,
        failed=single.failed if single else report.totals.failed,
        open_at_end=any(incident.open_at_end for incident in report.incidents),
        verdict=next((verdict for verdict in _VERDICTS if verdict in verdicts), None),
    )


def name_incident(report: Report) -> str:
    """Return a name for the report of one incident that stays the same as logs grow: when it began, and of what."""
    start = _find_start(report)
    at = f"{start.astimezone(UTC):%Y%m%dT%H%M%SZ}" if start else "unknown"
    services = report.incidents[0].services
    return make_file_name(f"{at}-{services[0] if services else 'unknown'}")


def make_file_name(text: str) -> str:
    """Return a text as a name that every file system takes, and that says nothing else to a shell or a browser."""
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.")
    return plain[:_LONGEST_NAME].rstrip("-.") or "unnamed"


def make_unique(names: Iterable[str]) -> list[str]:
    """Return the names, each further one of the same spelling with a number; small letters and large are the same."""
    taken: set[str] = set()
    unique = []
    for name in names:
        number, free = 2, name
        while free.lower() in taken:
            number, free = number + 1, f"{name}-{number}"
        taken.add(free.lower())
        unique.append(free)
    return unique


def make_batch(each: str, units: Iterable[Unit], *, tz: str = "UTC", redaction: Redaction | None = None) -> Batch:
    """Return the summary of a run, its units from the oldest on."""
    ordered = sorted(units, key=lambda u: (u.started is None, u.started, u.unit))
    redacted = tuple(sorted(redaction.secrets)) if redaction else ()
    return Batch(BATCH_VERSION, find_version(), each, tz, redacted, tuple(ordered))


def keep_earlier(batch: Batch, earlier: Batch, still_there: Sequence[str]) -> Batch:
    """Return the batch with those units of an earlier run that this one does not know and whose file is still there."""
    known = {unit.file for unit in batch.units}
    kept = [unit for unit in earlier.units if unit.file not in known and unit.file in still_there]
    ordered = sorted((*batch.units, *kept), key=lambda u: (u.started is None, u.started, u.unit))
    return replace(batch, units=tuple(ordered))


def write_batch(batch: Batch) -> str:
    """Return the summary as a JSON document that ends with a newline."""
    return encode_document(batch)


def read_batch(text: str) -> Batch:
    """Return the summary that `write_batch` wrote; raises DocumentError for any other text."""
    return cast(Batch, decode_document(text, Batch, BATCH_VERSION, "summary"))


def batch_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the summary."""
    return make_schema(Batch, "hopline summary", BATCH_VERSION)


def _find_start(report: Report) -> Time | None:
    """Return when the incident of a report began; where the log begins within it, when that was."""
    incident = report.incidents[0]
    if incident.started_latest is not None:
        return incident.started_latest
    return min((phase.starts for phase in report.phases), default=incident.started_earliest)
