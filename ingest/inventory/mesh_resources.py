"""Resources of Istio and Gloo: the endpoints that they name, and their settings, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.inventory.located import Array, Object, line_of
from ingest.inventory.model import Context, clean_text, endpoint_row, field_of, items_of, split_locality, text_of
from ingest.inventory.pods import labelled_place

#: Deeper settings are not followed.
MAX_DEPTH = 40

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read_service_entries(entry: Any, workloads: list[Any], context: Context) -> Iterator[dict[str, Any]]:
    """Yield a row for each host, port and endpoint of a ServiceEntry.

    Its endpoints are its own, else the WorkloadEntries among `workloads` that it selects in its namespace.
    """
    spec, metadata = field_of(entry, "spec"), field_of(entry, "metadata")
    endpoints: list[tuple[Any, str | None]] = [(endpoint, None) for endpoint in items_of(spec, "endpoints")]
    labels = field_of(field_of(spec, "workloadSelector"), "labels")
    if isinstance(labels, Mapping) and labels and not endpoints:
        namespace = text_of(metadata, "namespace")
        endpoints = [
            (field_of(workload, "spec"), text_of(field_of(workload, "metadata"), "name"))
            for workload in workloads
            if text_of(field_of(workload, "metadata"), "namespace") == namespace
            and _selects(labels, field_of(field_of(workload, "spec"), "labels"))
        ]
    for host in items_of(spec, "hosts"):
        for port in items_of(spec, "ports"):
            for endpoint, name in endpoints:
                number = field_of(field_of(endpoint, "ports"), text_of(port, "name") or "")
                yield from _endpoint_rows(
                    endpoint,
                    context,
                    service=host if isinstance(host, str) else None,
                    service_port=field_of(port, "number"),
                    port=number or field_of(port, "targetPort") or field_of(port, "number"),
                    workload=name,
                )


def read_workload_entry(entry: Any, context: Context) -> Iterator[dict[str, Any]]:
    """Yield the row of a WorkloadEntry by itself: no service, and no port where it has several."""
    spec = field_of(entry, "spec")
    ports = field_of(spec, "ports")
    numbers = list(ports.values()) if isinstance(ports, Mapping) else []
    yield from _endpoint_rows(
        spec,
        context,
        port=numbers[0] if len(numbers) == 1 else None,
        workload=text_of(field_of(entry, "metadata"), "name"),
    )


def _endpoint_rows(endpoint: Any, context: Context, **facts: Any) -> Iterator[dict[str, Any]]:
    address = text_of(endpoint, "address")
    if address is None:
        return
    # Labels stand in the endpoint itself, as they do in the metadata of other objects.
    place = labelled_place(endpoint, context)
    locality = split_locality(text_of(endpoint, "locality"))
    yield endpoint_row(
        context,
        line_of(endpoint, "address"),
        address=address.removeprefix("unix://").removeprefix("[").removesuffix("]"),
        # A ServiceEntry may name endpoints of any cluster: the file's own says nothing.
        cluster_id=text_of(field_of(endpoint, "labels"), "topology.istio.io/cluster"),
        network=text_of(endpoint, "network") or place["network"],
        region=locality["region"] or place["region"],
        zone=locality["zone"] or place["zone"],
        subzone=locality["subzone"] or place["subzone"],
        weight=field_of(endpoint, "weight"),
        **facts,
    )


def _selects(selector: Mapping[str, Any], labels: Any) -> bool:
    return all(text_of(labels, name) == text_of(selector, name) for name in selector)


def read_settings(entry: Any, context: Context) -> Iterator[dict[str, Any]]:
    """Yield a row of mesh_config for each setting in the spec of a resource, and each host that it is for."""
    spec, metadata = field_of(entry, "spec"), field_of(entry, "metadata")
    hosts = [text_of(spec, "host") or text_of(spec, "hostname")]
    if hosts == [None]:
        hosts = [host for host in items_of(spec, "hosts") if isinstance(host, str) and host] or [None]
    common = {
        "observed_at": context.observed_at,
        "cluster_id": context.names.cluster_id,
        "kind": clean_text(text_of(entry, "kind") or ""),
        "namespace": _clean(text_of(metadata, "namespace")),
        "name": _clean(text_of(metadata, "name")),
        "source": context.source,
    }
    for setting, value, line in _settings(spec, "", line_of(entry, "spec"), MAX_DEPTH):
        for host in hosts:
            yield {**common, "host": _clean(host), "setting": setting, "value": _clean(value), "line": line}


def _settings(value: Any, path: str, line: int, depth: int) -> Iterator[tuple[str, str | None, int]]:
    """Yield path, value and line of every leaf; an empty object or list is one too, as `{}` or `[]`."""
    if isinstance(value, Object) and value and depth:
        for key, inner in value.items():
            step = key if _PLAIN_KEY.fullmatch(key) else f'["{key}"]'
            joined = f"{path}.{step}" if path and not step.startswith("[") else f"{path}{step}"
            yield from _settings(inner, clean_text(joined), value.lines[key], depth - 1)
    elif isinstance(value, Array) and value and depth:
        for number, inner in enumerate(value):
            yield from _settings(inner, f"{path}[{number}]", value.lines[number], depth - 1)
    elif path:
        empty = "{}" if isinstance(value, Object) else "[]" if isinstance(value, Array) else None
        yield path, value if isinstance(value, str) else empty, line


def _clean(text: str | None) -> str | None:
    return None if text is None else clean_text(text)
