"""Envoy's admin page /stats, as text or for Prometheus, and `istioctl x envoy-stats`.

What is counted of clusters, and of endpoints where the cluster has per-endpoint statistics, is kept; so is the health
of such endpoints. All other lines are only counted.
"""

from __future__ import annotations

import re
from typing import Any

from ingest.inventory.model import Context, InventoryFormat, Snapshot, counter_row, endpoint_row, split_address

_TEXT = re.compile(
    r"(?P<name>[A-Za-z0-9_][^\s:]*(?::[^\s:]+)*): "
    r"(?P<value>\d+|P0\(.*|\"[^\"]*\"|No recorded values|-?\d+(?:\.\d+)?)\s*"
)
_TELLING = re.compile(r"(?:cluster|listener|server|http|cluster_manager|listener_manager|runtime)\..*")
_METRIC = re.compile(r"(?P<name>envoy_\w+)(?:\{(?P<labels>[^{}]*)\})? (?P<value>[-+0-9.eEINFa]+)(?: \d+)?\s*")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_COMMENT = re.compile(r"# (?:TYPE|HELP) \w+.*")
#: What Envoy counts of a cluster's requests and connections; a name of a cluster may hold dots.
_CLUSTER = re.compile(r"cluster\.(?P<cluster>.+)\.(?P<stat>(?:external\.|internal\.)?upstream_(?:rq|cx)_\w+)")
#: Gauges among them say how many there are now.
_GAUGES = frozenset({"upstream_rq_active", "upstream_rq_pending_active", "upstream_cx_active"})
_PROMETHEUS = re.compile(r"envoy_cluster_(?P<stat>upstream_(?:rq|cx)(?:_\w+)?)")
#: Envoy writes `_` for the colon of an address.
_ENDPOINT = re.compile(r"cluster\.(?P<cluster>.+)\.endpoint\.(?P<host>.+)_(?P<port>\d{1,5})\.(?P<stat>\w+)")


def _recognise(head: bytes) -> bool:
    lines = [line for line in head[: 64 << 10].decode("utf-8", "replace").split("\n")[:60] if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and not head.endswith(b"\n") else lines
    text = [match["name"] for line in lines if (match := _TEXT.fullmatch(line))]
    metrics = sum(_METRIC.fullmatch(line) is not None for line in lines)
    comments = sum(_COMMENT.fullmatch(line) is not None for line in lines)
    if metrics:
        return (metrics + comments) * 2 > len(lines)
    return len(text) * 2 > len(lines) and any(_TELLING.fullmatch(name) for name in text)


def _read(text: str, context: Context) -> Snapshot:
    endpoints: dict[tuple[str, str], dict[str, Any]] = {}
    counters: list[dict[str, Any]] = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        found = _endpoint_stat(line)
        if found is not None:
            cluster, address, stat, value = found
            entry = endpoints.setdefault((cluster, address), {"line": number})
            if stat == "membership_healthy":
                entry["health"] = "healthy" if value.partition(".")[0] == "1" else "unhealthy"
            elif not stat.endswith("active"):
                host, port = split_address(address)
                row = counter_row(context, number, cluster=cluster, address=host, port=port, counter=stat, value=value)
                counters += [row] if row is not None else []
        elif (counted := _cluster_stat(line)) is not None:
            row = counter_row(context, number, cluster=counted[0], counter=counted[1], value=counted[2])
            counters += [row] if row is not None else []
        elif line.strip() and not any(shape.fullmatch(line) for shape in (_TEXT, _METRIC, _COMMENT)):
            # Other programs' metrics come along on the agent's merged page.
            unread += 1
    rows = []
    for (cluster, address), entry in endpoints.items():
        host, port = split_address(address)
        rows.append(
            endpoint_row(
                context,
                entry["line"],
                upstream_cluster=cluster,
                address=host,
                port=port,
                health=entry.get("health"),
            )
        )
    return Snapshot(inventory=tuple(rows), endpoint_counters=tuple(counters), unread_lines=unread)


def _cluster_stat(line: str) -> tuple[str, str, str] | None:
    """Return cluster, name and value of a counter of a cluster; None for any other line."""
    if line.startswith("cluster.") and (match := _TEXT.fullmatch(line)):
        name = _CLUSTER.fullmatch(match["name"])
        if name and name["stat"] not in _GAUGES:
            return name["cluster"], name["stat"], match["value"]
    elif line.startswith("envoy_cluster_upstream_") and (match := _METRIC.fullmatch(line)):
        name = _PROMETHEUS.fullmatch(match["name"])
        labels = dict(_LABEL.findall(match["labels"] or ""))
        cluster = labels.get("cluster_name") or labels.get("envoy_cluster_name")
        if name and cluster and name["stat"] not in _GAUGES:
            # What has one name in Envoy's own text is told apart by labels here.
            by_class = labels.get("response_code_class") or labels.get("envoy_response_code_class")
            by_code = labels.get("response_code") or labels.get("envoy_response_code")
            kind = f"_{by_class.removesuffix('xx')}xx" if by_class else f"_{by_code}" if by_code else ""
            stat = name["stat"].removesuffix("_xx") if by_class else name["stat"]
            return cluster, f"{stat}{kind}", match["value"]
    return None


def _endpoint_stat(line: str) -> tuple[str, str, str, str] | None:
    """Return cluster, address, name and value of a statistic of one endpoint; None for any other line."""
    if ".endpoint." in line and (match := _TEXT.fullmatch(line)):
        if name := _ENDPOINT.fullmatch(match["name"]):
            host = name["host"].replace("_", ":") if name["host"].startswith("[") else name["host"]
            return name["cluster"], f"{host}:{name['port']}", name["stat"], match["value"]
    elif "envoy_endpoint_address" in line and (match := _METRIC.fullmatch(line)):
        labels = dict(_LABEL.findall(match["labels"] or ""))
        cluster, address = labels.get("envoy_cluster_name"), labels.get("envoy_endpoint_address")
        if cluster and address:
            return cluster, address, match["name"].removeprefix("envoy_cluster_endpoint_"), match["value"]
    return None


FORMAT = InventoryFormat(
    name="envoy-stats",
    title="Envoy admin /stats, or istioctl x envoy-stats",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
