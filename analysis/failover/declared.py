"""What inventories and outlier logs say about the primary's endpoints around a failover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from analysis.failover.stretches import Route

#: An address whose own snapshot does not say where it lives is where any other says. Only what states priorities lists
#: a cluster's endpoints whole: tables may have been filtered, and lack them for that.
_SNAPSHOTS_SQL = """
SELECT
    coalesce(i.service, c.service) AS service, coalesce(i.service_port, c.service_port) AS service_port,
    i.observer_cluster_id AS cluster_id, epoch_us(i.observed_at) AS at,
    coalesce(i.cluster_id, i.network, d.endpoint_cluster, d.network) AS endpoint_group, i.address, i.port,
    coalesce(i.ejected, false) AS ejected, i.priority IS NOT NULL AS is_whole
FROM inventory AS i
LEFT JOIN cluster_names AS c USING (upstream_cluster)
LEFT JOIN declared_endpoints AS d
    ON d.service = coalesce(i.service, c.service)
    AND d.service_port IS NOT DISTINCT FROM coalesce(i.service_port, c.service_port)
    AND d.endpoint = CASE WHEN contains(i.address, ':') THEN format('[{}]:{}', i.address, i.port)
        WHEN i.port IS NULL THEN i.address
        ELSE format('{}:{}', i.address, i.port) END
WHERE i.observed_at IS NOT NULL AND i.address IS NOT NULL
"""

_EJECTIONS_SQL = """
SELECT c.service, c.service_port, o.observer_cluster_id AS cluster_id, epoch_us(o.time) AS at, d.endpoint_cluster
FROM outlier_events AS o
LEFT JOIN cluster_names AS c USING (upstream_cluster)
LEFT JOIN declared_endpoints AS d
    ON d.service = c.service AND d.service_port IS NOT DISTINCT FROM c.service_port
    AND d.endpoint = CASE WHEN contains(o.address, ':') THEN format('[{}]:{}', o.address, o.port)
        ELSE format('{}:{}', o.address, o.port) END
WHERE o.action = 'eject' AND coalesce(o.enforced, true)
"""


@dataclass(frozen=True)
class Snapshots:
    """Endpoint snapshots and logged ejections, as plain rows; times in microseconds."""

    endpoints: Sequence[Mapping[str, Any]]
    ejections: Sequence[Mapping[str, Any]]

    def has_ejections(self, route: Route, primary: str | None, low: int, high: int) -> bool:
        """Tell whether an endpoint of the primary was ejected within the time, by the outlier log."""
        return any(
            _is_of(row, route) and low <= row["at"] <= high and row["endpoint_cluster"] in (None, primary)
            for row in self.ejections
        )

    def are_gone(self, route: Route, primary: str | None, onset: int, last: int) -> bool:
        """Tell whether a snapshot within the failover lacks primary endpoints that the one before it had."""
        before, during = self._around(route, primary, onset, last)
        return any(len(addresses) < len(before) for addresses in during) and bool(before)

    def are_ejected(self, route: Route, primary: str | None, onset: int, last: int) -> bool:
        """Tell whether a snapshot within the failover shows ejected primary endpoints."""
        return any(
            row["ejected"] and _is_of(row, route) and row["endpoint_group"] == primary and onset <= row["at"] <= last
            for row in self.endpoints
        )

    def _around(self, route: Route, primary: str | None, onset: int, last: int) -> tuple[set[str], list[set[str]]]:
        """Return the primary's addresses in the last snapshot before the onset, and in each within the failover."""
        times: dict[int, set[str]] = {}
        for row in self.endpoints:
            if row["is_whole"] and _is_of(row, route):
                addresses = times.setdefault(row["at"], set())
                if row["endpoint_group"] == primary:
                    addresses.add(f"{row['address']}:{row['port']}")
        earlier = [at for at in times if at < onset]
        before = times[max(earlier)] if earlier else set()
        return before, [addresses for at, addresses in times.items() if onset <= at <= last]


def _is_of(row: Mapping[str, Any], route: Route) -> bool:
    return (
        row["service"] == route.service
        and row["service_port"] in (None, route.service_port)
        and row["cluster_id"] in (None, route.cluster_id)
    )


def read_snapshots(connection: duckdb.DuckDBPyConnection) -> Snapshots:
    """Read all snapshots and logged ejections of a session."""
    return Snapshots(
        connection.sql(_SNAPSHOTS_SQL).to_arrow_table().to_pylist(),
        connection.sql(_EJECTIONS_SQL).to_arrow_table().to_pylist(),
    )
