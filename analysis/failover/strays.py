"""Strays, or a spill too thin to be seen piece by piece?

One request elsewhere in a hundred seconds is a stray; ten of them, each a hundred seconds after the last and none in
the rest of the log, are a spill of a service that gets little traffic. What tells is how often they come there and
elsewhere: a constant leak all through the log stays what it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from analysis.failover.stretches import Burst, Stretch

#: So few requests elsewhere are strays.
FEW_AWAY = 5
#: How much better (in log-likelihood) a rate of their own must explain thin requests elsewhere than that of the log.
_GAIN = 12.0


def log_likelihood(count: int, of: int) -> float:
    """Return the log-likelihood of `count` events in `of` requests at their own rate (Poisson, up to a constant)."""
    return count * (math.log(count / of) - 1) if count else 0.0


class StraysOfRoute:
    """The requests elsewhere of one route that are in no burst of their own right."""

    def __init__(self, stretches: Sequence[Stretch], bursts: Sequence[Burst]) -> None:
        """Count; `bursts` are the groups of seconds that need no others to be a failover."""
        self._away = [0, *accumulate(s.secondary for s in stretches)]
        self._routed = [0, *accumulate(s.routed for s in stretches)]
        own = [self._count(b.first, b.last) for b in bursts]
        self._all_away = self._away[-1] - sum(away for away, _ in own)
        self._all_routed = self._routed[-1] - sum(routed for _, routed in own)

    def gather(self, groups: Sequence[Burst]) -> Burst | None:
        """Return the run of these groups whose rate differs most from that of the rest; None if it is no spill.

        `groups` are in time order, none of them a failover of its own.
        """
        first, last = 0, len(groups) - 1
        while first <= last:
            until = max(range(first, len(groups)), key=lambda n: self._gain(groups[first].first, groups[n].last))
            since = max(range(until + 1), key=lambda n: self._gain(groups[n].first, groups[until].last))
            if (since, until) == (first, last):
                break
            first, last = since, until
        found = Burst(groups[first].first, groups[last].last)
        away, _ = self._count(found.first, found.last)
        return found if away >= FEW_AWAY and self._gain(found.first, found.last) >= _GAIN else None

    def extend(self, burst: Burst, before: Sequence[Burst], after: Sequence[Burst]) -> Burst:
        """Return a burst with those groups before and after it (in time order) that belong to it."""
        first, last = burst.first, burst.last
        since = max(before, key=lambda g: self._gain(g.first, burst.first - 1), default=None)
        if since and self._gain(since.first, burst.first - 1) >= _GAIN:
            first = since.first
        until = max(after, key=lambda g: self._gain(burst.last + 1, g.last), default=None)
        if until and self._gain(burst.last + 1, until.last) >= _GAIN:
            last = until.last
        return Burst(first, last)

    def _count(self, first: int, last: int) -> tuple[int, int]:
        return self._away[last + 1] - self._away[first], self._routed[last + 1] - self._routed[first]

    def _gain(self, first: int, last: int) -> float:
        """Return how much better two rates explain the strays than one: a rate from `first` to `last`, and another."""
        away, routed = self._count(first, last)
        other, of_other = self._all_away - away, self._all_routed - routed
        if away * of_other <= other * routed:
            return 0.0
        return (
            log_likelihood(away, routed)
            + log_likelihood(other, of_other)
            - log_likelihood(self._all_away, self._all_routed)
        )
