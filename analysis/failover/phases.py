"""Phases: the timeline of one failover as consecutive, named periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.failover.instants import Event
from analysis.failover.spans import Span
from analysis.failover.stretches import SECOND, Stretch

#: A phase of failing requests is called failing where more than this share of them is lost, else partial.
_FAILING_SHARE = 0.05


@dataclass(frozen=True)
class Phase:
    """A period of a failover, from `start` (inclusive) to `end` (exclusive), in microseconds."""

    name: str
    start: int
    end: int


def build_phases(
    stretches: Sequence[Stretch], span: Span, events: Sequence[Event], begin: int, finish: int
) -> list[Phase]:
    """Return the phases of a failover from `begin` to `finish` (microseconds), without gaps or overlaps."""
    # Requests count in the phase in which they began, so phases begin with the first request that shows them.
    at = {event.name: _begin(event) for event in events if event.until is None}
    began = [event.began for event in events if event.began is not None]
    onset = begin if span.began_before_start else min(began, default=begin)
    recovered = at.get("recovered", finish)
    full = at.get("full_failover")
    if full is None and span.full is not None:
        full = begin
    failback = at.get("first_failback", recovered)
    base = [Phase("healthy", begin, onset)]
    if full is None:
        spill = at.get("first_spill", onset)
        base += [Phase("failing", onset, spill), Phase("partial", spill, recovered)]
    else:
        base += [
            Phase(_name_of(stretches, onset, full), onset, full),
            Phase("on_secondary", full, failback),
            Phase("failback", failback, recovered),
        ]
    base.append(Phase("healthy", recovered, finish))
    for name in ("relapse", "outage"):
        for event in events:
            if event.name == name and event.until is not None:
                base = _overlay(base, Phase(name, _begin(event), event.until.earliest + 1))
    return [phase for phase in base if phase.end > phase.start]


def _begin(event: Event) -> int:
    return event.at.after.start if event.at.after else event.at.latest


def _name_of(stretches: Sequence[Stretch], start: int, end: int) -> str:
    within = [s for s in stretches if s.end + SECOND > start and s.start < end]
    failed = sum(s.failed for s in within)
    return "failing" if failed > _FAILING_SHARE * max(1, sum(s.requests for s in within)) else "partial"


def _overlay(phases: Sequence[Phase], top: Phase) -> list[Phase]:
    result: list[Phase] = []
    placed = False
    for phase in phases:
        if phase.end <= top.start or phase.start >= top.end:
            result.append(phase)
            continue
        if phase.start < top.start:
            result.append(Phase(phase.name, phase.start, top.start))
        if not placed:
            result.append(top)
            placed = True
        if phase.end > top.end:
            result.append(Phase(phase.name, top.end, phase.end))
    return result
