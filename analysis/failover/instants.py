"""Instants: every event of a failover put between two requests, as narrowly as the evidence allows.

Routing shows when a request begins, failure when it ends. Envoy floors start_time and duration to the millisecond,
so the later bound of an interval is widened by that resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from analysis.failover.borders import had_left_before
from analysis.failover.spans import Span
from analysis.failover.stretches import SECOND, Burst, Stretch

#: start_time is floored to the millisecond; start_time + duration_ms loses up to two.
START_RESOLUTION_US = 1_000
END_RESOLUTION_US = 2_000


@dataclass(frozen=True)
class Entry:
    """One request near an event: when it began and ended (microseconds), where it went, whether it was lost."""

    start: int
    end: int
    role: str
    failed: bool
    source: str
    line: int
    endpoint: str | None = None
    outcome: str = "ok"
    stalled: bool = False

    @property
    def is_symptom(self) -> bool:
        """True when the primary lost it or let it wait until the client left, or no endpoint was found for it."""
        return (self.failed or self.stalled) and self.role != "secondary"

    @property
    def on_primary(self) -> bool:
        """True when it was sent to the primary group, or nowhere for want of an endpoint."""
        return self.role in ("primary", "none") or self.is_symptom

    @property
    def served_by_primary(self) -> bool:
        """True when the primary group answered."""
        return self.role == "primary" and not self.failed and self.outcome != "client_gone"

    @property
    def on_secondary(self) -> bool:
        """True when it was sent to another group."""
        return self.role == "secondary"


@dataclass(frozen=True)
class Interval:
    """An instant that lies between two entries: after `earliest`, at or before `latest` (microseconds)."""

    earliest: int
    latest: int
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True)
class Event:
    """One event of a failover; `until` ends a relapse or an outage.

    `began` is when the first request began that shows it: of several lost ones not always the first that ended.
    """

    name: str
    at: Interval
    until: Interval | None = None
    began: int | None = None


def windows_of(stretches: Sequence[Stretch], span: Span) -> list[tuple[int, int]]:
    """Return the whole seconds (first, last; microseconds) whose requests the exact pass needs to see."""
    wanted: set[tuple[int, int]] = set()

    def want_edge(index: int) -> None:
        """The last second before a stretch, its first second, and the second after its first."""
        if index > 0:
            wanted.add((stretches[index - 1].end, stretches[index - 1].end))
        wanted.add((stretches[index].start, stretches[index].start))

    def want_end(index: int) -> None:
        wanted.add((stretches[index].end, stretches[index].end))
        if index + 1 < len(stretches):
            wanted.add((stretches[index + 1].start, stretches[index + 1].start))

    for index in (span.onset, span.spill, span.full, span.failback, span.first_error, *span.holes):
        if index is not None:
            want_edge(index)
    for index in (span.last, span.last_error):
        if index is not None:
            want_end(index)
    for burst in (*span.relapses, *span.outages):
        want_edge(burst.first)
        want_end(burst.last)
    return sorted(wanted)


def settle_start(stretches: Sequence[Stretch], span: Span, entries: Iterable[Entry]) -> Span:
    """Return the span, `began_before_start` decided by the requests of the onset's first second where they must."""
    if span.began_before_start or not span.answers_short:
        return span
    since = stretches[span.onset].start
    answered = 0
    for entry in sorted((e for e in entries if e.start >= since), key=lambda e: e.start):
        if entry.is_symptom or entry.on_secondary:
            break
        answered += entry.served_by_primary
    return replace(span, began_before_start=answered < span.answers_short)


def find_events(stretches: Sequence[Stretch], span: Span, entries: Iterable[Entry]) -> list[Event]:
    """Return the events of a failover in time order of their kinds; those that did not happen are left out."""
    rows = sorted(entries, key=lambda e: (e.start, e.end, e.source, e.line))
    events: list[Event] = []
    spill = None if span.spill is None else _first_start(rows, stretches[span.spill].start, lambda e: e.on_secondary)
    symptom = _first_end(rows, stretches[span.onset].start, lambda e: e.is_symptom)
    if not span.began_before_start:
        onset = symptom
        if spill is not None and (onset is None or spill.latest < onset.latest):
            onset = spill
        if onset is not None:
            since = stretches[span.onset].start
            began = [e.start for e in rows if e.start >= since and (e.is_symptom or e.on_secondary)]
            events.append(Event("onset", onset, began=min(began, default=onset.latest)))
        if spill is not None:
            events.append(Event("first_spill", spill))
    full = None if span.full is None else _find_full(rows, stretches[span.full])
    is_too_late = span.began_before_start and span.full is not None and had_left_before(stretches, span.full)
    if full is not None and not is_too_late:
        events.append(Event("full_failover", full))
    events += [Event("relapse", *_extent(rows, stretches, burst)) for burst in span.relapses]
    events += [Event("outage", *_darkness(rows, stretches, burst)) for burst in span.outages]
    if span.last_error is not None:
        last_error = _last_end(rows, stretches[span.last_error], lambda e: e.is_symptom)
        if last_error is not None:
            events.append(Event("last_primary_error", last_error))
    if span.failback is not None:
        failback = _first_start(rows, stretches[span.failback].start, lambda e: e.served_by_primary)
        if failback is not None:
            events.append(Event("first_failback", failback))
    if not span.open_at_end:
        recovered = _find_recovered(rows, stretches[span.last], span)
        if recovered is not None:
            events.append(Event("recovered", recovered))
    return events


def _first_start(rows: Sequence[Entry], since: int, shows: Callable[[Entry], bool]) -> Interval | None:
    """Put a change of routing between the last request that began before it and the first that shows it."""
    first = next((e for e in rows if e.start >= since and shows(e)), None)
    if first is None:
        return None
    before = next((e for e in reversed(rows) if e.start < first.start and not shows(e)), None)
    earliest = before.start if before else first.start
    return Interval(earliest, first.start + START_RESOLUTION_US, before, first)


def _first_end(rows: Sequence[Entry], since: int, shows: Callable[[Entry], bool]) -> Interval | None:
    """Put a failure at the end of the first request that shows it, or one gap between requests before."""
    first = min((e for e in rows if e.start >= since and shows(e)), key=lambda e: e.end, default=None)
    if first is None:
        return None
    before = next((e for e in reversed(rows) if e.start < first.start and e.served_by_primary), None)
    # A request lost like the first one could have begun right after the last good one, and ended as much earlier.
    earliest = first.end - (first.start - before.start) if before else first.start
    return Interval(earliest, first.end + END_RESOLUTION_US, before, first)


def _last_end(rows: Sequence[Entry], stretch: Stretch, shows: Callable[[Entry], bool]) -> Interval | None:
    """Put the end of something between the last request that shows it and the next that does not."""
    within = [e for e in rows if stretch.start <= e.start < stretch.end + SECOND and shows(e)]
    if not within:
        return None
    last = max(within, key=lambda e: e.end)
    after = next((e for e in rows if e.start > last.start and not e.failed and not e.stalled), None)
    # A request lost like the last one could have begun until the next did (which ended sooner, lost or not), and
    # ended as much later.
    following = next((e for e in rows if e.start > last.start), None)
    latest = last.end + (following.start - last.start if following else 0)
    return Interval(last.end, latest + END_RESOLUTION_US, last, after)


def _find_full(rows: Sequence[Entry], full: Stretch) -> Interval | None:
    """Put full failover between the last request that went to the primary and the next to the secondary."""
    last = next((e for e in reversed(rows) if e.start < full.start and e.on_primary), None)
    since = last.start if last else full.start - 1
    first = next((e for e in rows if e.start > since and e.on_secondary), None)
    if first is None:
        return None
    return Interval(last.start if last else first.start, first.start + START_RESOLUTION_US, last, first)


def _find_recovered(rows: Sequence[Entry], last: Stretch, span: Span) -> Interval | None:
    """Put recovery between the last request away from the primary and the next that the primary served."""
    away: Callable[[Entry], bool] = (lambda e: e.failed) if span.spill is None else (lambda e: e.on_secondary)
    within = [e for e in rows if last.start <= e.start < last.end + SECOND]
    gone = next((e for e in reversed(within) if away(e)), None)
    gone = gone or next((e for e in reversed(within) if e.failed), None)
    if gone is None:
        return None
    back = next((e for e in rows if e.start > gone.start and e.served_by_primary), None)
    if back is None:
        return None
    # Requests that found no endpoint at all may lie between the last one elsewhere and the first one back; one whose
    # client left says nothing.
    gone = next(e for e in reversed(rows) if e.start < back.start and (e.on_secondary or e.failed or e.is_symptom))
    return Interval(gone.start, back.start + START_RESOLUTION_US, gone, back)


def _extent(rows: Sequence[Entry], stretches: Sequence[Stretch], burst: Burst) -> tuple[Interval, Interval]:
    """Put the beginning and the end of a burst of failures between requests."""
    first, last = stretches[burst.first], stretches[burst.last]
    shows: Callable[[Entry], bool] = lambda e: e.failed or e.is_symptom  # noqa: E731
    begun = _first_start(rows, first.start, shows)
    if begun is None or begun.latest > last.end + SECOND:
        shows = lambda e: e.on_secondary  # noqa: E731
        begun = _first_start(rows, first.start, shows)
    ended = _last_end(rows, last, shows)
    if begun is None or ended is None:
        # The stretches hold such a request, so the entries must.
        raise AssertionError(f"no entries for the burst at {first.start}")
    return begun, ended


def _darkness(rows: Sequence[Entry], stretches: Sequence[Stretch], burst: Burst) -> tuple[Interval, Interval]:
    """Put an outage between the last request that was answered before it and the first after it."""
    dark_from, dark_until = stretches[burst.first].start, stretches[burst.last].start
    before = next((e for e in reversed(rows) if e.start < dark_from and not e.failed), None)
    first = next(e for e in rows if e.failed and e.start >= (before.start if before else dark_from))
    after = next((e for e in rows if e.start > dark_until and not e.failed), None)
    last = next(e for e in reversed(rows) if e.failed and (after is None or e.start <= after.start))
    begun = Interval(before.start if before else first.start, first.start + START_RESOLUTION_US, before, first)
    ended = Interval(last.start, (after or last).start + START_RESOLUTION_US, last, after)
    return begun, ended
