"""Log lines inside the JSON objects of Docker, Fluent Bit, Vector, Filebeat, Loki, GCP and their like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Where a shipper keeps the line, innermost objects by dots; the first that holds one wins.
_LINE_PATHS = (
    "log",
    "textPayload",
    "line",
    "message",
    "msg",
    "@message",
    "_raw",
    "MESSAGE",
    "_source.message",
    "_source.log",
    "fields.message",
    "attributes.message",
    "content.message",
    "result._raw",
    "body",
)
#: Where a shipper keeps an entry that it has parsed itself.
_OBJECT_PATHS = (
    "jsonPayload",
    "_source",
    "attributes.attributes",
    "content.attributes",
    "log_processed",
    "parsed",
)

#: Where a shipper keeps who wrote the line.
_NAME_PATHS = {
    "pod": (
        "kubernetes.pod_name",
        "kubernetes.pod.name",
        "_source.kubernetes.pod_name",
        "_source.kubernetes.pod.name",
        "resource.labels.pod_name",
        "labels.pod",
        "labels.pod_name",
        "stream.pod",
        "pod",
        "pod_name",
    ),
    "namespace": (
        "kubernetes.namespace_name",
        "kubernetes.namespace",
        "kubernetes.pod_namespace",
        "_source.kubernetes.namespace_name",
        "_source.kubernetes.namespace",
        "resource.labels.namespace_name",
        "labels.namespace",
        "stream.namespace",
    ),
    "container": (
        "kubernetes.container_name",
        "kubernetes.container.name",
        "_source.kubernetes.container_name",
        "_source.kubernetes.container.name",
        "resource.labels.container_name",
        "labels.container",
        "stream.container",
    ),
    "node": (
        "kubernetes.host",
        "kubernetes.node.name",
        "kubernetes.pod_node_name",
        "_source.kubernetes.host",
        "_source.kubernetes.node.name",
        "labels.node_name",
        "stream.node_name",
    ),
    "cluster": (
        "kubernetes.cluster_name",
        "kubernetes.cluster",
        "orchestrator.cluster.name",
        "_source.orchestrator.cluster.name",
        "resource.labels.cluster_name",
        "labels.cluster",
        "stream.cluster",
        "cluster_name",
    ),
}

_LINE = re.compile(r'\s*(?:\[|\{|"|ACCESS \[|\d{4}-\d\d-\d\dT)')
_WRAPPERS = (
    '"log"',
    '"message"',
    '"textPayload"',
    '"line"',
    '"jsonPayload"',
    '"_source"',
    '"kubernetes"',
    '"_raw"',
    '"body"',
    '"msg"',
    '"MESSAGE"',
    '"attributes"',
    '"@message"',
)


@dataclass(frozen=True)
class Wrapped:
    """One opened object; see `ingest.envelopes.Opened`."""

    inner: str
    partial: bool = False
    stream: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)


def open_json(text: str) -> Wrapped | None:
    """Return the log line that a JSON object wraps; None where it wraps none."""
    if not any(word in text for word in _WRAPPERS):
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    inner = _inner(entry)
    if inner is None:
        return None
    names = {}
    for name, paths in _NAME_PATHS.items():
        value = next((v for v in (_at(entry, path) for path in paths) if isinstance(v, str) and v), None)
        if value is not None:
            names[name] = value
    if inner == "":
        # The shipper has parsed the entry and put its keys beside its own.
        return Wrapped(text, names=names) if names and isinstance(entry.get("kubernetes"), dict) else None
    stream = entry.get("stream")
    is_docker = entry.keys() <= {"log", "stream", "time", "attrs"} and "time" in entry
    return Wrapped(
        inner.rstrip("\n").removesuffix("\r"),
        partial=(is_docker and not inner.endswith("\n")) or str(entry.get("logtag", "F")).startswith("P"),
        stream=stream if isinstance(stream, str) else None,
        names=names,
    )


def _inner(entry: Mapping[str, Any]) -> str | None:
    """Return the line inside, "" where the entry itself may be it, None where it cannot be."""
    for path in _LINE_PATHS:
        value = _at(entry, path)
        if isinstance(value, dict) and value:
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, str) and value and (_LINE.match(value) or path == "log"):
            return value
    for path in _OBJECT_PATHS:
        value = _at(entry, path)
        if isinstance(value, dict) and value:
            return json.dumps(value, ensure_ascii=False)
    return "" if isinstance(entry.get("kubernetes"), dict) else None


def _at(entry: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; a key that holds the dots itself counts as well."""
    if path in entry:
        return entry[path]
    head, dot, rest = path.partition(".")
    inner = entry.get(head)
    return _at(inner, rest) if dot and isinstance(inner, dict) else None
