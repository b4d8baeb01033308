"""Is a report that came from a document one that can be shown? The types are right by then; this is the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reports.ground import EvidenceLine
from reports.model import Report
from reports.series import Closeup, Scene

#: Far more than any report has: a page is no place for more.
_MOST_BINS = 10_000


def find_flaws(report: Report) -> Iterator[str]:
    """Yield what is wrong in a report, each flaw with the place it is at: `report.scenes[0].bins: expected ...`."""
    try:
        ZoneInfo(report.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"report.time_zone: no time zone {report.time_zone!r} is known"
    yield from _check_incidents(report)
    for n, scene in enumerate(report.scenes):
        yield from (f"report.scenes[{n}].{flaw}" for flaw in _check_scene(scene, report))
    for n, line in enumerate(report.evidence):
        if not _are_in_order(line):
            yield f"report.evidence[{n}].marks: expected (begin, end) offsets into its text, one after the other"


def _check_incidents(report: Report) -> Iterator[str]:
    incidents = [incident.incident_id for incident in report.incidents]
    failovers = {failover.failover_id: failover.incident_id for failover in report.failovers}
    for n, failover in enumerate(report.failovers):
        if failover.incident_id not in incidents:
            yield f"report.failovers[{n}].incident_id: there is no incident {failover.incident_id!r}"
    owned = ("events", "phases", "phase_costs", "losses", "spill_shares")
    for name in owned:
        for n, failover_id in enumerate(record.failover_id for record in getattr(report, name)):
            if failover_id not in failovers:
                yield f"report.{name}[{n}].failover_id: there is no failover {failover_id!r}"
    told = {failovers.get(phase.failover_id) for phase in report.phases}
    for n, incident in enumerate(incidents):
        if incidents.index(incident) != n:
            yield f"report.incidents[{n}].incident_id: {incident!r} stands there twice"
        if incident not in told:
            yield f"report.incidents[{n}]: expected a failover with phases in report.failovers and report.phases"


def _check_scene(scene: Scene, report: Report) -> Iterator[str]:
    if scene.incident_id is not None and all(i.incident_id != scene.incident_id for i in report.incidents):
        yield f"incident_id: there is no incident {scene.incident_id!r}"
    known = {failover.failover_id for failover in report.failovers}
    for n, failover_id in enumerate(scene.failover_ids):
        if failover_id not in known:
            yield f"failover_ids[{n}]: there is no failover {failover_id!r}"
    yield from _check_bins(scene)
    for n, closeup in enumerate(scene.closeups):
        yield from (f"closeups[{n}].{flaw}" for flaw in _check_bins(closeup))
        for name in ("groups", "failures", "endpoints"):
            if len(getattr(closeup, name)) != len(getattr(scene, name)):
                yield f"closeups[{n}].{name}: expected as many as the timeline has"


def _check_bins(scene: Scene | Closeup) -> Iterator[str]:
    if not 1 <= scene.bins <= _MOST_BINS:
        yield f"bins: expected a number from 1 to {_MOST_BINS}"
        return
    if not _is_length_of_a_bin(scene):
        yield "bin_s: expected a positive number of seconds that leads to no impossible time"
    for name, all_series in (("groups", scene.groups), ("failures", scene.failures), ("endpoints", scene.endpoints)):
        for n, series in enumerate(all_series):
            for field, values in vars(series).items():
                if isinstance(values, tuple) and field != "response_flags" and len(values) != scene.bins:
                    yield f"{name}[{n}].{field}: expected {scene.bins} values, one per bin"


def _is_length_of_a_bin(scene: Scene | Closeup) -> bool:
    if scene.bin_s < 1e-6:
        return False
    try:
        end = scene.starts + scene.bins * timedelta(seconds=scene.bin_s)
    except OverflowError:
        return False
    return end.year < 9999


def _are_in_order(line: EvidenceLine) -> bool:
    offsets = [offset for mark in line.marks for offset in mark]
    return offsets == sorted(offsets) and (not offsets or (offsets[0] >= 0 and offsets[-1] <= len(line.text or "")))
