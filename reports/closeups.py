"""Close-ups: the same series over narrower bins around the instants of a scene, down to single requests.

A timeline of hours has bins of minutes, in which a failover of a second is one bar. Each instant therefore gets
windows that grow by a factor, each with bins of its own, as long as they are finer than what is drawn already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from reports.binning import bin_failures, bin_groups, rebin_endpoints
from reports.model import Event
from reports.queries import Query, Value, load_query
from reports.records import make_record
from reports.series import Closeup, Scene, SingleRequest
from reports.windows import Extent, Grid, choose_grid

#: A scene has at most so many close-ups ...
_MOST = 8
#: ... whose bins are so much finer than what is drawn there already ...
_FINER = 4
#: ... and of which each next one is so much longer.
_GROWTH = 12.0
#: Single requests on each side of an instant.
_MOST_SINGLE = 12
_LEAST_WINDOW = timedelta(seconds=2)

Runner = Callable[[Query], list[dict[str, Any]]]


@dataclass(frozen=True)
class Ground:
    """What every query of one scene shares: its condition, the parameters of that, what runs it."""

    condition: str
    params: Mapping[str, Value]
    run: Runner


def list_instants(failover_ids: Sequence[str], events: Sequence[Event]) -> tuple[tuple[datetime, datetime], ...]:
    """Return the intervals in which something happened in these failovers, oldest first, each once."""
    found = set()
    for event in events:
        if event.failover_id not in failover_ids:
            continue
        for earliest, latest in ((event.earliest, event.latest), (event.until_earliest, event.until_latest)):
            if latest is not None:
                found.add((earliest or latest, latest))
    return tuple(sorted(found))


def add_closeups(
    scene: Scene, instants: Sequence[tuple[datetime, datetime]], ground: Ground, extent: Extent | None
) -> tuple[Scene, list[Query]]:
    """Return the scene with its close-ups and the single requests around its instants, and the queries behind them."""
    shown = [(begin, end) for begin, end in instants if scene.starts <= end <= scene.ends]
    if not shown:
        return scene, []
    queries: list[Query] = []
    closeups: list[Closeup] = []
    for window in _plan_windows(scene, shown):
        if len(closeups) == _MOST:
            break
        closeup, asked = _look_closer(scene, window, ground, extent, closeups)
        if closeup is not None:
            closeups.append(closeup)
            queries += asked
    single = _find_single(scene, shown, ground)
    requests = tuple(make_record(SingleRequest, row) for row in ground.run(single))
    return replace(scene, closeups=tuple(closeups), single_requests=requests), [*queries, single]


def _plan_windows(scene: Scene, instants: Sequence[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Yield windows around instants that lie close together, the narrow ones of all instants first."""
    whole = scene.ends - scene.starts
    size = min(max(timedelta(seconds=scene.bin_s * 8), _LEAST_WINDOW), whole / 3)
    levels = []
    while size <= whole / 3:
        levels.append(_cluster(instants, size))
        size = size * _GROWTH
    narrow = max((end - begin for begin, end in instants), default=timedelta()) * 8 + _LEAST_WINDOW
    step = timedelta(seconds=scene.bin_s * 8) / _GROWTH
    while step > narrow:
        levels.insert(0, _cluster(instants, step))
        step = step / _GROWTH
    for level in levels:
        yield from level


def _cluster(instants: Sequence[tuple[datetime, datetime]], size: timedelta) -> list[tuple[datetime, datetime]]:
    """Return windows of at least `size` that hold the instants; those that would overlap are one."""
    windows: list[tuple[datetime, datetime]] = []
    for begin, end in instants:
        first, last = begin - size / 2, end + size / 2
        if windows and first <= windows[-1][1]:
            windows[-1] = (windows[-1][0], max(last, windows[-1][1]))
        else:
            windows.append((first, last))
    return windows


def _look_closer(
    scene: Scene, window: tuple[datetime, datetime], ground: Ground, extent: Extent | None, known: Sequence[Closeup]
) -> tuple[Closeup | None, list[Query]]:
    first, last = max(window[0], scene.starts), min(window[1], scene.ends)
    if last - first >= (scene.ends - scene.starts) * 0.6:
        return None, []
    inside = _estimate_requests(scene, first, last)
    grid = choose_grid(first, last, inside, extent)
    width_s = grid.width_us / 1_000_000
    drawn = [c.bin_s for c in known if c.starts <= first and last <= c.ends]
    if width_s * _FINER > min([scene.bin_s, *drawn]):
        return None, []
    values: dict[str, Value] = {
        **ground.params,
        "starts": grid.starts,
        "ends": grid.ends,
        "bin_us": grid.width_us,
        "endpoints": tuple(endpoint.endpoint for endpoint in scene.endpoints),
    }
    groups, failures, endpoints = (
        load_query(name, values, scene=ground.condition) for name in ("groups", "failures", "closeup_endpoints")
    )
    return _make_closeup(scene, grid, ground, (groups, failures, endpoints)), [groups, failures, endpoints]


def _make_closeup(scene: Scene, grid: Grid, ground: Ground, queries: tuple[Query, Query, Query]) -> Closeup:
    groups, failures, endpoints = (ground.run(query) for query in queries)
    return Closeup(
        starts=grid.starts,
        ends=grid.last,
        bin_s=grid.width_us / 1_000_000,
        bins=grid.bins,
        groups=bin_groups(groups, grid, [(g.endpoint_group, g.group_role) for g in scene.groups]),
        failures=bin_failures(failures, grid, [(f.response_code, f.response_flags) for f in scene.failures]),
        endpoints=rebin_endpoints(endpoints, grid, scene.endpoints),
    )


def _estimate_requests(scene: Scene, first: datetime, last: datetime) -> int:
    """Return about how many requests lie between two moments, from the bins that are known."""
    begin = int((first - scene.starts).total_seconds() // scene.bin_s)
    end = -int(-(last - scene.starts).total_seconds() // scene.bin_s)
    held = [sum(group.requests[n] for group in scene.groups) for n in range(max(begin, 0), min(end, scene.bins))]
    spanned = max(len(held) * scene.bin_s, 1e-6)
    return int(sum(held) * min(1.0, (last - first).total_seconds() / spanned))


def _find_single(scene: Scene, instants: Sequence[tuple[datetime, datetime]], ground: Ground) -> Query:
    requests = sum(sum(group.requests) for group in scene.groups)
    rate = requests / max((scene.ends - scene.starts).total_seconds(), 1e-3)
    near_s = min(max(4 * _MOST_SINGLE / max(rate, 1e-9), 0.1), 3600.0)
    moments = tuple(dict.fromkeys(latest for _, latest in instants))
    near = timedelta(seconds=near_s)
    values: dict[str, Value] = {
        **ground.params,
        "starts": max(scene.starts, min(moments) - near),
        "ends": min(scene.ends, max(moments) + near) + timedelta(microseconds=1),
        "instants": moments,
        "near_us": round(near_s * 1_000_000),
        "most": _MOST_SINGLE,
    }
    return load_query("single_requests", values, scene=ground.condition)
