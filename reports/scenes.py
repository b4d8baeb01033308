"""Scenes: the requests of one gateway to one service, counted in bins, for one timeline each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from reports.binning import bin_endpoints, bin_failures, bin_groups
from reports.closeups import Ground, Runner, add_closeups, list_instants
from reports.ground import Source
from reports.model import Event, Failover, Figure, Incident, Phase
from reports.queries import Query, Route, Value, bind_route, load_query
from reports.records import Row, make_record
from reports.series import (
    Ejection,
    FailedPath,
    Failure,
    Gap,
    Scene,
    Unknowns,
)
from reports.windows import Extent, Grid, choose_grid, pad_window

#: A report draws at most this many timelines; the tables still hold everything.
MOST_SCENES = 12
_MOST_OVERVIEWS = 4
_MOST_ENDPOINTS = 16
_MOST_EJECTIONS = 500
_MOST_KINDS = 12
_MOST_PATHS = 10


class SqlSession(Protocol):
    """Runs SQL."""

    def sql(self, query: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Return the rows of a SELECT."""

    def holding(
        self, name: str, query: str, params: Mapping[str, object] | None = None
    ) -> AbstractContextManager[None]:
        """Have the rows of a SELECT under a name."""


@dataclass(frozen=True)
class Built:
    """The scenes, how many were left out, and the SQL behind each."""

    scenes: tuple[Scene, ...]
    left_out: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class _Plan:
    """A scene before its numbers are known."""

    scene_id: str
    incident_id: str | None
    route: Route
    failover_ids: tuple[str, ...]
    first: datetime
    last: datetime
    instants: tuple[tuple[datetime, datetime], ...] = ()
    is_routed: bool = True


def build_scenes(
    session: SqlSession,
    incidents: Sequence[Incident],
    failovers: Sequence[Failover],
    phases: Sequence[Phase],
    *,
    events: Sequence[Event],
    sources: Sequence[Source],
    most: int = MOST_SCENES,
) -> Built:
    """Return one scene per incident, gateway and service, and overviews of the whole log where they help.

    Of the former at most `most`, the gravest of each incident.
    """
    plans = [
        replace(plan, instants=list_instants(plan.failover_ids, events))
        for plan in _plan_incidents(incidents, failovers, phases)
    ]
    shown = plans[:most]
    extents, are_routed = _find_extents(session)
    shown += _plan_overviews(extents, incidents, shown, are_routed=are_routed)
    meanings = {
        row["code"]: row["meaning"] for row in session.sql("SELECT code, meaning FROM response_flags").to_pylist()
    }
    scenes: list[Scene] = []
    figures: list[Figure] = []
    for plan in shown:
        scene, queries = _build_scene(session, plan, extents.get(plan.route), sources, meanings)
        scenes.append(scene)
        figures += [Figure(q.name, plan.scene_id, q.question, q.sql) for q in queries]
    return Built(tuple(scenes), max(0, len(plans) - most), tuple(figures))


def _plan_incidents(
    incidents: Sequence[Incident], failovers: Sequence[Failover], phases: Sequence[Phase]
) -> list[_Plan]:
    plans = []
    for incident in incidents:
        routes: dict[Route, list[Failover]] = {}
        for failover in failovers:
            if failover.incident_id == incident.incident_id:
                route = Route(
                    failover.cluster_id, failover.gateway, failover.service, failover.service_port, failover.subset
                )
                routes.setdefault(route, []).append(failover)
        ranked = sorted(routes.items(), key=lambda item: (-sum(f.failed for f in item[1]), item[1][0].failover_id))
        for number, (route, members) in enumerate(ranked, 1):
            ids = tuple(f.failover_id for f in members)
            own = [p for p in phases if p.failover_id in ids]
            first, last = _find_window(members, own)
            name = f"{incident.incident_id}-{number}"
            plans.append(_Plan(name, incident.incident_id, route, ids, first, last))
    return plans


def _find_window(failovers: Sequence[Failover], phases: Sequence[Phase]) -> tuple[datetime, datetime]:
    """Return the time that the failovers take, with some health before and after as far as the log has it."""
    earliest, latest = min(p.starts for p in phases), max(p.ends for p in phases)
    unhealthy = [p for p in phases if p.phase != "healthy"] or list(phases)
    first, last = min(p.starts for p in unhealthy), max(p.ends for p in unhealthy)
    onsets = [f.onset_earliest for f in failovers if f.onset_earliest is not None]
    return pad_window(min([first, *onsets]), last, earliest, latest)


def _find_extents(session: SqlSession) -> tuple[dict[Route, Extent], bool]:
    """Return from when to when there are requests of each route, the busiest route first.

    The second value is False where they are those of east-west gateways, as no log of a caller is held.
    """
    rows = session.sql(load_query("services").statement).to_pylist()
    are_routed = bool(rows)
    if not are_routed:
        rows = session.sql(load_query("relayed_services").statement).to_pylist()
    extents = {
        Route(r["cluster_id"], r["gateway"], r["service"], r["service_port"], r["subset"]): (
            r["first_time"].astimezone(UTC),
            r["last_time"].astimezone(UTC),
        )
        for r in rows
    }
    return extents, are_routed


def _plan_overviews(
    extents: Mapping[Route, Extent], incidents: Sequence[Incident], shown: Sequence[_Plan], *, are_routed: bool
) -> list[_Plan]:
    """Plan timelines over the whole log: where nothing happened, several things, or one short thing in a long log."""
    if not extents:
        return []
    first, last = min(begin for begin, _ in extents.values()), max(end for _, end in extents.values())
    longest = max(((plan.last - plan.first) for plan in shown), default=last - first)
    if len(incidents) == 1 and (last - first) < 4 * longest:
        return []
    touched = {plan.route for plan in shown}
    wanted = [route for route in extents if route in touched or not incidents][:_MOST_OVERVIEWS]
    return [_Plan(f"log-{n}", None, route, (), first, last, is_routed=are_routed) for n, route in enumerate(wanted, 1)]


def _build_scene(
    session: SqlSession,
    plan: _Plan,
    extent: Extent | None,
    sources: Sequence[Source],
    meanings: Mapping[str, str],
) -> tuple[Scene, list[Query]]:
    of_route, params = bind_route(plan.route)
    within = f"{of_route} AND start_time >= $starts AND start_time < $ends"
    condition = f"{within} AND role <> 'sidecar_inbound'"
    if plan.incident_id is not None:
        condition += " AND role <> 'east_west'"
    # A whole log is long: what it needs is read from the few columns that are kept apart.
    is_lean = plan.incident_id is None and plan.is_routed
    counting = load_query("scene_requests", {**params, "starts": plan.first, "ends": plan.last}, scene=within)
    grid = choose_grid(plan.first, plan.last, _run(session, counting)[0]["requests"], extent)
    values: dict[str, Value] = {**params, "starts": grid.starts, "ends": grid.ends, "bin_us": grid.width_us}
    route_condition, route_params = bind_route(plan.route, with_subset=False)

    def query(name: str, most: int = 0) -> Query:
        scene = within if name.startswith("overview") else condition
        return load_query(name, {**values, **route_params, "most": most}, scene=scene, route=route_condition)

    with _holding(session, plan, grid, condition, params) as ask:
        groups, failures = (
            query("overview_groups" if is_lean else "groups"),
            query("overview_failures" if is_lean else "failures"),
        )
        endpoints = query("overview_endpoints" if is_lean else "endpoint_series", _MOST_ENDPOINTS)
        ejections = query("ejections", _MOST_EJECTIONS)
        queries = [groups, failures, endpoints, ejections]
        endpoint_rows = ask(endpoints)
        known = max((row["endpoints"] for row in endpoint_rows), default=0)
        strips = bin_endpoints(endpoint_rows, grid)
        own = [
            s
            for s in sources
            if s.access_log_rows and (s.cluster_id, s.gateway) == (plan.route.cluster_id, plan.route.gateway)
        ]
        scene = Scene(
            scene_id=plan.scene_id,
            incident_id=plan.incident_id,
            service=plan.route.service,
            service_port=plan.route.service_port,
            subset=plan.route.subset,
            failover_ids=plan.failover_ids,
            starts=grid.starts,
            ends=grid.last,
            bin_s=grid.width_us / 1_000_000,
            bins=grid.bins,
            coverage=_worst_coverage(own),
            groups=bin_groups(ask(groups), grid),
            failures=bin_failures(ask(failures), grid),
            endpoints=strips,
            endpoints_left_out=max(0, known - len(strips)),
            ejections=tuple(make_record(Ejection, row) for row in ask(ejections)),
            gaps=_cut_gaps(own, grid),
            failure_kinds=(),
            failed_paths=(),
            unknowns=None,
        )
        if plan.incident_id is None:
            return scene, queries
        kinds, paths, unknowns = (
            query("failure_kinds", _MOST_KINDS),
            query("failed_paths", _MOST_PATHS),
            query("unknowns"),
        )
        scene = replace(
            scene,
            failure_kinds=tuple(_make_kind(row, meanings) for row in ask(kinds)),
            failed_paths=tuple(FailedPath(r["method"], r["path_only"], r["failed"]) for r in ask(paths)),
            unknowns=make_record(Unknowns, ask(unknowns)[0]),
        )
        ground = Ground(condition, params, ask)
        scene, closer = add_closeups(scene, plan.instants, ground, extent)
        # The queries of close-ups differ in their times alone; the one for single requests is of its own kind.
        return scene, [*queries, kinds, paths, unknowns, *closer[-1:]]


@contextmanager
def _holding(
    session: SqlSession, plan: _Plan, grid: Grid, condition: str, params: Mapping[str, Value]
) -> Iterator[Runner]:
    """Give what runs the queries of a scene: a dozen of them ask the same requests, which are read once."""
    if plan.incident_id is None:
        yield partial(_run, session)
        return
    # The bins of a close-up may reach over the ends of the scene, by less than one bin of the scene.
    width = timedelta(microseconds=grid.width_us)
    values = {**params, "starts": grid.starts - width, "ends": grid.ends + width}
    held = load_query("held_requests", values, scene=condition)
    with session.holding(held.name, held.statement, held.params):
        yield lambda query: _run(session, query.over(held.name))


def _run(session: SqlSession, query: Query) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = session.sql(query.statement, query.params).to_pylist()
    return rows


def _make_kind(row: Row, meanings: Mapping[str, str]) -> Failure:
    flags = tuple(row["response_flags"] or ())
    told = [f"{flag}: {meanings[flag]}" for flag in flags if flag in meanings]
    return Failure(
        response_code=row["response_code"],
        response_flags=flags,
        response_code_details=row["details"],
        outcome=row["outcome"],
        endpoint_group=row["endpoint_group"],
        meaning=" ".join(told) or None,
        requests=row["requests"],
        source=row["source"],
        line=row["line"],
    )


def _cut_gaps(sources: Sequence[Source], grid: Grid) -> tuple[Gap, ...]:
    gaps = [gap for source in sources for gap in source.gaps if gap.gap_start < grid.ends and gap.gap_end > grid.starts]
    return tuple(sorted(gaps, key=lambda gap: (gap.gap_start, gap.source)))


def _worst_coverage(sources: Sequence[Source]) -> str:
    found = {source.coverage for source in sources}
    return next((name for name in ("errors_only", "sampled", "full") if name in found), "unknown")
