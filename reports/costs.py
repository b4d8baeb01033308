"""What failovers cost: time, bytes, lost requests, error budget, and what routing made of the ejections.

They are part of the model (`reports.model`) and keep its rules for names, times and units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Time = datetime


@dataclass(frozen=True)
class PhaseCost:
    """One row of `phase_costs`: what a phase cost beside the primary in the five minutes before the failover.

    `extra_*` are None where nothing was answered in the phase, or where the log has nothing before to compare with.
    """

    failover_id: str
    seq: int
    phase: str
    requests: int
    failed: int
    on_secondary: int
    baseline_ms: float | None
    extra_wait_s: float | None
    extra_wait_secondary_s: float | None
    extra_p50_ms: float | None
    extra_p95_ms: float | None
    extra_p99_ms: float | None
    bytes_to_secondary: int


@dataclass(frozen=True)
class LostPath:
    """Lost requests with one method and path (without its query)."""

    method: str | None
    path: str | None
    failed: int


@dataclass(frozen=True)
class Loss:
    """Lost requests of one phase that were logged with the same flags, ended alike and were sent to the same group.

    `flags` are joined with commas, empty where there were none. `saved_by_retry` of them a retry would have saved; None
    where attempts are not logged. They had `paths` different methods and paths; `most` are those that lost most.
    """

    failover_id: str
    seq: int
    phase: str
    flags: str
    outcome: str
    endpoint_group: str | None
    failed: int
    saved_by_retry: int | None
    paths: int
    most: tuple[LostPath, ...]


@dataclass(frozen=True)
class ErrorBudget:
    """One row of `error_budgets`: how much of a service's budget a failover used.

    `failover_id` is None for what was lost at other times. `slo` is in percent of `requests`, those of the whole log;
    `budget_share` above 1 is more than the whole budget, None where nothing may be lost at all.
    """

    service: str | None
    failover_id: str | None
    slo: float
    requests: int
    budget: float
    failed: int
    budget_share: float | None


@dataclass(frozen=True)
class EjectionEffect:
    """One row of `ejection_effects`: requests that still went to an ejected endpoint, and those after its return."""

    basis: str
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    service: str | None
    service_port: int | None
    endpoint: str
    type: str | None
    ejected_at: Time
    unejected_at: Time | None
    round: int
    ejected_s: float | None
    grew_s: float | None
    last_routed_at: Time | None
    stragglers: int
    stragglers_failed: int
    first_routed_at: Time | None
    next_ejected_at: Time | None
    tried: int
    tried_failed: int


@dataclass(frozen=True)
class SpillShare:
    """One row of `spill_shares` within a failover: a time in which the same endpoints were ejected.

    Shares are those of other groups, 0 to 1: `expected_share` by Envoy's rule (1.4 times the healthy part),
    `observed_share` of the `requests` that began in this time.
    """

    failover_id: str
    since: Time
    until: Time
    endpoints: int
    ejected: int
    expected_share: float
    requests: int
    observed_share: float | None
