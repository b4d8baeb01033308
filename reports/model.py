"""The Report: an immutable value that holds everything a page shows.

It is made from a session by `reports.build` and turned into JSON, Markdown or HTML by functions that need nothing
else. Field names are the column names of the views they come from, so that JSON and SQL read the same. Times are aware
datetimes in UTC. An instant `x` is `x_earliest` and `x_latest`, a duration `d` is `d_min_s` and `d_max_s` in seconds;
both are None where it did not happen or the logs do not say.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from datetime import datetime

from reports.costs import EjectionEffect, ErrorBudget, Loss, PhaseCost, SpillShare
from reports.ground import ClockSkew, Count, EvidenceLine, Source
from reports.series import Scene

#: Version of the JSON document. It changes when a field is renamed, removed or means something else; a new field has a
#: default, with which documents that were written before it are read.
SCHEMA_VERSION = 2

Time = datetime


@dataclass(frozen=True)
class Totals:
    """What was read, over all sources.

    `attributed` counts requests whose endpoint group is known, `unattributed` those that an endpoint served of which
    it is not known; requests that found no endpoint are neither.
    """

    sources: int
    entries_read: int
    access_log_rows: int
    rejected: int
    others: int
    requests: int
    failed: int
    attributed: int
    unattributed: int
    services: int
    proxies: int
    first_time: Time | None
    last_time: Time | None


@dataclass(frozen=True)
class Choices:
    """The options of the analysis that decide what counts as a failover; NULL where a session does not tell."""

    primary: str | None
    since: Time | None
    until: Time | None
    service: str | None
    hold_down_s: float | None
    hold_down_requests: int | None
    merge_gap_s: float | None
    full_share: float | None


@dataclass(frozen=True)
class Asked:
    """The objectives that were asked for; None asks nothing.

    `max_failover_s` seconds until requests are served again, `max_failed` lost requests per incident, `slo` percent of
    a service's requests that must not be lost; `fault_at` is when the fault is known to have begun.
    """

    max_failover_s: float | None
    max_failed: int | None
    slo: float | None
    fault_at: Time | None


@dataclass(frozen=True)
class Verdict:
    """One row of `verdicts`: one objective, for one incident, one service (`slo`), or the log where nothing happened.

    `limit_value` and `measured_*` are seconds, requests or percent of requests, as `objective` says; `measured_max` is
    None where it is not over at the end of the log. `verdict` is met, missed or undecided.
    """

    objective: str
    incident_id: str | None
    service: str | None
    limit_value: float
    measured_min: float | None
    measured_max: float | None
    verdict: str
    note: str | None


@dataclass(frozen=True)
class Incident:
    """One row of `incidents`."""

    incident_id: str
    started_earliest: Time | None
    started_latest: Time | None
    ended_earliest: Time | None
    ended_latest: Time | None
    services: tuple[str, ...]
    endpoint_groups: tuple[str, ...]
    kind: str
    failovers: int
    requests: int
    failed: int
    open_at_end: bool
    began_before_start: bool


@dataclass(frozen=True)
class Failover:
    """One row of `failovers`."""

    failover_id: str
    incident_id: str
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    service: str | None
    service_port: int | None
    subset: str | None
    primary: str | None
    primary_basis: str | None
    secondary: str | None
    kind: str
    trigger: str
    trigger_basis: str | None
    trigger_candidates: tuple[str, ...]
    trigger_endpoint: str | None
    open_at_end: bool
    began_before_start: bool
    onset_earliest: Time | None
    onset_latest: Time | None
    first_spill_earliest: Time | None
    first_spill_latest: Time | None
    full_failover_earliest: Time | None
    full_failover_latest: Time | None
    last_primary_error_earliest: Time | None
    last_primary_error_latest: Time | None
    first_failback_earliest: Time | None
    first_failback_latest: Time | None
    recovered_earliest: Time | None
    recovered_latest: Time | None
    time_to_spill_min_s: float | None
    time_to_spill_max_s: float | None
    time_to_full_failover_min_s: float | None
    time_to_full_failover_max_s: float | None
    time_on_secondary_min_s: float | None
    time_on_secondary_max_s: float | None
    time_to_failback_min_s: float | None
    time_to_failback_max_s: float | None
    requests: int
    failed: int
    served_by_secondary: int
    extra_wait_s: float | None
    bytes_to_secondary: int
    relapses: int
    p50_ms_before: float | None
    p95_ms_before: float | None
    p99_ms_before: float | None
    p50_ms_during: float | None
    p95_ms_during: float | None
    p99_ms_during: float | None
    p50_ms_after: float | None
    p95_ms_after: float | None
    p99_ms_after: float | None


@dataclass(frozen=True)
class Event:
    """One row of `failover_events`: an instant between two log lines; a relapse or an outage has an end too."""

    failover_id: str
    seq: int
    event: str
    earliest: Time | None
    latest: Time | None
    until_earliest: Time | None
    until_latest: Time | None
    requests: int | None
    failed: int | None
    before_source: str | None
    before_line: int | None
    source: str | None
    line: int | None
    note: str | None


@dataclass(frozen=True)
class Phase:
    """One row of `failover_phases`; `label` is its name in plain words, such as `on cluster2`."""

    failover_id: str
    seq: int
    phase: str
    label: str
    starts: Time
    ends: Time
    requests: int
    failed: int
    by_primary: int
    by_secondary: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Endpoint:
    """One row of `endpoints`."""

    service: str | None
    service_port: int | None
    subset: str | None
    endpoint: str | None
    endpoint_kind: str
    endpoint_cluster: str | None
    endpoint_group: str | None
    group_role: str
    network: str | None
    region: str | None
    zone: str | None
    workload: str | None
    endpoint_basis: str | None
    requests: int
    failed: int
    share: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    first_seen: Time | None
    last_seen: Time | None
    ejections: int


@dataclass(frozen=True)
class Finding:
    """One row of `findings`: what does not agree with what was declared, or would not work when it is needed.

    `severity` is error, warning or info; `yaml` is what to apply, None where it is no setting; `source` and `line`
    show it, None where it is the absence of something.
    """

    check_id: str
    severity: str
    service: str | None
    service_port: int | None
    subject: str | None
    message: str
    remedy: str | None
    yaml: str | None
    source: str | None
    line: int | None


@dataclass(frozen=True)
class Shift:
    """One row of `shifts`: the split of a service's requests changed, without a failover; shares are 0 to 1."""

    shift_id: int
    kind: str
    cluster_id: str | None
    gateway: str | None
    proxy: str | None
    service: str | None
    service_port: int | None
    subset: str | None
    away_from: str | None
    towards: str | None
    earliest: Time | None
    latest: Time | None
    away_share_before: float | None
    away_share_after: float | None
    towards_share_before: float | None
    towards_share_after: float | None
    requests_before: int | None
    requests_after: int | None
    before_source: str | None
    before_line: int | None
    source: str | None
    line: int | None
    note: str | None


@dataclass(frozen=True)
class Mark:
    """Something the user knows to have happened, drawn on the timelines."""

    at: Time
    label: str


@dataclass(frozen=True)
class Figure:
    """The SQL behind one figure or table: `question` says what it answers; `sql` runs in `hopline sql` as it is."""

    name: str
    scene_id: str | None
    question: str
    sql: str


@dataclass(frozen=True)
class Report:
    """Everything a report says.

    `time_zone` is the IANA name of the zone that times are shown in; `redacted` names what was taken out (ip, query,
    user_agent). `clock_skews_left_out` counts pairs of proxies whose clocks were compared as well; the widest apart and
    the best known are listed.
    """

    schema_version: int
    hopline_version: str | None
    title: str | None
    time_zone: str
    redacted: tuple[str, ...]
    choices: Choices
    asked: Asked
    totals: Totals
    warnings: tuple[str, ...]
    marks: tuple[Mark, ...]
    verdicts: tuple[Verdict, ...]
    incidents: tuple[Incident, ...]
    failovers: tuple[Failover, ...]
    events: tuple[Event, ...]
    phases: tuple[Phase, ...]
    phase_costs: tuple[PhaseCost, ...] = field(default=(), kw_only=True)
    losses: tuple[Loss, ...] = field(default=(), kw_only=True)
    error_budgets: tuple[ErrorBudget, ...] = field(default=(), kw_only=True)
    ejection_effects: tuple[EjectionEffect, ...] = field(default=(), kw_only=True)
    spill_shares: tuple[SpillShare, ...] = field(default=(), kw_only=True)
    scenes: tuple[Scene, ...]
    scenes_left_out: int
    endpoints: tuple[Endpoint, ...]
    sources: tuple[Source, ...]
    rejects: tuple[Count, ...]
    clock_skews: tuple[ClockSkew, ...] = field(default=(), kw_only=True)
    clock_skews_left_out: int = field(default=0, kw_only=True)
    shifts: tuple[Shift, ...]
    findings: tuple[Finding, ...]
    evidence: tuple[EvidenceLine, ...]
    figures: tuple[Figure, ...]

    def _repr_html_(self) -> str:
        """Return the report for a notebook: the page, in a frame that can run its own scripts and nothing else."""
        from reports.page import to_html  # noqa: PLC0415  # pages are made of this module's values

        page = html.escape(to_html(self), quote=True)
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" style="width:100%;height:900px;border:0"></iframe>'
