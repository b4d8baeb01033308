"""The judge of shifts: counts the choices of every service by time, and keeps the changes that are shifts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from analysis.failover.stretches import SECOND
from analysis.options import Options
from analysis.shifts.changes import Bin, Change, find_changes

#: A service's log is counted in at most so many bins, of whole seconds.
_BINS = 2048
#: Each side of a shift lasts so long at least.
_LEAST_US = 5 * SECOND
#: An ingress that falls keeps at most this part of its requests per second, and one that rises gets so much more.
_FALLS, _RISES = 0.8, 1.1

#: The choices: endpoint groups where several always serve, subsets, ingresses. Only what has two of them is counted.
#: First which kinds of entries are a choice, then when there were such.
_CHOICES_SQL = """
WITH kinds AS (
    SELECT * FROM counted_kinds
    WHERE timed > 0 AND service IS NOT NULL AND role NOT IN ('east_west', 'sidecar_inbound')
), splits AS (
    SELECT kind AS entry_kind, 'split' AS kind, cluster_id, gateway, proxy, service, service_port, subset,
        endpoint_group AS choice
    FROM kinds SEMI JOIN judged_splits USING (route)
    WHERE endpoint_group IS NOT NULL AND group_role <> 'none'
), subsetted AS (
    SELECT cluster_id, gateway, proxy, service, service_port
    FROM routes GROUP BY ALL HAVING count(DISTINCT coalesce(subset, '')) > 1
), subsets AS (
    SELECT r.kind AS entry_kind, 'subset' AS kind, r.cluster_id, r.gateway, r.proxy, r.service, r.service_port,
        NULL AS subset, coalesce(r.subset, 'no subset') AS choice
    FROM kinds AS r
    JOIN subsetted AS s
        ON s.service = r.service AND s.service_port IS NOT DISTINCT FROM r.service_port
        AND s.proxy IS NOT DISTINCT FROM r.proxy AND s.gateway IS NOT DISTINCT FROM r.gateway
        AND s.cluster_id IS NOT DISTINCT FROM r.cluster_id
), entered AS (
    SELECT service, service_port FROM kinds WHERE role = 'ingress'
    GROUP BY ALL HAVING count(DISTINCT concat_ws('/', cluster_id, gateway)) > 1
), ingresses AS (
    SELECT r.kind AS entry_kind, 'ingress' AS kind, NULL AS cluster_id, NULL AS gateway, NULL AS proxy,
        r.service, r.service_port, NULL AS subset, concat_ws('/', r.cluster_id, r.gateway) AS choice
    FROM kinds AS r
    JOIN entered AS e ON e.service = r.service AND e.service_port IS NOT DISTINCT FROM r.service_port
    WHERE r.role = 'ingress'
)
SELECT c.* EXCLUDE (entry_kind), r.start_time, r.hop_id
FROM (SELECT * FROM splits UNION ALL SELECT * FROM subsets UNION ALL SELECT * FROM ingresses) AS c
JOIN slim_requests AS r ON r.kind = c.entry_kind
WHERE r.start_time IS NOT NULL AND NOT r.pinned
"""

_KEY = ("kind", "cluster_id", "gateway", "proxy", "service", "service_port", "subset")

_BINS_SQL = f"""
WITH extents AS (
    SELECT {", ".join(_KEY)}, epoch_us(min(start_time)) AS low, epoch_us(max(start_time)) AS high
    FROM choices GROUP BY ALL
), sized AS (
    SELECT *, greatest(1, ceil((high - low) / {SECOND} / {_BINS}))::BIGINT * {SECOND} AS width FROM extents
)
SELECT {", ".join(f"c.{name}" for name in _KEY)}, c.choice,
    epoch_us(c.start_time) // s.width * s.width AS bin, any_value(s.width) AS width, count(*) AS requests
FROM choices AS c
JOIN sized AS s ON {" AND ".join(f"s.{name} IS NOT DISTINCT FROM c.{name}" for name in _KEY)}
GROUP BY ALL
ORDER BY ALL
"""

_MATCH = " AND ".join(f"c.{name} IS NOT DISTINCT FROM f.{name}" for name in _KEY)
_EVIDENCE_SQL = f"""
WITH seen AS (
    SELECT f.shift_id,
        arg_max(c.hop_id, c.start_time) FILTER (c.choice = f.away_from AND c.start_time <= f.latest) AS before,
        arg_min(c.hop_id, c.start_time) FILTER (c.choice = f.towards AND c.start_time >= f.earliest) AS after
    FROM found AS f JOIN choices AS c ON {_MATCH}
        AND c.start_time BETWEEN f.earliest - INTERVAL 1 MINUTE AND f.latest + INTERVAL 1 MINUTE
    GROUP BY f.shift_id
)
SELECT
    f.* EXCLUDE (before_source, before_line, source, line, note),
    b.source AS before_source, s.before & ((1::BIGINT << 40) - 1) AS before_line,
    a.source, s.after & ((1::BIGINT << 40) - 1) AS line, f.note
FROM found AS f
LEFT JOIN seen AS s USING (shift_id)
LEFT JOIN source_numbers AS b ON b.source_number = s.before >> 40
LEFT JOIN source_numbers AS a ON a.source_number = s.after >> 40
"""


def judge_shifts(connection: duckdb.DuckDBPyConnection, options: Options) -> None:
    """Find all shifts and insert them into the table shifts."""
    connection.execute(f"CREATE TEMP VIEW choices AS {_CHOICES_SQL}")
    grouped: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in connection.sql(_BINS_SQL).to_arrow_table().to_pylist():
        grouped.setdefault(tuple(row[name] for name in _KEY), []).append(row)
    found = [
        {**dict(zip(_KEY, key, strict=True)), **shift}
        for key, rows in grouped.items()
        for shift in _find_shifts(key[0], rows, options)
    ]
    found.sort(key=lambda f: (f["earliest"], f["service"], f["proxy"] or ""))
    schema = connection.sql("SELECT * FROM shifts LIMIT 0").to_arrow_table().schema
    numbered = [{**shift, "shift_id": n} for n, shift in enumerate(found, 1)]
    if numbered:
        connection.register("found", pa.Table.from_pylist(numbered, schema=schema))
        connection.execute(f"INSERT INTO shifts {_EVIDENCE_SQL} ORDER BY f.shift_id")
        connection.unregister("found")
    connection.execute("DROP VIEW choices")


def _find_shifts(kind: str, rows: Sequence[Mapping[str, Any]], options: Options) -> Iterator[dict[str, Any]]:
    """Yield the shifts of one service (and proxy) from its counts by bin and choice."""
    names = sorted({row["choice"] for row in rows})
    if len(names) < 2:
        return
    counts: dict[int, list[int]] = {}
    for row in rows:
        counts.setdefault(row["bin"], [0] * len(names))[names.index(row["choice"])] = row["requests"]
    bins = [Bin(start, tuple(counts[start])) for start in sorted(counts)]
    width = rows[0]["width"]
    for change in find_changes(bins, least_requests=options.hold_down_requests, least_us=max(_LEAST_US, 2 * width)):
        moved = [b - a for a, b in zip(change.before, change.after, strict=True)]
        away, towards = moved.index(min(moved)), moved.index(max(moved))
        if kind != "ingress" or _is_moved(bins, change, away, towards, width):
            yield {
                "away_from": names[away],
                "towards": names[towards],
                # Seen in bins: the change lies between the first request of one and the last of another.
                "earliest": bins[change.earliest - 1].start,
                "latest": bins[change.latest].start + width,
                "away_share_before": change.before[away],
                "away_share_after": change.after[away],
                "towards_share_before": change.before[towards],
                "towards_share_after": change.after[towards],
                "requests_before": _count(bins[change.since : change.at]),
                "requests_after": _count(bins[change.at : change.until]),
                "note": _describe(names[away], names[towards], change.before[away], change.after[away]),
            }


def _is_moved(bins: Sequence[Bin], change: Change, away: int, towards: int, width: int) -> bool:
    """Tell whether one ingress fell and the other rose, and not only the shares, nor only the logs that are held."""

    def rate(choice: int, since: int, until: int) -> float:
        counted = sum(b.counts[choice] for b in bins[since:until])
        return counted / (bins[until - 1].start + width - bins[since].start)

    before, after = (change.since, change.at), (change.at, change.until)
    falls = rate(away, *after) <= _FALLS * rate(away, *before)
    rises = rate(towards, *after) >= _RISES * rate(towards, *before)
    # Where one log ends as the other begins, both may be all that was kept.
    known = any(b.counts[towards] for b in bins[: change.at]) or any(b.counts[away] for b in bins[change.at :])
    return falls and rises and known


def _count(bins: Iterable[Bin]) -> int:
    return sum(sum(b.counts) for b in bins)


def _describe(away: str, towards: str, before: float, after: float) -> str:
    return f"{away} went from {before:.0%} to {after:.0%} of the requests, towards {towards}"
