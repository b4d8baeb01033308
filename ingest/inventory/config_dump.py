"""Envoy's admin page /config_dump?include_eds as JSON (snake_case, or camelCase as istioctl prints it)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.errors import InventoryError
from ingest.inventory.cluster_settings import read_cluster_settings
from ingest.inventory.load_assignments import read_assignment
from ingest.inventory.model import Context, InventoryFormat, Snapshot, field_of, items_of, text_of
from ingest.names import Names, role_of_gateway, workload_of_pod

#: Where endpoints, or clusters that hold their own, stand; in both ways of writing names.
_SECTIONS = frozenset(
    {
        *("static_endpoint_configs", "dynamic_endpoint_configs", "staticEndpointConfigs", "dynamicEndpointConfigs"),
        *("static_clusters", "dynamic_active_clusters", "dynamic_warming_clusters"),
        *("staticClusters", "dynamicActiveClusters", "dynamicWarmingClusters"),
    }
)


def _recognise(head: bytes) -> bool:
    return head.lstrip()[:1] == b"{" and b'"configs"' in head[:4096] and b"envoy.admin." in head


def _read(text: str, context: Context) -> Snapshot:
    try:
        dump = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InventoryError(f"{context.source}: the config dump is not valid JSON: {error}") from error
    configs = items_of(dump, "configs")
    node = next((_node(config) for config in configs if _is(config, "BootstrapConfigDump")), {})
    own = _text(_mapping(node.get("metadata")), "CLUSTER_ID", "cluster_id")
    context = replace(context, names=_observer(context.names, node))
    settings = list(_settings(configs, context, text))
    finder = _LineFinder(text)
    rows: list[dict[str, Any]] = []
    endpoints = [config for config in configs if _is(config, "EndpointsConfigDump")]
    if endpoints:
        finder.find(text_of(endpoints[0], "@type") or "")
    for config in endpoints or configs:
        for assignment in _assignments(config):
            finder.find(text_of(assignment, "cluster_name") or "")
            rows += read_assignment(assignment, context, lambda _, address: finder.find(address))
    for row in rows:
        # A label names the proxy's own cluster anew, and so that of the endpoints beside it.
        if own is not None and row["cluster_id"] == own:
            row["cluster_id"] = context.names.cluster_id
    return Snapshot(inventory=tuple(rows), mesh_config=tuple(settings))


def _settings(configs: list[Any], context: Context, text: str) -> Iterator[dict[str, Any]]:
    finder = _LineFinder(text)
    for config in configs:
        if _is(config, "ClustersConfigDump"):
            finder.find(text_of(config, "@type") or "")
            yield from read_cluster_settings(config, context, finder.find)


def _is(config: Any, kind: str) -> bool:
    return (text_of(config, "@type") or "").endswith(f".{kind}")


def _node(config: Any) -> dict[str, Any]:
    return _mapping(field_of(field_of(config, "bootstrap"), "node"))


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


def _assignments(config: Any) -> Iterator[Any]:
    """Yield every ClusterLoadAssignment of one section, in the order of the file."""
    for key in _mapping(config):
        for entry in items_of(config, key) if key in _SECTIONS else ():
            cluster = field_of(entry, "cluster")
            assignment = field_of(entry, "endpoint_config") or field_of(cluster, "load_assignment")
            if assignment:
                yield assignment


class _LineFinder:
    """Finds the line of a value in the text of the dump, going forward as the dump is read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

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
