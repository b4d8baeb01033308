"""Log records of OpenTelemetry (OTLP as JSON, in either spelling of its keys): the line, and who wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

#: Attributes of a resource or a record, by OpenTelemetry's conventions, and what they name.
_NAMES = {
    "k8s.pod.name": "pod",
    "k8s.namespace.name": "namespace",
    "k8s.container.name": "container",
    "k8s.node.name": "node",
    "k8s.cluster.name": "cluster",
    "log_name": "log_name",
}
#: More attributes in use for the same, which count where those above are missing.
_OTHER_NAMES = {
    "pod_name": "pod",
    "pod": "pod",
    "POD_NAME": "pod",
    "namespace": "namespace",
    "cluster": "cluster",
    "cluster_id": "cluster",
    "k8s.cluster.uid": "cluster",
    "host.name": "node",
}
#: Attributes that an access log names so: with one of them, the attributes are the entry.
_TELLING = frozenset(
    {"response_code", "response_flags", "upstream_host", "upstream_cluster", "downstream_remote_address"}
)
#: With at least so many attributes, they say more than the text.
_MANY = 8

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain_value(value: Any) -> Any:
    """Return an AnyValue (`{"stringValue": "x"}`) as plain JSON; None for what is none."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    ((kind, inner),) = value.items()
    match str(kind).replace("_", "").lower():
        case "intvalue":
            return int(inner) if isinstance(inner, str) and inner.lstrip("-").isdigit() else inner
        case "arrayvalue":
            return [plain_value(entry) for entry in _list(inner, "values")]
        case "kvlistvalue":
            return plain_attributes(_list(inner, "values"))
        case "stringvalue" | "boolvalue" | "doublevalue" | "bytesvalue":
            return inner
    return None


def plain_attributes(attributes: Any) -> dict[str, Any]:
    """Return a list of keys and values as a plain object; a plain object is given back as it is."""
    if isinstance(attributes, dict):
        return attributes
    entries = (entry for entry in attributes if isinstance(entry, dict)) if isinstance(attributes, list) else ()
    return {str(entry.get("key")): plain_value(entry.get("value")) for entry in entries}


def is_record(entry: Mapping[str, Any]) -> bool:
    """Say whether an object is a log record."""
    return ("body" in entry or "attributes" in entry) and any(
        key in entry for key in ("timeUnixNano", "observedTimeUnixNano", "time_unix_nano", "observed_time_unix_nano")
    )


def names_of_resource(resource: Any) -> dict[str, str]:
    """Return what a resource says about the proxy: pod, namespace, container, node, cluster, log_name."""
    return _names(plain_attributes(resource.get("attributes"))) if isinstance(resource, dict) else {}


def open_record(record: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the access-log entry of a record, and what its attributes say about the proxy.

    The entry is the text of the body, or the attributes as a JSON object where they hold the entry.
    """
    body, attributes = plain_value(record.get("body")), plain_attributes(record.get("attributes"))
    names = _names(attributes)
    if isinstance(body, dict) and body:
        return _to_json({**body, **_time(record, body)}), names
    text = body if isinstance(body, str) else ""
    if attributes and (not text or len(attributes) >= _MANY) and not _TELLING.isdisjoint(attributes):
        return _to_json({**attributes, **_time(record, attributes)}), names
    return text.rstrip("\n"), names


def _names(attributes: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for key, name in (*_NAMES.items(), *_OTHER_NAMES.items()):
        value = attributes.get(key)
        if name not in names and isinstance(value, str) and value not in ("", "-"):
            names[name] = value
    # Envoy's own name of its node: router~10.1.0.9~POD.NAMESPACE~DOMAIN
    parts = str(attributes.get("node_name") or "").split("~")
    if len(parts) == 4:
        pod, _, namespace = parts[2].rpartition(".")
        names.setdefault("pod", pod or namespace)
        if pod:
            names.setdefault("namespace", namespace)
    return names


def _time(record: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    """Return the start time that Envoy gives the record, where the entry has none of its own."""
    nanos = str(record.get("timeUnixNano") or record.get("time_unix_nano") or "")
    if "start_time" in entry or not nanos.isdigit() or int(nanos) == 0:
        return {}
    try:
        moment = _EPOCH + timedelta(microseconds=int(nanos) // 1000)
    except OverflowError:
        return {}
    return {"start_time": moment.isoformat(timespec="microseconds").replace("+00:00", "Z")}


def _to_json(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry)


def _list(value: Any, key: str) -> Iterator[Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    yield from inner if isinstance(inner, list) else ()
