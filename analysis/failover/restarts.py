"""Rolling restarts: endpoints of the primary that go quiet one after another and come back.

Envoy sends a few percent of the requests to the next priority while one local endpoint is out, so a rolling restart
spills a little after each pod. That is not a failover: the primary was never short of more than one endpoint.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from analysis.failover.stretches import SECOND

#: A silence counts when it lasts two seconds, and at least this many requests would have been expected in it.
_EXPECTED = 3
#: So many more than the logarithm of all that the endpoint answered must be expected, or chance makes such silences.
_BEYOND_CHANCE = 1
#: So many answers tell what share of the requests an endpoint gets.
_KNOWN = 5
#: Silences of two endpoints that share more than this part of the shorter one are not one after another.
_OVERLAP = 0.34
#: The largest part of the spilled requests that one endpoint's silences may hold: with more, it alone explains them.
_ALONE = 0.6
#: Silences as short as this, one of each endpoint at most, are restarts even if there is one only, or one holds most.
_BRIEF = 10 * SECOND
#: So many requests may be lost in those: with more, their callers want to know.
_FEW_LOST = 3
#: The part of the spilled requests that the silences must hold together: with less, something else spilled them.
_COVERED = 0.67


@dataclass(frozen=True)
class Silence:
    """A time in which one endpoint answered nothing while others of its group did (microseconds)."""

    endpoint: str
    start: int
    end: int


def find_silences(answered: Mapping[str, Mapping[int, int]], start: int, end: int) -> list[Silence]:
    """Return the silences of each endpoint between `start` and `end`, in time order.

    `answered` holds, for each endpoint, how many requests it answered in each second (key: microseconds of the
    second); a second without answers is left out. An endpoint that vanishes for good is silent until the next new one
    answers, which took its place; one that nothing replaced until the end, and a new one that replaced nothing from the
    start. `start` and `end` lie within the log.
    """
    begun, ended = start + 2 * SECOND, end - 2 * SECOND
    lives = {e: (min(seconds), max(seconds)) for e, seconds in answered.items() if seconds}
    silences: list[Silence] = []
    for endpoint in lives:
        inside = sorted(answered[endpoint])
        silences += [Silence(endpoint, a + SECOND, b) for a, b in pairwise(inside) if b > a + SECOND]
    gone = sorted((last, e) for e, (_, last) in lives.items() if last < ended)
    new = sorted((first, e) for e, (first, _) in lives.items() if first > begun)
    for last, endpoint in gone:
        taken = new.pop(0)[0] if new else end + SECOND
        silences.append(Silence(endpoint, last + SECOND, taken))
    silences += [Silence(endpoint, start, first) for first, endpoint in new]
    counts = {e: _Counts.of(seconds) for e, seconds in answered.items() if seconds}
    everything = _Counts.of(_add_up(answered.values()))
    return sorted(
        (s for s in silences if s.end - s.start >= 2 * SECOND and _is_beyond_chance(s, counts[s.endpoint], everything)),
        key=lambda s: (s.start, s.endpoint),
    )


@dataclass(frozen=True)
class _Counts:
    """Requests by second, in time order, and how many there were up to each."""

    seconds: tuple[int, ...]
    up_to: tuple[int, ...]

    @classmethod
    def of(cls, by_second: Mapping[int, int]) -> _Counts:
        seconds = sorted(by_second)
        return cls(tuple(seconds), tuple(accumulate((by_second[at] for at in seconds), initial=0)))

    def between(self, start: int, end: int) -> int:
        """Return how many there were from `start` to before `end`."""
        return self.up_to[bisect_left(self.seconds, end)] - self.up_to[bisect_left(self.seconds, start)]


def _add_up(parts: Iterable[Mapping[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for part in parts:
        for at, count in part.items():
            total[at] = total.get(at, 0) + count
    return total


def _is_beyond_chance(silence: Silence, own: _Counts, everything: _Counts) -> bool:
    """Tell whether an endpoint that gets its share of the requests would have answered some of those in its silence."""
    total = own.up_to[-1]
    missed = everything.between(silence.start, silence.end)
    lived = own.seconds[0], own.seconds[-1] + SECOND
    inside = everything.between(max(silence.start, lived[0]), min(silence.end, lived[1]))
    beside = everything.between(*lived) - inside - total
    return total >= _KNOWN and missed * total >= max(_EXPECTED, math.log(total) + _BEYOND_CHANCE) * max(1, beside)


def is_rolling_restart(
    answered: Mapping[str, Mapping[int, int]], spilled: Mapping[int, int], lost: int, start: int, end: int
) -> bool:
    """Tell whether endpoints of the primary went quiet one after another, and account for the spill in turns.

    `spilled` holds how many requests went elsewhere in each second; `lost` is how many the primary lost. As many
    endpoints must serve after the spill as before it, and silences, hardly two at a time, must hold most of the
    spilled requests: those of at least two endpoints, none of them most of it, or brief ones in which next to nothing
    was lost.
    """
    first, last = min(spilled), max(spilled)
    before = {e for e, seconds in answered.items() if min(seconds) < first}
    after = {e for e, seconds in answered.items() if max(seconds) > last}
    if len(after) < len(before):
        return False
    spills = _Counts.of(spilled)
    restarts = [s for s in find_silences(answered, start, end) if _held(spills, [s])]
    if _held(spills, restarts) < _COVERED * spills.up_to[-1] or any(_overlap(a, b) for a, b in pairwise(restarts)):
        return False
    return _take_turns(restarts, spills) or (lost <= _FEW_LOST and _are_brief(restarts, start))


def _take_turns(restarts: Sequence[Silence], spills: _Counts) -> bool:
    by_endpoint: dict[str, list[Silence]] = {}
    for silence in restarts:
        by_endpoint.setdefault(silence.endpoint, []).append(silence)
    most = max(_held(spills, own) for own in by_endpoint.values())
    return len(by_endpoint) >= 2 and most <= _ALONE * spills.up_to[-1]


def _are_brief(restarts: Sequence[Silence], start: int) -> bool:
    """Tell whether each endpoint was silent once, and not for long; of one silent from `start` on nobody knows."""
    endpoints = {silence.endpoint for silence in restarts}
    return len(endpoints) == len(restarts) and all(s.start > start and s.end - s.start <= _BRIEF for s in restarts)


def _held(spills: _Counts, silences: Sequence[Silence]) -> int:
    """Return how many requests went elsewhere in the silences, or in the seconds next to them; they are in order."""
    held, reached = 0, -math.inf
    for silence in silences:
        since, until = max(reached, silence.start - SECOND), silence.end + SECOND
        if until > since:
            held += spills.between(int(since), until)
            reached = until
    return held


def _overlap(first: Silence, second: Silence) -> bool:
    if first.endpoint == second.endpoint:
        return False
    shared = min(first.end, second.end) - second.start
    shorter = min(first.end - first.start, second.end - second.start)
    return shared > _OVERLAP * shorter


def group_answers(rows: Sequence[Mapping[str, object]]) -> dict[str, dict[int, int]]:
    """Return answers by endpoint and second from rows with endpoint, second (microseconds) and answered."""
    answered: dict[str, dict[int, int]] = {}
    for row in rows:
        answered.setdefault(str(row["endpoint"]), {})[int(str(row["second"]))] = int(str(row["answered"]))
    return answered
