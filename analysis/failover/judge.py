"""The judge: runs the coarse and the exact pass over a session's requests and fills the judged tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from analysis.failover.borders import is_lasting_split
from analysis.failover.cases import FIRST_US, Case
from analysis.failover.declared import Snapshots, read_snapshots
from analysis.failover.holes import find_holes, widen_events
from analysis.failover.instants import Entry, find_events, settle_start, windows_of
from analysis.failover.phases import build_phases
from analysis.failover.restarts import group_answers, is_rolling_restart
from analysis.failover.results import ROUTE_COLUMNS, insert
from analysis.failover.spans import find_spans
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

_ROUTES_SQL = f"SELECT DISTINCT route, {', '.join(ROUTE_COLUMNS)} FROM judged_kinds"

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

#: How much around a partial spill is looked at for endpoints that restart: so long at least, and so many requests.
_AROUND_US, _AROUND_REQUESTS = 10 * SECOND, 100


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
    insert(connection, cases)


def _find_cases(connection: duckdb.DuckDBPyConnection, options: Options) -> list[Case]:
    primaries = {
        (r["cluster_id"], r["gateway"], r["service"], r["service_port"], r["subset"]): r
        for r in connection.sql("SELECT * FROM primaries").to_arrow_table().to_pylist()
    }
    grouped = group_by_route(connection.sql(STRETCHES_SQL).to_arrow_table().to_pylist())
    named = connection.sql(_ROUTES_SQL).to_arrow_table().to_pylist()
    routes = [Route(number=row.pop("route"), **row) for row in named]
    shared = {row[0] for row in connection.sql(_SHARED_SQL).fetchall()}
    cases: list[Case] = []
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
            Case(route, stretches, span, primary["primary_group"], primary["primary_basis"])
            for span in find_spans(stretches, options)
        ]
    return cases


def _fetch(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    cases: Sequence[Case],
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


def _fetch_entries(connection: duckdb.DuckDBPyConnection, cases: Sequence[Case]) -> list[list[Entry]]:
    """Return, for each case, the requests around its changes, in order of their start."""
    fetched = _fetch(connection, _ENTRIES_SQL, cases, lambda c: windows_of(c.stretches, c.span))
    entries = [[_entry(row, case) for row in fetched.get(n, ())] for n, case in enumerate(cases)]
    return [sorted(one, key=lambda e: (e.start, e.end, e.source, e.line)) for one in entries]


def _entry(row: Mapping[str, Any], case: Case) -> Entry:
    # Where nothing tells groups apart there is one group.
    alone = case.primary is None and row["role"] == "unknown"
    return Entry(**{**row, "role": "primary"} if alone else row)


def _place(case: Case, entries: Sequence[Entry]) -> Case:
    span = settle_start(case.stretches, case.span, entries)
    events = widen_events(find_events(case.stretches, span, entries), find_holes(entries, case.stretches))
    return replace(case, span=span, events=tuple(events))


def _with_phases(cases: Sequence[Case]) -> list[Case]:
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


def _without_restarts(connection: duckdb.DuckDBPyConnection, cases: Sequence[Case]) -> list[Case]:
    """Drop partial spills that only show the endpoints of the primary restarting one after another."""
    partial = [case for case in cases if case.kind == "partial" and not case.span.open_at_end]

    def around(case: Case) -> tuple[int, int]:
        return (
            find_time_before(case.stretches, case.first_request, _AROUND_US, _AROUND_REQUESTS),
            find_time_after(case.stretches, case.last_request, _AROUND_US, _AROUND_REQUESTS),
        )

    def spilled(case: Case) -> dict[int, int]:
        within = case.stretches[case.span.onset : case.span.last + 1]
        return {s.start: s.secondary for s in within if s.secondary}

    def lost(case: Case) -> int:
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


def _trigger(case: Case, symptoms: Sequence[Symptom], later: Sequence[Symptom], snapshots: Snapshots) -> Trigger:
    first, last = case.first_request, case.last_request
    full = case.at("full_failover")
    between = [s for s in case.stretches if s.end + SECOND > first and s.start <= case.spilled]
    partial_seconds = sum(1 for s in between if s.primary_ok and s.secondary and s.end < case.spilled - SECOND)
    return find_trigger(
        symptoms,
        Evidence(
            requests=_count_requests(case.stretches, first, max(case.spilled, first + FIRST_US)),
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
