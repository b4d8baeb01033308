"""Borders: does a log hold enough of the healthy state before and after a failover to say that it began and ended?

Or is what looks like a failover without borders the split that two groups of equal rank always have?

A failover has runs of answers by the primary in its own midst: a spill of 7% leaves fourteen between two requests
elsewhere, on average. A healthy run at the border of the log that is no longer than those shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from analysis.failover.stretches import SECOND, Stretch
from analysis.options import Options

#: Chance below which a run of requests is taken as no accident of a partial spill.
CHANCE = 0.05
#: So many signs next to the border tell how frequent they are there.
_SIGNS = 20


def count_needed(stretches: Iterable[Stretch]) -> int:
    """Return how many answers of the primary in a row the failover itself does not explain, at least one.

    `stretches` are those of the failover, beginning at the border in question. With n signs, each request being one
    with chance q, runs as long as k are to be expected n * (1 - q)^k times: less than once. The first twenty signs
    give q.
    """
    signs = requests = 0
    share = 0.0
    for s in stretches:
        signs += s.secondary + s.symptoms
        if not share:
            requests += s.primary + s.secondary + s.none_failed
            share = signs / (requests + 1) if signs >= _SIGNS else 0.0
    share = share or signs / (requests + 1)
    if signs < 2 or share >= 1:
        return 1
    return max(1, math.ceil(math.log(signs) / -math.log1p(-share)))


def is_run_by_chance(calm: int, before: Sequence[Stretch], after: Sequence[Stretch]) -> bool:
    """Tell whether `calm` answers of the primary in a row are to be expected in the midst of so thin a spill.

    `before` and `after` are the stretches of the failover on either side; the signs next to the calm give two rates, of
    which one must explain it.
    """
    signs = sum(s.secondary + s.symptoms for part in (before, after) for s in part)
    share = min(_share_of_signs(reversed(before)), _share_of_signs(after))
    return share < 1 and math.log(signs) + calm * math.log1p(-share) >= math.log(CHANCE)


def _share_of_signs(stretches: Iterable[Stretch]) -> float:
    """Return the share of signs among the requests up to the twentieth."""
    signs = requests = 0
    for s in stretches:
        signs += s.secondary + s.symptoms
        requests += s.primary + s.secondary + s.none_failed
        if signs >= _SIGNS:
            break
    return signs / (requests + 1)


def answers_before(stretches: Sequence[Stretch], onset: int) -> int:
    """Return how many requests the primary answered before the stretch `onset`."""
    return sum(s.primary_ok for s in stretches[:onset])


def answers_after(stretches: Sequence[Stretch], last: int) -> int:
    """Return how many requests the primary answered after the stretch `last`."""
    return sum(s.primary_ok for s in stretches[last + 1 :])


def had_left_before(stretches: Sequence[Stretch], full: int) -> bool:
    """Tell, of a log that begins inside a failover, whether the primary may have been left altogether before it.

    It was not where it still answered when the log begins, and had not served alone since: then the failover was on
    its way there. Else full failover may have come before the log, and what it shows is a relapse.
    """
    answered_first = stretches[0].primary_ok > 0 and stretches[0].secondary + stretches[0].symptoms > 0
    return not answered_first or any(s.primary_ok and not s.secondary and not s.symptoms for s in stretches[:full])


def is_lasting_split(stretches: Sequence[Stretch], options: Options) -> bool:
    """Tell whether both groups serve from the start and the primary never serves alone: active-active."""
    head_primary = head_secondary = 0
    for s in stretches:
        head_primary, head_secondary = head_primary + s.primary, head_secondary + s.secondary
        if head_primary + head_secondary >= options.hold_down_requests:
            break
    share = head_secondary / max(1, head_primary + head_secondary)
    if not 0.05 < share < 0.95:
        return False
    return not any(
        s.secondary == 0
        and s.primary >= options.hold_down_requests
        and (s.end - s.start) >= options.hold_down_s * SECOND
        for s in stretches
    )
