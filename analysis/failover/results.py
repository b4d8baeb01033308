"""The judged tables: cases become rows, numbered by incident."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from analysis.failover.cases import Case
from analysis.failover.incidents import Extent, group_incidents
from analysis.failover.instants import Event
from analysis.failover.triggers import Trigger

ROUTE_COLUMNS = ("cluster_id", "gateway", "proxy", "service", "service_port", "subset")


def insert(connection: duckdb.DuckDBPyConnection, cases: Sequence[Case]) -> None:
    """Number the cases by incident and insert them into judged_failovers, judged_events and judged_phases."""
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


def _failover_row(case: Case) -> dict[str, Any]:
    trigger = case.trigger or Trigger("unknown", "none", (), None)
    row: dict[str, Any] = {name: getattr(case.route, name) for name in ROUTE_COLUMNS}
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
