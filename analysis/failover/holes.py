"""Holes: stretches of time in which entries are missing, or nobody called. What lies next to one may lie in it.

After a hole, the first request that shows a change proves only that it had happened by then; before one, the last
that shows it proves only that it had not ended yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.failover.instants import END_RESOLUTION_US, START_RESOLUTION_US, Entry, Event, Interval
from analysis.failover.stretches import SECOND, Stretch

#: A gap this many times the mean one is a hole: by chance it is one in a million.
_HOLE = 13.8
#: A hole touches an event when fewer than so many requests lie between them (at the mean gap).
_NEAR = 20


@dataclass(frozen=True)
class Hole:
    """A hole between two entries; `near` is how far from it (microseconds) events are touched by it."""

    before: Entry
    after: Entry
    near: int


def find_holes(rows: Sequence[Entry], stretches: Sequence[Stretch]) -> list[Hole]:
    """Return the holes between entries, which are in order of their start but need not be all there are."""
    follows = {(a.end, b.start) for a, b in pairwise(stretches)}
    pairs = [
        (a, b) for a, b in pairwise(rows) if _second(b) - _second(a) <= SECOND or (_second(a), _second(b)) in follows
    ]
    usual = _mean([b.start - a.start for a, b in pairs])
    return [Hole(a, b, round(_NEAR * usual)) for a, b in pairs if b.start - a.start > _HOLE * usual]


def _second(entry: Entry) -> int:
    return entry.start // SECOND * SECOND


def _mean(gaps: Sequence[int]) -> float:
    """Return the mean gap, holes left out."""
    mean = sum(gaps) / max(1, len(gaps))
    small = [gap for gap in gaps if gap <= _HOLE * mean]
    return max(1.0, sum(small) / max(1, len(small)))


def widen_events(events: Sequence[Event], holes: Sequence[Hole]) -> list[Event]:
    """Return the events, each as much wider as a hole next to it makes it uncertain."""
    return [replace(event, at=_widen(event.name, event.at, holes)) for event in events] if holes else list(events)


def _widen(name: str, at: Interval, holes: Sequence[Hole]) -> Interval:
    if name in ("onset", "first_spill", "first_failback"):
        for hole in reversed(holes):
            if hole.before.start < at.earliest and 0 <= at.earliest - hole.after.start <= hole.near:
                return replace(at, earliest=hole.before.start, before=hole.before)
    elif name in ("full_failover", "last_primary_error", "recovered"):
        for hole in holes:
            if -END_RESOLUTION_US <= hole.before.start - at.latest <= hole.near:
                return replace(at, latest=hole.after.start + START_RESOLUTION_US, after=hole.after)
    return at
