"""Log lines inside the JSON objects of Docker, Fluent Bit, Vector, Filebeat, Loki, GCP and their like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.entry_names import names_of_cloudwatch, names_of_tags
from ingest.raw_bytes import load_json, to_encodable

#: Where a shipper keeps the line, innermost objects by dots; the first that holds one wins.
_LINE_PATHS = (
    "log",
    "textPayload",
    "line",
    "message",
    "msg",
    "@message",
    "_raw",
    "_msg",
    "MESSAGE",
    "jsonPayload.message",
    "jsonPayload.log",
    "_source.message",
    "_source.log",
    "_source.event.original",
    "event.original",
    "fields.message",
    "fields.log",
    "attributes.message",
    "content.message",
    "result._raw",
    "body",
)
#: Where a shipper keeps an entry that it has parsed itself.
_OBJECT_PATHS = (
    "jsonPayload",
    "_source.json",
    "_source",
    "attributes.attributes",
    "content.attributes",
    "log_processed",
    "parsed",
)
#: Likewise, but only where the object holds what an access log does.
_LIKELY_PATHS = ("json", "attributes")
_TELLING = frozenset(
    {"response_code", "response_flags", "upstream_host", "upstream_cluster", "downstream_remote_address"}
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
        "fields.kubernetes.pod.name",
        "fields.kubernetes.pod_name",
        "fields.pod",
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
        "fields.kubernetes.namespace",
        "fields.kubernetes.namespace_name",
        "fields.namespace",
    ),
    "container": (
        "kubernetes.container_name",
        "kubernetes.container.name",
        "_source.kubernetes.container_name",
        "_source.kubernetes.container.name",
        "resource.labels.container_name",
        "labels.container",
        "stream.container",
        "fields.kubernetes.container.name",
        "fields.container",
    ),
    "node": (
        "kubernetes.host",
        "kubernetes.node.name",
        "kubernetes.pod_node_name",
        "_source.kubernetes.host",
        "_source.kubernetes.node.name",
        "labels.node_name",
        "stream.node_name",
        "fields.kubernetes.node.name",
    ),
    "cluster": (
        "kubernetes.cluster_name",
        "kubernetes.cluster",
        "orchestrator.cluster.name",
        "_source.orchestrator.cluster.name",
        "resource.labels.cluster_name",
        "labels.cluster",
        "stream.cluster",
        "fields.orchestrator.cluster.name",
        "fields.cluster",
        "cluster_name",
    ),
}

#: Where Datadog keeps tags, which say the same.
_TAG_PATHS = ("tags", "attributes.tags", "content.tags", "ddtags")

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
    '"_msg"',
    '"fields"',
    '"json"',
    '"original"',
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
        entry = load_json(text)
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
    for path in _TAG_PATHS:
        names = names_of_tags(_at(entry, path)) | names
    names = names_of_cloudwatch(None, entry.get("@logStream") or entry.get("logStreamName")) | names
    names = {name: to_encodable(value) for name, value in names.items()}
    if inner == "":
        # The shipper has parsed the entry and put its keys beside its own.
        return Wrapped(text, names=names) if names and isinstance(entry.get("kubernetes"), dict) else None
    stream = entry.get("stream")
    is_docker = entry.keys() <= {"log", "stream", "time", "attrs"} and "time" in entry
    return Wrapped(
        to_encodable(inner.rstrip("\n").removesuffix("\r")),
        partial=(is_docker and not inner.endswith("\n")) or str(entry.get("logtag", "F")).startswith("P"),
        stream=to_encodable(stream) if isinstance(stream, str) else None,
        names=names,
    )


def _inner(entry: Mapping[str, Any]) -> str | None:
    """Return the line inside, "" where the entry itself may be it, None where it cannot be."""
    if not _TELLING.isdisjoint(entry):
        return ""
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
    for path in _LIKELY_PATHS:
        value = entry.get(path)
        if isinstance(value, dict) and not _TELLING.isdisjoint(value):
            return json.dumps(value, ensure_ascii=False)
    return "" if isinstance(entry.get("kubernetes"), dict) else None


def _at(entry: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path; a key that holds the dots itself counts as well."""
    if path in entry:
        value = entry[path]
        # A search for `fields` gives each as a list.
        return value[0] if isinstance(value, list) and len(value) == 1 and path not in _TAG_PATHS else value
    head, dot, rest = path.partition(".")
    inner = entry.get(head)
    return _at(inner, rest) if dot and isinstance(inner, dict) else None
