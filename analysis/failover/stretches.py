"""Stretches: what one proxy did with one service, counted by the second, quiet runs merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Microseconds in a second: instants are integers of microseconds since 1970 (UTC).
SECOND = 1_000_000


@dataclass(frozen=True, order=True)
class Route:
    """One service as one proxy routes it: the unit that a failover belongs to.

    `number` stands for the other fields in `routed` and `seconds`.
    """

    number: int
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    service: str
    service_port: int | None
    subset: str | None

    @property
    def sort_key(self) -> tuple[str, str, str, str, int, str]:
        """Return a key that orders routes with NULLs first."""
        return (
            self.service,
            self.cluster_id or "",
            self.gateway or "",
            self.proxy or "",
            self.service_port or 0,
            self.subset or "",
        )


@dataclass(frozen=True)
class Stretch:
    """Requests that began in the seconds `start` to `end` (both inclusive; whole seconds, in microseconds).

    A stretch is one second, or a run of seconds in which only the primary, or only the secondary, answered and
    nothing failed; both its first and its last second hold requests. `after_hole` says that much more time than usual
    lies between it and the stretch before it. Symptoms ended from `symptom_first_end` to `symptom_last_end`
    (microseconds; 0 without any).
    """

    start: int
    end: int
    primary_ok: int = 0
    primary_failed: int = 0
    primary_gone: int = 0
    secondary_ok: int = 0
    secondary_failed: int = 0
    secondary_gone: int = 0
    none_failed: int = 0
    stalled: int = 0
    other: int = 0
    symptom_first_end: int = 0
    symptom_last_end: int = 0
    after_hole: bool = False

    @property
    def primary(self) -> int:
        """Requests that were routed to the primary group, those that waited there in vain among them."""
        return self.primary_ok + self.primary_failed + self.primary_gone

    @property
    def secondary(self) -> int:
        """Requests that were routed to another group."""
        return self.secondary_ok + self.secondary_failed + self.secondary_gone

    @property
    def routed(self) -> int:
        """Requests of which it is known where they went."""
        return self.primary + self.secondary

    @property
    def ok(self) -> int:
        """Requests that got an answer from anywhere."""
        return self.primary_ok + self.secondary_ok + self.other

    @property
    def symptoms(self) -> int:
        """Requests that the primary group lost or let wait until the client left, or that found no endpoint."""
        return self.primary_failed + self.none_failed + self.stalled

    @property
    def failed(self) -> int:
        """Requests that were lost, wherever."""
        return self.symptoms + self.secondary_failed

    @property
    def requests(self) -> int:
        """All requests but those whose client left at once."""
        return self.ok + self.failed


@dataclass(frozen=True)
class Burst:
    """A run of stretches, by index, both inclusive."""

    first: int
    last: int


#: A silence this many times as long as the mean gap between requests is a hole: by chance, it is one in a million.
HOLE = 13.8
#: The mean gap is that of so many busy seconds before and after, the silence itself left out.
_AROUND = 30

#: Reads the stretches of every route that ever left its primary, or had a second in which nobody got an answer.
STRETCHES_SQL = f"""
WITH troubled AS (
    SELECT route
    FROM seconds
    GROUP BY route
    -- As spans.py has it: without any of these seconds there is no failover.
    HAVING sum(secondary_ok + secondary_failed + secondary_gone) > 0
        OR sum(none_failed + primary_failed) > 0
        AND bool_or(primary_ok + other = 0 AND primary_failed + none_failed + stalled > 0)
), stated AS (
    SELECT
        s.*,
        epoch(second) - epoch(lag(second) OVER in_order) - 1 AS silent_s,
        epoch(last_value(second) OVER around) - epoch(first_value(second) OVER around) AS around_s,
        sum(
            primary_ok + primary_failed + primary_gone + secondary_ok + secondary_failed + secondary_gone
            + none_failed + other
        ) OVER around AS requests_around,
        CASE
            WHEN primary_failed + secondary_failed + none_failed + stalled + primary_gone + secondary_gone > 0
                THEN 'single'
            WHEN secondary_ok = 0 THEN 'primary'
            WHEN primary_ok = 0 THEN 'secondary'
            ELSE 'single'
        END AS state
    FROM seconds AS s
    SEMI JOIN troubled USING (route)
    WINDOW
        in_order AS (PARTITION BY route ORDER BY second),
        around AS (PARTITION BY route ORDER BY second ROWS BETWEEN {_AROUND} PRECEDING AND {_AROUND} FOLLOWING)
), parted AS (
    SELECT
        *,
        coalesce(silent_s > 1 AND silent_s * requests_around > {HOLE} * greatest(1, around_s - silent_s), false)
            AS after_hole
    FROM stated
), numbered AS (
    SELECT
        *,
        count_if(after_hole) OVER (PARTITION BY route ORDER BY second) AS part,
        row_number() OVER (PARTITION BY route ORDER BY second) AS n,
        row_number() OVER (PARTITION BY route, state ORDER BY second) AS n_in_state
    FROM parted
)
SELECT
    route,
    epoch_us(min(second)) AS "start", epoch_us(max(second)) AS "end",
    sum(primary_ok)::BIGINT AS primary_ok, sum(primary_failed)::BIGINT AS primary_failed,
    sum(primary_gone)::BIGINT AS primary_gone, sum(secondary_ok)::BIGINT AS secondary_ok,
    sum(secondary_failed)::BIGINT AS secondary_failed, sum(secondary_gone)::BIGINT AS secondary_gone,
    sum(none_failed)::BIGINT AS none_failed, sum(stalled)::BIGINT AS stalled,
    sum(other)::BIGINT AS other,
    coalesce(epoch_us(min(symptom_first_end)), 0) AS symptom_first_end,
    coalesce(epoch_us(max(symptom_last_end)), 0) AS symptom_last_end,
    bool_or(after_hole) AS after_hole
FROM numbered
GROUP BY route, part, state, CASE WHEN state = 'single' THEN n ELSE n - n_in_state END
ORDER BY route, "start"
"""


def group_by_route(rows: Iterable[Mapping[str, int]]) -> dict[int, Sequence[Stretch]]:
    """Return the stretches of each route by its number, in time order, from rows of STRETCHES_SQL."""
    grouped: dict[int, list[Stretch]] = {}
    for row in rows:
        values: dict[str, Any] = {name: value for name, value in row.items() if name != "route"}
        grouped.setdefault(row["route"], []).append(Stretch(**values))
    return dict(grouped)


def find_time_before(stretches: Sequence[Stretch], at: int, least_us: int, requests: int) -> int:
    """Return a time before `at` (microseconds) by `least_us` and by about `requests` at least, within the log."""
    left, found = float(requests), stretches[0].start
    for s in reversed([s for s in stretches if s.start < at]):
        lasts = min(s.end + SECOND, at) - s.start
        within = s.requests * lasts / (s.end + SECOND - s.start)
        if within >= left:
            found = round(s.start + lasts * (1 - left / within)) if within else s.start
            break
        left -= within
    return max(stretches[0].start, min(found, at - least_us))


def find_time_after(stretches: Sequence[Stretch], at: int, least_us: int, requests: int) -> int:
    """Return a time after `at` (microseconds) by `least_us` and by about `requests` at least, within the log."""
    left, found = float(requests), stretches[-1].end
    for s in (s for s in stretches if s.end + SECOND > at):
        since = max(s.start, at)
        within = s.requests * (s.end + SECOND - since) / (s.end + SECOND - s.start)
        if within >= left:
            found = round(since + (s.end + SECOND - since) * left / within) if within else since
            break
        left -= within
    return min(stretches[-1].end, max(found, at + least_us))
