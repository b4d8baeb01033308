"""What the user may choose about an analysis: an immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Objectives:
    """What was asked of a failover; None asks nothing.

    `max_failover_s` seconds until requests are served again, `max_failed` lost requests per incident, `slo` percent
    of a service's requests that must not be lost; `fault_at` (aware) is when the fault is known to have begun.
    """

    max_failover_s: float | None = None
    max_failed: int | None = None
    slo: float | None = None
    fault_at: datetime | None = None

    @property
    def are_empty(self) -> bool:
        """True when nothing is asked."""
        return self.max_failover_s is None and self.max_failed is None and self.slo is None


@dataclass(frozen=True)
class Options:
    """The choices behind every answer; the defaults are documented in docs/explanation/failovers.md.

    `primary` names the primary endpoint group of every service that has such a group; `primaries` holds pairs of a
    service host and its primary group, for services of which that is known whether the log shows the group or not
    (`primary` wins over it). `since` (inclusive) and `until` (exclusive) are aware datetimes
    that bound `start_time`. `service` keeps one service host. `hold_down_s` seconds and `hold_down_requests`
    requests at the baseline must both pass before a failover counts as over; `merge_gap_s` is how close two of
    them must be to count as one; `full_share` is the share of requests that may still reach the primary when a
    failover counts as complete. `objectives` are what the view `verdicts` judges.
    """

    primary: str | None = None
    primaries: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    service: str | None = None
    hold_down_s: float = 30.0
    hold_down_requests: int = 20
    merge_gap_s: float = 600.0
    full_share: float = 0.01
    objectives: Objectives = Objectives()
