"""What the user may choose about an analysis: an immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Options:
    """The choices behind every answer; the defaults are documented in docs/explanation/failovers.md.

    `primary` names the primary endpoint group. `since` (inclusive) and `until` (exclusive) are aware datetimes
    that bound `start_time`. `service` keeps one service host. `hold_down_s` seconds and `hold_down_requests`
    requests at the baseline must both pass before a failover counts as over; `merge_gap_s` is how close two of
    them must be to count as one; `full_share` is the share of requests that may still reach the primary when a
    failover counts as complete.
    """

    primary: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    service: str | None = None
    hold_down_s: float = 30.0
    hold_down_requests: int = 20
    merge_gap_s: float = 600.0
    full_share: float = 0.01
