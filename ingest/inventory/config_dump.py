"""Envoy's admin page /config_dump?include_eds as JSON (snake_case, or camelCase as istioctl prints it)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.errors import InventoryError
from ingest.inventory.model import Context, InventoryFormat, Snapshot, split_cluster
from ingest.names import Names, role_of_gateway, workload_of_pod

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_HEALTH = {0: "healthy", 1: "healthy", 2: "unhealthy", 3: "draining", 4: "timeout", 5: "degraded"}


def _recognise(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"configs"' in head[:4096] and b"envoy.admin." in head


def _read(text: str, context: Context) -> Snapshot:
    try:
        dump = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InventoryError(f"{context.source}: the config dump is not valid JSON: {error}") from error
    configs = [entry for entry in dump.get("configs") or [] if isinstance(entry, dict)]
    node: dict[str, Any] = {}
    for config in configs:
        if str(config.get("@type", "")).endswith("BootstrapConfigDump"):
            node = _mapping(_mapping(_snake(config).get("bootstrap")).get("node"))
    context = replace(context, names=_observer(context.names, node))
    finder = _LineFinder(text)
    rows: list[dict[str, Any]] = []
    endpoints = [c for c in configs if str(c.get("@type", "")).endswith("EndpointsConfigDump")]
    if endpoints:
        finder.find(str(endpoints[0]["@type"]))
    for config in endpoints or configs:
        for assignment in _assignments(_snake(config)):
            rows += _rows(assignment, context, finder)
    return Snapshot(inventory=tuple(rows))


def _snake(value: Any) -> Any:
    """Return a JSON value with camelCase keys in snake_case; keys of metadata are left alone."""
    if isinstance(value, dict):
        out = {}
        for key, inner in value.items():
            name = key if key.startswith("@") else _CAMEL.sub(lambda m: "_" + m[1].lower(), key)
            out[name] = inner if name == "filter_metadata" else _snake(inner)
        return out
    return [_snake(inner) for inner in value] if isinstance(value, list) else value


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _observer(names: Names, node: Mapping[str, Any]) -> Names:
    """Let a label win over the node's own words, and those over the path."""
    metadata = _mapping(node.get("metadata"))
    labels = _mapping(metadata.get("LABELS") or metadata.get("labels"))
    cluster = _text(metadata, "CLUSTER_ID", "cluster_id")
    pod = _text(metadata, "NAME", "name")
    workload = _text(metadata, "WORKLOAD_NAME", "workload_name") or _text(labels, "app")
    gateway = names.gateway or workload or (workload_of_pod(pod) if pod else None)
    return Names(names.cluster_id or cluster, gateway, names.proxy or pod, role_of_gateway(gateway))


def _text(values: Mapping[str, Any], *keys: str) -> str | None:
    return next((str(values[key]) for key in keys if values.get(key)), None)


def _assignments(config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every ClusterLoadAssignment of one section, in the order of the file."""
    for key, value in config.items():
        if not isinstance(value, list) or not key.endswith(("endpoint_configs", "_clusters")):
            continue
        for entry in value:
            item = _mapping(entry)
            if key.endswith("endpoint_configs"):
                yield _mapping(item.get("endpoint_config"))
            else:
                cluster = _mapping(item.get("cluster"))
                if cluster.get("load_assignment"):
                    yield _mapping(cluster["load_assignment"])


def _rows(assignment: Mapping[str, Any], context: Context, finder: _LineFinder) -> Iterator[dict[str, Any]]:
    cluster = str(assignment.get("cluster_name") or "")
    finder.go_to(cluster)
    for group in assignment.get("endpoints") or []:
        locality = _mapping(_mapping(group).get("locality"))
        for entry in _mapping(group).get("lb_endpoints") or []:
            endpoint = _mapping(_mapping(entry).get("endpoint"))
            address, port = _address(_mapping(endpoint.get("address")))
            if address is None:
                continue
            workload, endpoint_cluster, network = _istio(_mapping(_mapping(entry).get("metadata")))
            yield {
                "observed_at": context.observed_at,
                "observer_cluster_id": context.names.cluster_id,
                "observer_gateway": context.names.gateway,
                "upstream_cluster": cluster or None,
                **split_cluster(cluster),
                "address": address,
                "port": port,
                "cluster_id": endpoint_cluster,
                "network": network,
                "region": locality.get("region") or None,
                "zone": locality.get("zone") or None,
                "subzone": locality.get("sub_zone") or None,
                "priority": int(_mapping(group).get("priority") or 0),
                "weight": _integer(_mapping(entry).get("load_balancing_weight")),
                "health": _health(_mapping(entry).get("health_status")),
                # A dump shows what was declared; ejection is Envoy's own and stands in /clusters.
                "ejected": None,
                "workload": workload or endpoint.get("hostname") or None,
                "source": context.source,
                "line": finder.find(address),
            }


def _address(address: Mapping[str, Any]) -> tuple[str | None, int | None]:
    socket = _mapping(address.get("socket_address"))
    if socket.get("address"):
        return str(socket["address"]), _integer(socket.get("port_value"))
    pipe = _mapping(address.get("pipe"))
    if pipe.get("path"):
        return str(pipe["path"]), None
    internal = _mapping(address.get("envoy_internal_address"))
    if internal.get("server_listener_name"):
        identity = internal.get("endpoint_id") or ""
        return f"envoy://{internal['server_listener_name']}/{identity}", None
    return None, None


def _istio(metadata: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return workload, cluster and network from Istio's metadata (`name;ns;canonical;revision;cluster`)."""
    istio = _mapping(_mapping(metadata.get("filter_metadata")).get("istio"))
    parts = str(istio.get("workload") or "").split(";")
    return parts[0] or None, (parts[4] or None) if len(parts) > 4 else None, _text(istio, "network")


def _health(value: Any) -> str:
    if isinstance(value, int):
        return _HEALTH.get(value, "healthy")
    name = str(value or "UNKNOWN").lower()
    return "healthy" if name == "unknown" else name


def _integer(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


class _LineFinder:
    """Finds the line of a value in the text of the dump, going forward as the dump is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def go_to(self, cluster: str) -> None:
        """Move to where a cluster is named, if it is named further on."""
        self.find(cluster)

    def find(self, value: str) -> int:
        """Return the line of the next place where `value` stands as a JSON string (this line, if nowhere)."""
        found = self._text.find(json.dumps(value), self._position)
        if found >= 0:
            self._line += self._text.count("\n", self._position, found)
            self._position = found + 1
        return self._line


FORMAT = InventoryFormat(
    name="envoy-config-dump",
    title="Envoy admin /config_dump?include_eds, JSON",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
