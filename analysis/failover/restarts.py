"""Rolling restarts: endpoints of the primary that go quiet one after another and come back.

Envoy sends a few percent of the requests to the next priority while one local endpoint is out, so a rolling restart
spills a little after each pod. That is not a failover: the primary was never short of more than one endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.failover.stretches import SECOND

#: A silence counts when it lasts two seconds and at least this many requests would have been expected in it.
_EXPECTED = 3
#: Silences of two endpoints that share more than this part of the shorter one are not one after another.
_OVERLAP = 0.34
#: The largest part of the spilled requests that one endpoint's silences may hold: with more, it alone explains them.
_ALONE = 0.6


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
    rates = {e: sum(answered[e].values()) / (last - first + SECOND) for e, (first, last) in lives.items()}
    return sorted(
        (s for s in silences if s.end - s.start >= max(2 * SECOND, _EXPECTED / rates[s.endpoint])),
        key=lambda s: (s.start, s.endpoint),
    )


def is_rolling_restart(
    answered: Mapping[str, Mapping[int, int]], spilled: Mapping[int, int], start: int, end: int
) -> bool:
    """Tell whether endpoints of the primary went quiet one after another, and account for the spill in turns.

    `spilled` holds how many requests went elsewhere in each second. As many endpoints must serve after the spill as
    before it, at least two must have been silent while requests spilled, none of them for most of those, and
    hardly two at a time.
    """
    first, last = min(spilled), max(spilled)
    before = {e for e, seconds in answered.items() if min(seconds) < first}
    after = {e for e, seconds in answered.items() if max(seconds) > last}
    if len(after) < len(before):
        return False
    held = {
        s: sum(n for at, n in spilled.items() if s.start - SECOND <= at < s.end + SECOND)
        for s in find_silences(answered, start, end)
    }
    restarts = [s for s, n in held.items() if n]
    by_endpoint: dict[str, int] = {}
    for silence in restarts:
        by_endpoint[silence.endpoint] = by_endpoint.get(silence.endpoint, 0) + held[silence]
    if len(by_endpoint) < 2 or max(by_endpoint.values()) > _ALONE * sum(spilled.values()):
        return False
    return not any(_overlap(a, b) for a, b in pairwise(restarts))


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
