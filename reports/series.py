"""The numbers behind one timeline of a report: series over bins, and what is told beside them; immutable values.

They are part of the model (`reports.model`) and keep its rules for names, times and units.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Time = datetime


@dataclass(frozen=True)
class GroupSeries:
    """Requests sent to one endpoint group, one number per bin; percentiles in ms are None where nothing was answered.

    `endpoint_group` is None for requests that found no endpoint or that nothing attributes.
    """

    endpoint_group: str | None
    group_role: str
    requests: tuple[int, ...]
    failed: tuple[int, ...]
    p50_ms: tuple[float | None, ...]
    p95_ms: tuple[float | None, ...]
    p99_ms: tuple[float | None, ...]


@dataclass(frozen=True)
class FailureSeries:
    """Failed requests with the same status code and response flags, one number per bin."""

    response_code: int | None
    response_flags: tuple[str, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True)
class EndpointSeries:
    """Requests sent to one endpoint, one number per bin."""

    endpoint: str
    workload: str | None
    endpoint_kind: str
    endpoint_group: str | None
    group_role: str
    requests: tuple[int, ...]
    failed: tuple[int, ...]


@dataclass(frozen=True)
class Ejection:
    """One row of `ejections`; `unejected_at` is None where the log does not say.

    `basis` is logged (the outlier log says so) or inferred (from the traffic; `enforced` is None then).
    """

    basis: str
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    endpoint: str
    ejected_at: Time
    unejected_at: Time | None
    type: str | None
    enforced: bool | None
    source: str | None
    line: int | None


@dataclass(frozen=True)
class Gap:
    """A silence in one source."""

    source: str
    gap_start: Time
    gap_end: Time


@dataclass(frozen=True)
class Failure:
    """Failed requests of one kind: how many, what the flags mean, and one log line that shows it."""

    response_code: int | None
    response_flags: tuple[str, ...]
    response_code_details: str | None
    outcome: str
    endpoint_group: str | None
    meaning: str | None
    requests: int
    source: str | None
    line: int | None


@dataclass(frozen=True)
class FailedPath:
    """Failed requests of one path (without its query)."""

    method: str | None
    path: str | None
    failed: int


@dataclass(frozen=True)
class Unknowns:
    """What the entries of a scene carry and what they do not: the ground for the open questions.

    Counts of requests. `final_*` count requests that went through a gateway of the secondary: how many of them are
    traced to the pod that answered (`final_known`), to several candidates, and how many wait for a connection's line
    that may yet be written.
    """

    requests: int
    failed: int
    client_gone: int
    with_attempt_count: int
    through_gateway: int
    final_known: int
    final_candidates: int
    final_pending: int


@dataclass(frozen=True)
class Closeup:
    """The series of a scene over narrower bins: the same groups, failures and endpoints in the same order."""

    starts: Time
    ends: Time
    bin_s: float
    bins: int
    groups: tuple[GroupSeries, ...]
    failures: tuple[FailureSeries, ...]
    endpoints: tuple[EndpointSeries, ...]


@dataclass(frozen=True)
class SingleRequest:
    """One request next to an instant, and where its line stands."""

    start_time: Time
    duration_ms: int | None
    response_code: int | None
    response_flags: tuple[str, ...]
    endpoint: str | None
    endpoint_group: str | None
    group_role: str
    failed: bool
    source: str
    line: int


@dataclass(frozen=True)
class Scene:
    """One timeline: one service in one incident, or one service over the whole log (`incident_id` None).

    `starts` is the beginning of the first of `bins` bins, each `bin_s` seconds long; every series has `bins` numbers.
    `ends` is the end of the last bin, or the last request where the log ends within that bin.
    `failure_kinds`, `failed_paths` and `unknowns` are those of an incident: empty and None over the whole log, where
    failures are told apart by their flags alone.
    `endpoints_left_out` counts endpoints that got requests but have no series here, as they are many.
    """

    scene_id: str
    incident_id: str | None
    service: str | None
    service_port: int | None
    subset: str | None
    failover_ids: tuple[str, ...]
    starts: Time
    ends: Time
    bin_s: float
    bins: int
    coverage: str
    groups: tuple[GroupSeries, ...]
    failures: tuple[FailureSeries, ...]
    endpoints: tuple[EndpointSeries, ...]
    endpoints_left_out: int
    ejections: tuple[Ejection, ...]
    gaps: tuple[Gap, ...]
    failure_kinds: tuple[Failure, ...]
    failed_paths: tuple[FailedPath, ...]
    unknowns: Unknowns | None
    closeups: tuple[Closeup, ...] = ()
    single_requests: tuple[SingleRequest, ...] = ()
