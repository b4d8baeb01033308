"""The judge: runs the coarse and the exact pass over a session's requests and fills the judged tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa

from analysis.failover.borders import is_lasting_split
from analysis.failover.declared import Snapshots, read_snapshots
from analysis.failover.holes import find_holes, widen_events
from analysis.failover.incidents import Extent, group_incidents
from analysis.failover.instants import Entry, Event, Interval, find_events, settle_start, windows_of
from analysis.failover.phases import Phase, build_phases
from analysis.failover.restarts import group_answers, is_rolling_restart
from analysis.failover.spans import Span, find_spans
from analysis.failover.stretches import (
    SECOND,
    STRETCHES_SQL,
    Route,
    Stretch,
    find_time_after,
    find_time_before,
    group_by_route,
)
from analysis.failover.triggers import Evidence, Symptom, Trigger, find_trigger
from analysis.options import Options
from ingest.schema import TIMESTAMP

_ROUTE_COLUMNS = ("cluster_id", "gateway", "proxy", "service", "service_port", "subset")

_ROUTES_SQL = f"SELECT DISTINCT route, {', '.join(_ROUTE_COLUMNS)} FROM judged_kinds"

#: Services for which Istio was told to distribute requests over localities: what looks like a spill is the split.
_SHARED_SQL = """
SELECT DISTINCT r.service
FROM mesh_config AS m
JOIN judged_kinds AS r ON r.service = m.host OR r.service = m.host || '.' || m.namespace || '.svc.cluster.local'
WHERE m.kind = 'DestinationRule' AND contains(m.setting, 'localityLbSetting.distribute')
  AND getvariable('primary_group') IS NULL
"""

_WINDOWS_SCHEMA = pa.schema(
    [
        ("number", pa.int64()),
        ("route", pa.uint64()),
        ("low", TIMESTAMP),
        ("high", TIMESTAMP),
        ("minute", pa.int64()),
    ]
)
_MINUTE_US = 60 * SECOND

#: By the minute as well, so that many failovers of one route do not each go through all of its requests.
_IN_WINDOWS = f"""windows AS w
JOIN troubled AS r
    ON r.route = w.route AND epoch_us(r.start_time) // {_MINUTE_US} = w.minute
    AND r.start_time >= w.low AND r.start_time < w.high AND NOT r.pinned"""

#: hop_id holds the number of the source above this many bits of the line.
_LINE_BITS = 40

_ENTRIES_SQL = f"""
SELECT DISTINCT
    w.number, epoch_us(r.start_time) AS "start", epoch_us(r.end_time) AS "end", r.group_role AS role, r.failed,
    s.source, r.hop_id & ((1::BIGINT << {_LINE_BITS}) - 1) AS line, r.endpoint, r.outcome, r.stalled
FROM {_IN_WINDOWS}
JOIN source_numbers AS s ON s.source_number = r.hop_id >> {_LINE_BITS}
"""

_SYMPTOMS_SQL = f"""
SELECT
    w.number, count(*) AS count, r.outcome, r.flags, r.details, r.transport_reason, r.endpoint,
    median(r.duration_ms) AS duration_ms
FROM {_IN_WINDOWS}
WHERE (r.failed OR r.stalled) AND r.group_role <> 'secondary'
GROUP BY ALL
ORDER BY ALL
"""

_GROUPS_SQL = f"""
SELECT w.number, r.endpoint_group, count(*) AS requests
FROM {_IN_WINDOWS}
WHERE r.group_role = 'secondary'
GROUP BY ALL
ORDER BY w.number, requests DESC, r.endpoint_group
"""

_ANSWERS_SQL = f"""
SELECT w.number, r.endpoint, epoch_us(date_trunc('second', r.start_time)) AS second, count(*) AS answered
FROM {_IN_WINDOWS}
WHERE r.group_role = 'primary' AND NOT r.failed AND NOT r.stalled AND r.endpoint IS NOT NULL
GROUP BY ALL
"""

#: How long a failover without full failover is looked at for what set it off.
_FIRST_US = 60 * SECOND
#: How much around a partial spill is looked at for endpoints that restart: so long at least, and so many requests.
_AROUND_US, _AROUND_REQUESTS = 10 * SECOND, 100


@dataclass(frozen=True)
class _Case:
    """One failover on its way through the passes."""

    route: Route
    stretches: Sequence[Stretch]
    span: Span
    primary: str | None
    primary_basis: str
    events: tuple[Event, ...] = ()
    phases: tuple[Phase, ...] = ()
    trigger: Trigger | None = None
    secondary: str | None = None

    def at(self, name: str) -> Interval | None:
        """Return when an event happened; None if it did not."""
        return next((event.at for event in self.events if event.name == name), None)

    @property
    def kind(self) -> str:
        if self.span.outages:
            return "outage"
        return "complete" if self.span.full is not None else "partial"

    @property
    def first_request(self) -> int:
        """Start of the first request that belongs to the failover."""
        if self.span.began_before_start:
            return self.stretches[0].start
        began = [event.began for event in self.events if event.began is not None]
        return min(began, default=self.stretches[self.span.onset].start)

    @property
    def last_request(self) -> int:
        """Start of the last request that belongs to the failover."""
        recovered, error = self.at("recovered"), self.at("last_primary_error")
        if recovered is None or recovered.before is None:
            return self.stretches[-1].end + SECOND - 1
        return max(recovered.before.start, error.before.start if error and error.before else 0)

    @property
    def spilled(self) -> int:
        """When the spill had taken its final shape: full failover, or a minute after the first request."""
        full = self.at("full_failover")
        return full.latest if full else min(self.last_request + 1, self.first_request + _FIRST_US)


def judge(connection: duckdb.DuckDBPyConnection, options: Options) -> None:
    """Find all failovers and insert them into judged_failovers, judged_events and judged_phases.

    Routes whose requests always go to several groups have none; they are listed in judged_splits.
    """
    cases = _find_cases(connection, options)
    entries = _fetch_entries(connection, cases)
    cases = [_place(case, entries[n]) for n, case in enumerate(cases)]
    cases = _with_phases(_without_restarts(connection, cases))
    symptoms = _fetch(connection, _SYMPTOMS_SQL, cases, lambda c: [(c.first_request, c.spilled)], whole=False)
    later = _fetch(connection, _SYMPTOMS_SQL, cases, lambda c: [(c.spilled, c.last_request + 1)], whole=False)
    groups = _fetch(connection, _GROUPS_SQL, cases, lambda c: [(c.first_request, c.last_request + 1)], whole=False)
    snapshots = read_snapshots(connection)
    cases = [
        replace(
            case,
            secondary=groups[n][0]["endpoint_group"] if groups.get(n) else None,
            trigger=_trigger(
                case, list(map(_symptom, symptoms.get(n, ()))), list(map(_symptom, later.get(n, ()))), snapshots
            ),
        )
        for n, case in enumerate(cases)
    ]
    _insert(connection, cases)


def _find_cases(connection: duckdb.DuckDBPyConnection, options: Options) -> list[_Case]:
    primaries = {
        (r["cluster_id"], r["gateway"], r["service"], r["service_port"], r["subset"]): r
        for r in connection.sql("SELECT * FROM primaries").to_arrow_table().to_pylist()
    }
    grouped = group_by_route(connection.sql(STRETCHES_SQL).to_arrow_table().to_pylist())
    named = connection.sql(_ROUTES_SQL).to_arrow_table().to_pylist()
    routes = [Route(number=row.pop("route"), **row) for row in named]
    shared = {row[0] for row in connection.sql(_SHARED_SQL).fetchall()}
    cases: list[_Case] = []
    for route in sorted((r for r in routes if r.number in grouped), key=lambda r: r.sort_key):
        stretches = grouped[route.number]
        key = (route.cluster_id, route.gateway, route.service, route.service_port, route.subset)
        primary = primaries.get(key, {"primary_group": None, "primary_basis": "none"})
        declared = primary["primary_basis"] in ("flag", "config", "declared")
        if primary["primary_group"] is None:
            # Where nothing tells groups apart there is one group: it can have an outage, not a failover.
            stretches = [replace(s, primary_ok=s.other, other=0) for s in stretches]
        if not any(s.ok for s in stretches):
            # A log in which nothing is ever answered was filtered, or says nothing about before and after.
            continue
        is_shared = any(s.secondary for s in stretches) and not declared and is_lasting_split(stretches, options)
        if is_shared or route.service in shared:
            connection.execute("INSERT INTO judged_splits VALUES ($route)", {"route": route.number})
            continue
        cases += [
            _Case(route, stretches, span, primary["primary_group"], primary["primary_basis"])
            for span in find_spans(stretches, options)
        ]
    return cases


def _fetch(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    cases: Sequence[_Case],
    windows: Any,
    *,
    whole: bool = True,
) -> dict[int, list[Mapping[str, Any]]]:
    """Run one query over all cases at once and return its rows by the number of the case.

    `windows` gives the time windows of a case: whole seconds, both inclusive, or microseconds, the last exclusive.
    """
    added = SECOND if whole else 0
    rows = [
        {"number": n, "route": case.route.number, "low": low, "high": high + added, "minute": minute}
        for n, case in enumerate(cases)
        for low, high in windows(case)
        for minute in range(low // _MINUTE_US, (high + added) // _MINUTE_US + 1)
    ]
    found: dict[int, list[Mapping[str, Any]]] = {}
    if not rows:
        return found
    connection.register("windows", pa.Table.from_pylist(rows, schema=_WINDOWS_SCHEMA))
    try:
        for row in connection.sql(query).to_arrow_table().to_pylist():
            found.setdefault(row.pop("number"), []).append(row)
    finally:
        connection.unregister("windows")
    return found


def _fetch_entries(connection: duckdb.DuckDBPyConnection, cases: Sequence[_Case]) -> list[list[Entry]]:
    """Return, for each case, the requests around its changes, in order of their start."""
    fetched = _fetch(connection, _ENTRIES_SQL, cases, lambda c: windows_of(c.stretches, c.span))
    entries = [[_entry(row, case) for row in fetched.get(n, ())] for n, case in enumerate(cases)]
    return [sorted(one, key=lambda e: (e.start, e.end, e.source, e.line)) for one in entries]


def _entry(row: Mapping[str, Any], case: _Case) -> Entry:
    # Where nothing tells groups apart there is one group.
    alone = case.primary is None and row["role"] == "unknown"
    return Entry(**{**row, "role": "primary"} if alone else row)


def _place(case: _Case, entries: Sequence[Entry]) -> _Case:
    span = settle_start(case.stretches, case.span, entries)
    events = widen_events(find_events(case.stretches, span, entries), find_holes(entries, case.stretches))
    return replace(case, span=span, events=tuple(events))


def _with_phases(cases: Sequence[_Case]) -> list[_Case]:
    """Give each failover its phases: from the end of the one before it on its route to the beginning of the next."""
    phased = []
    for n, case in enumerate(cases):
        before, after = (cases[i] if 0 <= i < len(cases) else None for i in (n - 1, n + 1))
        begin, finish = case.stretches[0].start, case.stretches[-1].end + SECOND
        if before and before.route == case.route:
            begin = before.last_request + 1
        if after and after.route == case.route:
            finish = after.first_request
        phased.append(replace(case, phases=tuple(build_phases(case.stretches, case.span, case.events, begin, finish))))
    return phased


def _without_restarts(connection: duckdb.DuckDBPyConnection, cases: Sequence[_Case]) -> list[_Case]:
    """Drop partial spills that only show the endpoints of the primary restarting one after another."""
    partial = [case for case in cases if case.kind == "partial" and not case.span.open_at_end]

    def around(case: _Case) -> tuple[int, int]:
        return (
            find_time_before(case.stretches, case.first_request, _AROUND_US, _AROUND_REQUESTS),
            find_time_after(case.stretches, case.last_request, _AROUND_US, _AROUND_REQUESTS),
        )

    def spilled(case: _Case) -> dict[int, int]:
        within = case.stretches[case.span.onset : case.span.last + 1]
        return {s.start: s.secondary for s in within if s.secondary}

    def lost(case: _Case) -> int:
        return sum(s.symptoms for s in case.stretches[case.span.onset : case.span.last + 1])

    answers = _fetch(connection, _ANSWERS_SQL, partial, lambda c: [around(c)], whole=False)
    restarts = {
        id(case)
        for n, case in enumerate(partial)
        if case.span.spill is not None
        and is_rolling_restart(group_answers(answers.get(n, ())), spilled(case), lost(case), *around(case))
    }
    return [case for case in cases if id(case) not in restarts]


def _symptom(row: Mapping[str, Any]) -> Symptom:
    return Symptom(**{**row, "flags": tuple((row["flags"] or "").split(","))})


def _trigger(case: _Case, symptoms: Sequence[Symptom], later: Sequence[Symptom], snapshots: Snapshots) -> Trigger:
    first, last = case.first_request, case.last_request
    full = case.at("full_failover")
    between = [s for s in case.stretches if s.end + SECOND > first and s.start <= case.spilled]
    partial_seconds = sum(1 for s in between if s.primary_ok and s.secondary and s.end < case.spilled - SECOND)
    return find_trigger(
        symptoms,
        Evidence(
            requests=_count_requests(case.stretches, first, max(case.spilled, first + _FIRST_US)),
            ejections_logged=snapshots.has_ejections(
                case.route, case.primary, first - 5 * SECOND, case.spilled + SECOND
            ),
            endpoints_gone=snapshots.are_gone(case.route, case.primary, first, last),
            endpoints_ejected=snapshots.are_ejected(case.route, case.primary, first, last),
            was_partial=full is None or partial_seconds >= 2,
            was_probed=bool(case.span.relapses),
            began_before_start=case.span.began_before_start,
        ),
        later,
    )


def _count_requests(stretches: Sequence[Stretch], first: int, until: int) -> int:
    """Return about how many requests began between two times; runs of seconds count in proportion."""
    counted = 0.0
    for s in stretches:
        shared = min(s.end + SECOND, until) - max(s.start, first)
        counted += s.requests * max(0, shared) / (s.end + SECOND - s.start)
    return round(counted)


def _insert(connection: duckdb.DuckDBPyConnection, cases: Sequence[_Case]) -> None:
    incidents = group_incidents(
        [
            Extent(
                c.first_request,
                None if c.span.open_at_end else c.last_request,
                c.route.service,
                frozenset(g for g in (c.primary, c.secondary) if g),
            )
            for c in cases
        ]
    )
    counters: dict[int, int] = {}
    failovers, events, phases = [], [], []
    order = sorted(range(len(cases)), key=lambda n: (incidents[n], cases[n].first_request, cases[n].route.sort_key))
    for n in order:
        case, incident = cases[n], incidents[n]
        counters[incident] = counters.get(incident, 0) + 1
        identity = {"failover_id": f"{incident}.{counters[incident]}"}
        failovers.append({**identity, "incident_id": str(incident), **_failover_row(case)})
        events += [{**identity, "seq": i, **_event_row(e)} for i, e in enumerate(_in_order(case.events), 1)]
        phases += [
            {**identity, "seq": i, "phase": p.name, "starts": p.start, "ends": p.end}
            for i, p in enumerate(case.phases, 1)
        ]
    for table, rows in (
        ("judged_failovers", failovers),
        ("judged_events", events),
        ("judged_phases", phases),
    ):
        schema = connection.sql(f"SELECT * FROM {table} LIMIT 0").to_arrow_table().schema
        connection.register("judged", pa.Table.from_pylist(rows, schema=schema))
        connection.execute(f"INSERT INTO {table} SELECT * FROM judged")
        connection.unregister("judged")


def _in_order(events: Sequence[Event]) -> list[Event]:
    names = (
        "onset",
        "first_spill",
        "full_failover",
        "relapse",
        "outage",
        "last_primary_error",
        "first_failback",
    )
    rank = {name: n for n, name in enumerate((*names, "recovered"))}
    # An outage shows when its first request begins, the onset only when that request ends.
    return sorted(events, key=lambda e: (e.name != "onset", e.at.latest, rank[e.name]))


def _failover_row(case: _Case) -> dict[str, Any]:
    trigger = case.trigger or Trigger("unknown", "none", (), None)
    row: dict[str, Any] = {name: getattr(case.route, name) for name in _ROUTE_COLUMNS}
    row |= {
        "primary": case.primary,
        "primary_basis": case.primary_basis,
        "secondary": case.secondary,
        "kind": case.kind,
        "trigger": trigger.name,
        "trigger_basis": trigger.basis,
        "trigger_candidates": list(trigger.candidates),
        "trigger_endpoint": trigger.endpoint,
        "open_at_end": case.span.open_at_end,
        "began_before_start": case.span.began_before_start,
        "route": case.route.number,
        "first_request_at": case.first_request,
        "last_request_at": case.last_request,
        "relapses": len(case.span.relapses),
    }
    for name in (
        "onset",
        "first_spill",
        "full_failover",
        "last_primary_error",
        "first_failback",
        "recovered",
    ):
        interval = case.at(name)
        row[f"{name}_earliest"] = interval.earliest if interval else None
        row[f"{name}_latest"] = interval.latest if interval else None
    return row


def _event_row(event: Event) -> dict[str, Any]:
    before, after = event.at.before, event.at.after
    return {
        "event": event.name,
        "earliest": event.at.earliest,
        "latest": event.at.latest,
        "until_earliest": event.until.earliest if event.until else None,
        "until_latest": event.until.latest if event.until else None,
        "before_source": before.source if before else None,
        "before_line": before.line if before else None,
        "source": after.source if after else None,
        "line": after.line if after else None,
    }
