"""Cuts: one incident out of a report, as a report of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reports.costs import EjectionEffect
from reports.model import Report
from reports.series import Scene


def cut_incident(report: Report, incident_id: str) -> Report:
    """Return the report with this incident alone: its failovers, timelines, evidence, and what all of it rests on.

    What was read and which endpoints there are stays as it is: it is the ground of the incident as well.
    """
    failovers = tuple(f for f in report.failovers if f.incident_id == incident_id)
    ids = {f.failover_id for f in failovers}
    scenes = tuple(scene for scene in report.scenes if scene.incident_id == incident_id)
    events = tuple(e for e in report.events if e.failover_id in ids)
    shown = set(_list_places(scenes))
    shown |= {(finding.source, finding.line) for finding in report.findings}
    shown |= {(shift.source, shift.line) for shift in report.shifts}
    shown |= {place for e in events for place in ((e.source, e.line), (e.before_source, e.before_line))}
    kept = {None, *(scene.scene_id for scene in scenes)}
    return replace(
        report,
        incidents=tuple(i for i in report.incidents if i.incident_id == incident_id),
        verdicts=tuple(v for v in report.verdicts if v.incident_id in (None, incident_id)),
        failovers=failovers,
        events=events,
        phases=tuple(p for p in report.phases if p.failover_id in ids),
        phase_costs=tuple(c for c in report.phase_costs if c.failover_id in ids),
        losses=tuple(loss for loss in report.losses if loss.failover_id in ids),
        error_budgets=tuple(b for b in report.error_budgets if b.failover_id is None or b.failover_id in ids),
        ejection_effects=tuple(e for e in report.ejection_effects if _is_shown(e, scenes)),
        spill_shares=tuple(spill for spill in report.spill_shares if spill.failover_id in ids),
        scenes=scenes,
        evidence=tuple(line for line in report.evidence if (line.source, line.line) in shown),
        figures=tuple(figure for figure in report.figures if figure.scene_id in kept),
    )


def _is_shown(effect: EjectionEffect, scenes: tuple[Scene, ...]) -> bool:
    return any(
        effect.service == scene.service
        and any((e.endpoint, e.ejected_at) == (effect.endpoint, effect.ejected_at) for e in scene.ejections)
        for scene in scenes
    )


def _list_places(scenes: tuple[Scene, ...]) -> Iterator[tuple[str | None, int | None]]:
    for scene in scenes:
        yield from ((kind.source, kind.line) for kind in scene.failure_kinds)
        yield from ((ejection.source, ejection.line) for ejection in scene.ejections)
