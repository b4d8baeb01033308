"""What Envoy's clusters in a config dump set: outlier detection, circuit breakers, load balancing, timeouts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ingest.inventory.model import Context, clean_text, field_of, items_of, split_cluster, text_of

#: Fields of a cluster that say how it fails over; `name` is always among the rows.
_FIELDS = (
    "name",
    "type",
    "connect_timeout",
    "lb_policy",
    "outlier_detection",
    "circuit_breakers",
    "common_lb_config",
    "respect_dns_ttl",
    "health_checks",
)
_SECTIONS = ("static_clusters", "dynamic_active_clusters")
_MAX_DEPTH = 12
#: Where camelCase begins a new word; consecutive5xx is consecutive_5xx.
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=\dxx)")


def read_cluster_settings(config: Any, context: Context, line_of: Callable[[str], int]) -> Iterator[dict[str, Any]]:
    """Yield a row of mesh_config for each setting of each cluster in one section of a config dump.

    `line_of` gives the line on which a cluster's name stands; it is asked in the order of the file.
    """
    for section in _SECTIONS:
        for entry in items_of(config, section):
            cluster = field_of(entry, "cluster")
            name = text_of(cluster, "name")
            if name is None:
                continue
            line = line_of(name)
            for field in _FIELDS:
                for setting, value in _leaves(field, field_of(cluster, field), _MAX_DEPTH):
                    yield {
                        "observed_at": context.observed_at,
                        "cluster_id": context.names.cluster_id,
                        "kind": "Cluster",
                        "namespace": None,
                        "name": clean_text(name),
                        "host": split_cluster(name)["service"],
                        "setting": clean_text(setting),
                        "value": clean_text(value),
                        "source": context.source,
                        "line": line,
                    }


def _leaves(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield path and value of every leaf, keys in snake_case; an empty object or list is a leaf too."""
    if isinstance(value, Mapping) and value and depth:
        for key, inner in value.items():
            yield from _leaves(f"{path}.{_HUMP.sub('_', str(key)).lower()}", inner, depth - 1)
    elif isinstance(value, list) and value and depth:
        for number, inner in enumerate(value):
            yield from _leaves(f"{path}[{number}]", inner, depth - 1)
    elif isinstance(value, bool):
        yield path, str(value).lower()
    elif value is not None:
        yield path, "{}" if isinstance(value, Mapping) else "[]" if isinstance(value, list) else str(value)
