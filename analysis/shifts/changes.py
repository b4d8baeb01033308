"""Changes: the moments at which the shares of several choices changed for good, found on counts.

Two segments with shares of their own are told apart from one by how much likelier they make the counts. Shares of real
traffic vary more than chance alone allows (one client sends many requests), so that the gain is divided by how much
more they vary within the segments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

#: Log-likelihood that a change must gain, after which one is expected by chance in a hundred thousand places.
_GAIN = 12.0
#: A change lies where the gain is within this of its best: about 95% of the likelihood.
_SUPPORT = 3.0
#: At least so many percent of the requests must have moved.
_MOVED = 0.05
#: The variation of shares is measured on groups of so many requests.
_GROUP = 50


@dataclass(frozen=True)
class Bin:
    """Requests of each choice that began from `start` (microseconds) until the next bin."""

    start: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """A change of shares between two bins; all indices count bins.

    It lies between the starts of the bins `earliest` and `latest`; its segments reach from `since` to `until`
    (exclusive), parted before the bin `at`. Shares are those of the segments before and after.
    """

    since: int
    at: int
    until: int
    earliest: int
    latest: int
    before: tuple[float, ...]
    after: tuple[float, ...]


def find_changes(bins: Sequence[Bin], *, least_requests: int, least_us: int) -> list[Change]:
    """Return the changes of share in time order; each side must hold enough requests and last long enough."""
    if not bins:
        return []
    sums = [tuple(column) for column in zip(*(accumulate(c, initial=0) for c in zip(*(b.counts for b in bins))))]  # noqa: B905
    finder = _Finder(bins, sums, least_requests, least_us)
    cuts = finder.part(0, len(bins))
    # A cut found early may be none once its neighbours are known.
    while True:
        edges = [0, *cuts, len(bins)]
        kept = [cut for n, cut in enumerate(cuts, 1) if finder.best(edges[n - 1], edges[n + 1]) is not None]
        if kept == cuts:
            break
        cuts = kept
    changes = [finder.describe(edges[n - 1], edges[n + 1]) for n in range(1, len(edges) - 1)]
    return [change for change in changes if change is not None]


class _Finder:
    def __init__(
        self, bins: Sequence[Bin], sums: Sequence[tuple[int, ...]], least_requests: int, least_us: int
    ) -> None:
        self._bins, self._sums = bins, sums
        self._least_requests, self._least_us = least_requests, least_us

    def part(self, since: int, until: int) -> list[int]:
        """Return where to part the bins from `since` to `until`, in order."""
        found = self.best(since, until)
        return [] if found is None else [*self.part(since, found), found, *self.part(found, until)]

    def best(self, since: int, until: int) -> int | None:
        """Return the best place to part a segment in two; None if none is good enough."""
        gains = self._gains(since, until)
        if not gains:
            return None
        at = max(gains, key=lambda i: gains[i])
        before, after = self._shares(since, at), self._shares(at, until)
        moved = sum(abs(a - b) for a, b in zip(before, after, strict=True)) / 2
        spread = max(self._spread(since, at), self._spread(at, until))
        return at if moved >= _MOVED and gains[at] / spread > _GAIN else None

    def describe(self, since: int, until: int) -> Change | None:
        at = self.best(since, until)
        if at is None:
            return None
        gains = self._gains(since, until)
        spread = max(self._spread(since, at), self._spread(at, until))
        near = [i for i, gain in gains.items() if gain >= gains[at] - _SUPPORT * spread]
        return Change(since, at, until, min(near), max(near), self._shares(since, at), self._shares(at, until))

    def _gains(self, since: int, until: int) -> dict[int, float]:
        """Return the gain of parting before each bin that leaves enough on both sides."""
        whole = self._fit(since, until)
        last = self._bins[until - 1].start
        return {
            i: self._fit(since, i) + self._fit(i, until) - whole
            for i in range(since + 1, until)
            if self._bins[i].start - self._bins[since].start >= self._least_us
            and last - self._bins[i].start >= self._least_us
            and min(self._total(since, i), self._total(i, until)) >= self._least_requests
        }

    def _counts(self, since: int, until: int) -> list[int]:
        return [b - a for a, b in zip(self._sums[since], self._sums[until], strict=True)]

    def _total(self, since: int, until: int) -> int:
        return sum(self._counts(since, until))

    def _shares(self, since: int, until: int) -> tuple[float, ...]:
        counts = self._counts(since, until)
        return tuple(count / max(1, sum(counts)) for count in counts)

    def _fit(self, since: int, until: int) -> float:
        """Return the log-likelihood of a segment at its own shares (up to a constant)."""
        counts = self._counts(since, until)
        total = sum(counts)
        return sum(count * math.log(count / total) for count in counts if count)

    def _spread(self, since: int, until: int) -> float:
        """Return how much more the shares of a segment vary than chance alone lets them, at least 1."""
        shares = self._shares(since, until)
        terms: list[float] = []
        start = since
        for i in range(since + 1, until + 1):
            counts = self._counts(start, i)
            total = sum(counts)
            if total >= _GROUP:
                terms += [
                    (count - total * share) ** 2 / (total * share * (1 - share))
                    for count, share in zip(counts, shares, strict=True)
                    if 0 < share < 1
                ]
                start = i
        return max(1.0, sum(terms) / len(terms)) if len(terms) >= 4 else 1.0
