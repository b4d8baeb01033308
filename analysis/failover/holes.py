"""Holes: stretches of time in which entries are missing, or nobody called. What might lie in one widens an instant.

After a hole, the first request that shows a change proves only that it had happened by then; before one, the last
that shows it proves only that it had not ended yet. Twenty requests between a hole and an instant show that nothing of
its kind was going on in the hole, except for the last error: ejected endpoints are tried again at any time, so that
one more may lie in any hole until the recovery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analysis.failover.instants import END_RESOLUTION_US, START_RESOLUTION_US, Entry, Event, Interval
from analysis.failover.stretches import HOLE, SECOND, Stretch

#: A hole touches an event when fewer than so many requests lie between them (at the mean gap).
_NEAR = 20
#: Events that may have happened in a hole before them, and those that may have in one after them.
_BACK = frozenset({"onset", "first_spill", "first_failback"})
_ON = frozenset({"full_failover", "recovered"})


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
    return [Hole(a, b, round(_NEAR * usual)) for a, b in pairs if b.start - a.start > HOLE * usual]


def _second(entry: Entry) -> int:
    return entry.start // SECOND * SECOND


def _mean(gaps: Sequence[int]) -> float:
    """Return the mean gap, holes left out."""
    mean = sum(gaps) / max(1, len(gaps))
    small = [gap for gap in gaps if gap <= HOLE * mean]
    return max(1.0, sum(small) / max(1, len(small)))


def widen_events(events: Sequence[Event], holes: Sequence[Hole]) -> list[Event]:
    """Return the events, each as much wider as the holes make it uncertain."""
    if not holes:
        return list(events)
    widened = {event.name: _widen(event.name, event.at, holes) for event in events if event.until is None}
    last_error = next((event.at for event in events if event.name == "last_primary_error"), None)
    if last_error:
        recovered = widened.get("recovered")
        until = recovered.latest if recovered else holes[-1].after.start + START_RESOLUTION_US
        hidden = [h for h in holes if h.before.start >= last_error.earliest and h.after.start <= until]
        if hidden:
            # What began in the hole ended as much later as the last one known took.
            took = last_error.before.end - last_error.before.start if last_error.before else 0
            latest = hidden[-1].after.start + took + END_RESOLUTION_US
            widened["last_primary_error"] = replace(last_error, latest=latest, after=hidden[-1].after)
    return [
        replace(event, at=widened[event.name] if event.until is None else _widen(event.name, event.at, holes))
        for event in events
    ]


def _widen(name: str, at: Interval, holes: Sequence[Hole]) -> Interval:
    if name in _BACK:
        hole = next((h for h in reversed(holes) if 0 <= at.earliest - h.after.start <= h.near), None)
        if hole:
            at = replace(at, earliest=hole.before.start, before=hole.before)
    if name in _ON:
        hole = next((h for h in holes if -END_RESOLUTION_US <= h.before.start - at.latest <= h.near), None)
        if hole:
            at = replace(at, latest=hole.after.start + START_RESOLUTION_US, after=hole.after)
    return at
