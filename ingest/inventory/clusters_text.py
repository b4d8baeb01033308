"""Envoy's admin page /clusters as text: `cluster::host:port::key::value` per line."""

from __future__ import annotations

import re
from typing import Any

from ingest.inventory.model import Context, InventoryFormat, Snapshot, counter_row, endpoint_row, split_address

_V6_HOST = re.compile(r"(.+?)::(\[[^\[\]]*\]:\d+)", re.DOTALL)
_KEYS = frozenset(
    {
        "cx_active",
        "cx_connect_fail",
        "cx_total",
        "rq_active",
        "rq_error",
        "rq_pending_active",
        "rq_success",
        "rq_timeout",
        "rq_total",
        "hostname",
        "health_flags",
        "weight",
        "region",
        "zone",
        "sub_zone",
        "canary",
        "priority",
        "success_rate",
        "local_origin_success_rate",
    }
)
#: What is counted since the endpoint came, and so can be compared between two snapshots.
_COUNTERS = frozenset({"cx_connect_fail", "cx_total", "rq_error", "rq_success", "rq_timeout", "rq_total"})
#: Lines about a cluster as a whole; of a cluster without endpoints there are no others.
_CLUSTER_LINE = re.compile(r".+::[a-z_]+::.*")
_TELLING_LINE = re.compile(r"::(?:default_priority::max_|added_via_api::|observability_name::)")


def _recognise(head: bytes) -> bool:
    lines = [line for line in head[: 64 << 10].decode("utf-8", "replace").split("\n")[:60] if line.strip()]
    if len(lines) > 1 and not head.endswith(b"\n"):
        lines = lines[:-1]
    telling = any(_host_line(line) or _TELLING_LINE.search(line) for line in lines)
    # Where the page was cut out of a log, a few lines of that log come along.
    fitting = sum(_host_line(line) is not None or _CLUSTER_LINE.fullmatch(line) is not None for line in lines)
    return telling and fitting * 2 > len(lines)


def _host_line(line: str) -> tuple[str, str, str, str] | None:
    """Return cluster, host, key and value of a line about a host; the line is split from the right."""
    parts = line.rstrip().rsplit("::", 2)
    if len(parts) != 3 or parts[1] not in _KEYS:
        return None
    match = _V6_HOST.fullmatch(parts[0])
    # A cluster's name may hold `::` itself; an address does only in brackets.
    name, _, host = (match[1], "", match[2]) if match else parts[0].rpartition("::")
    return (name, host, parts[1], parts[2]) if name and host else None


def _read(text: str, context: Context) -> Snapshot:
    hosts: dict[tuple[str, str], dict[str, Any]] = {}
    counters: list[dict[str, Any]] = []
    unread = 0
    for number, line in enumerate(text.split("\n"), 1):
        found = _host_line(line)
        if found is None:
            if line.strip() and not _CLUSTER_LINE.fullmatch(line.rstrip()):
                unread += 1
            continue
        cluster, host, key, value = found
        entry = hosts.setdefault((cluster, host), {"line": number})
        entry[key] = value
        if key in _COUNTERS:
            address, port = split_address(host)
            row = counter_row(context, number, cluster=cluster, address=address, port=port, counter=key, value=value)
            counters += [row] if row is not None else []
    return Snapshot(
        inventory=tuple(_row(cluster, host, entry, context) for (cluster, host), entry in hosts.items()),
        endpoint_counters=tuple(counters),
        unread_lines=unread,
    )


def _row(cluster: str, host: str, entry: dict[str, Any], context: Context) -> dict[str, Any]:
    address, port = split_address(host)
    health, ejected = read_health_flags(entry.get("health_flags"))
    return endpoint_row(
        context,
        entry["line"],
        upstream_cluster=cluster,
        address=address,
        port=port,
        region=entry.get("region"),
        zone=entry.get("zone"),
        subzone=entry.get("sub_zone"),
        priority=entry.get("priority"),
        weight=entry.get("weight"),
        health=health,
        ejected=ejected,
        workload=entry.get("hostname"),
    )


#: Health in words, worst first, by the flags that mean it. Ejection is told apart: it is Envoy's own doing.
_HEALTH_FLAGS = {
    "unhealthy": {"failed_active_hc", "failed_eds_health", "excluded_via_immediate_hc_fail"},
    "draining": {"eds_status_draining"},
    "degraded": {"degraded_active_hc", "degraded_eds_health"},
    "timeout": {"active_hc_timeout"},
}


def read_health_flags(flags: str | None) -> tuple[str | None, bool | None]:
    """Return declared health, and whether the host is ejected, from flags such as `/failed_outlier_check`."""
    if flags is None:
        return None, None
    if flags == "healthy":
        return "healthy", False
    held = set(flags.strip("/").split("/"))
    ejected = "failed_outlier_check" in held
    health = next((name for name, flags_ in _HEALTH_FLAGS.items() if held & flags_), "healthy")
    return health, ejected


FORMAT = InventoryFormat(
    name="envoy-clusters-text",
    title="Envoy admin /clusters, text",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
