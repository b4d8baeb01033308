"""Binning: rows of a query, one per bin and key, as series of one number per bin."""

from __future__ import annotations

from collections.abc import Sequence

from reports.records import Row
from reports.series import EndpointSeries, FailureSeries, GroupSeries
from reports.windows import Grid

#: An endpoint group and its role.
GroupKey = tuple[str | None, str]
_RANKS = {"primary": 0, "secondary": 1, "unknown": 2, "none": 3}


def bin_groups(rows: Sequence[Row], grid: Grid, keys: Sequence[GroupKey] | None = None) -> tuple[GroupSeries, ...]:
    """Return one series per endpoint group: of `keys` in their order where given, else of all that there are."""
    if keys is None:
        found = {(row["endpoint_group"], row["group_role"]) for row in rows}
        keys = sorted(found, key=lambda key: (_RANKS.get(key[1], 9), key[0] is None, key[0] or ""))
    series = []
    for group, role in keys:
        own = [row for row in rows if (row["endpoint_group"], row["group_role"]) == (group, role)]
        series.append(
            GroupSeries(
                endpoint_group=group,
                group_role=role,
                requests=_count(own, grid, "requests"),
                failed=_count(own, grid, "failed"),
                p50_ms=_measure(own, grid, "p50_ms"),
                p95_ms=_measure(own, grid, "p95_ms"),
                p99_ms=_measure(own, grid, "p99_ms"),
            )
        )
    return tuple(series)


def bin_failures(
    rows: Sequence[Row], grid: Grid, keys: Sequence[tuple[int | None, tuple[str, ...]]] | None = None
) -> tuple[FailureSeries, ...]:
    """Return one series per status and flags: of `keys` in their order where given, else the most frequent first."""
    series: dict[tuple[int | None, tuple[str, ...]], list[Row]] = {key: [] for key in keys or ()}
    for row in rows:
        key = (row["response_code"], tuple(row["response_flags"] or ()))
        if keys is None or key in series:
            series.setdefault(key, []).append(row)
    made = [FailureSeries(code, flags, _count(own, grid, "failed")) for (code, flags), own in series.items()]
    if keys is None:
        made.sort(key=lambda s: (-sum(s.failed), s.response_code or 0, s.response_flags))
    return tuple(made)


def bin_endpoints(rows: Sequence[Row], grid: Grid) -> tuple[EndpointSeries, ...]:
    """Return one series per endpoint, those of the primary first."""
    series: dict[str, list[Row]] = {}
    for row in rows:
        series.setdefault(row["endpoint"], []).append(row)
    made = [
        EndpointSeries(
            endpoint=endpoint,
            workload=own[0]["workload"],
            endpoint_kind=own[0]["endpoint_kind"],
            endpoint_group=own[0]["endpoint_group"],
            group_role=own[0]["group_role"],
            requests=_count(own, grid, "requests"),
            failed=_count(own, grid, "failed"),
        )
        for endpoint, own in series.items()
    ]
    rank = {"primary": 0, "secondary": 1}
    return tuple(sorted(made, key=lambda e: (rank.get(e.group_role, 2), e.endpoint_group or "", e.endpoint)))


def rebin_endpoints(rows: Sequence[Row], grid: Grid, endpoints: Sequence[EndpointSeries]) -> tuple[EndpointSeries, ...]:
    """Return the series of the same endpoints, in the same order, over other bins; zeros where there is no row."""
    return tuple(
        EndpointSeries(
            endpoint=known.endpoint,
            workload=known.workload,
            endpoint_kind=known.endpoint_kind,
            endpoint_group=known.endpoint_group,
            group_role=known.group_role,
            requests=_count(own, grid, "requests"),
            failed=_count(own, grid, "failed"),
        )
        for known in endpoints
        for own in ([row for row in rows if row["endpoint"] == known.endpoint],)
    )


def _count(rows: Sequence[Row], grid: Grid, column: str) -> tuple[int, ...]:
    numbers = [0] * grid.bins
    for row in rows:
        if 0 <= row["bin"] < grid.bins:
            numbers[row["bin"]] += row[column]
    return tuple(numbers)


def _measure(rows: Sequence[Row], grid: Grid, column: str) -> tuple[float | None, ...]:
    numbers: list[float | None] = [None] * grid.bins
    for row in rows:
        if 0 <= row["bin"] < grid.bins and row[column] is not None:
            numbers[row["bin"]] = float(row[column])
    return tuple(numbers)
