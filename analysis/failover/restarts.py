"""Rolling restarts: endpoints of the primary that go quiet one after another and come back.

Envoy sends a few percent of the requests to the next priority while one local endpoint is out, so a rolling restart
spills a little after each pod. That is not a failover: the primary was never short of more than one endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.failover.stretches import SECOND

#: A silence counts when at least this many requests would have been expected in it.
_EXPECTED = 5
#: Silences of two endpoints that share more than this part of the shorter one are not one after another.
_OVERLAP = 0.34


@dataclass(frozen=True)
class Silence:
    """A time in which one endpoint answered nothing while others of its group did (microseconds)."""

    endpoint: str
    start: int
    end: int


def find_silences(answered: Mapping[str, Mapping[int, int]], start: int, end: int) -> list[Silence]:
    """Return the silences of each endpoint between `start` and `end`, in time order.

    `answered` holds, for each endpoint, how many requests it answered in each second (key: microseconds of the
    second); a second without answers is left out. An endpoint that appears or vanishes is silent before or after.
    """
    silences: list[Silence] = []
    for endpoint, seconds in answered.items():
        within = sorted(at for at in seconds if start <= at <= end)
        if not within:
            continue
        rate = sum(seconds[at] for at in within) / len(within)
        threshold = max(2 * SECOND, _EXPECTED * SECOND / rate)
        edges = [start - SECOND, *within, end + SECOND]
        silences += [
            Silence(endpoint, before + SECOND, after)
            for before, after in pairwise(edges)
            if after - before - SECOND >= threshold
        ]
    return sorted(silences, key=lambda s: (s.start, s.endpoint))


def is_rolling_restart(answered: Mapping[str, Mapping[int, int]], start: int, end: int) -> bool:
    """Tell whether at least two endpoints went quiet one after another, and as many served after as before."""
    silences = find_silences(answered, start, end)
    if len({s.endpoint for s in silences}) < 2:
        return False
    before = {e for e, seconds in answered.items() if any(at <= start + SECOND for at in seconds)}
    after = {e for e, seconds in answered.items() if any(at >= end - SECOND for at in seconds)}
    if len(after) < len(before):
        return False
    # A pod that was replaced is one restart: the silence of the old one and that of the new one belong together.
    restarts = [s for s in silences if s.endpoint in before]
    return len(restarts) >= 2 and not any(_overlap(a, b) for a, b in pairwise(restarts))


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
