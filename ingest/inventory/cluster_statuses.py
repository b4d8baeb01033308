"""Envoy's admin page /clusters?format=json, and `istioctl proxy-config endpoints -o json|yaml`, made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.errors import InventoryError
from ingest.inventory.load_assignments import line_of_address
from ingest.inventory.located import DocumentError, line_of, read_documents
from ingest.inventory.model import (
    Context,
    InventoryFormat,
    Snapshot,
    address_of,
    counter_row,
    endpoint_row,
    field_of,
    health_of,
    items_of,
    text_of,
)

_PAGE = re.compile(rb'\s*(?:\{\s*"cluster_?[sS]tatuses"|(?:---\s*\n|#[^\n]*\n)*cluster_?[sS]tatuses)\s*:')
_LIST = re.compile(rb"\s*(?:\[\s*\{|(?:---\s*\n|#[^\n]*\n)*- )")
_HOSTS = re.compile(rb'(?:[\s-]|")(?:host_statuses|hostStatuses)"?\s*:')
_EMPTY = re.compile(rb"\s*\[\s*\]\s*")


def _recognise(head: bytes) -> bool:
    listed = _LIST.match(head) and _HOSTS.search(head)
    return bool(_PAGE.match(head) or listed or _EMPTY.fullmatch(head))


def _read(text: str, context: Context) -> Snapshot:
    try:
        documents = read_documents(text)
    except DocumentError as error:
        raise InventoryError(f"{context.source}: line {error.line}: {error}") from error
    rows: list[dict[str, Any]] = []
    counters: list[dict[str, Any]] = []
    for document in documents:
        statuses = document if isinstance(document, list) else items_of(document, "cluster_statuses")
        for status in statuses:
            for host in items_of(status, "host_statuses"):
                row = _row(text_of(status, "name"), host, context)
                if row is not None:
                    rows.append(row)
                    counters += _counters(row, host, context)
    return Snapshot(inventory=tuple(rows), endpoint_counters=tuple(counters))


def _counters(row: Mapping[str, Any], host: Any, context: Context) -> Iterator[dict[str, Any]]:
    """Yield a row for each counter of a host; Envoy leaves out a value of 0."""
    for stat in items_of(host, "stats"):
        if text_of(stat, "type") == "GAUGE":
            continue
        counter = counter_row(
            context,
            line_of(stat, "name", row["line"]),
            cluster=row["upstream_cluster"],
            address=row["address"],
            port=row["port"],
            counter=text_of(stat, "name") or "",
            value=field_of(stat, "value") or 0,
        )
        if counter is not None:
            yield counter


def _row(cluster: str | None, host: Any, context: Context) -> dict[str, Any] | None:
    address, port = address_of(field_of(host, "address"))
    if address is None:
        return None
    locality = field_of(host, "locality")
    status = field_of(host, "health_status")
    return endpoint_row(
        context,
        line_of_address(host, address),
        upstream_cluster=cluster,
        address=address,
        port=port,
        region=text_of(locality, "region"),
        zone=text_of(locality, "zone"),
        subzone=text_of(locality, "sub_zone"),
        # Envoy leaves out a priority of 0.
        priority=field_of(host, "priority") or 0,
        weight=field_of(host, "weight"),
        health=_health(status),
        ejected=_is_set(status, "failed_outlier_check"),
        workload=text_of(host, "hostname"),
    )


def _health(status: Any) -> str:
    """Return the worst that active health checks and EDS say."""
    declared = health_of(field_of(status, "eds_health_status"))
    if any(_is_set(status, name) for name in ("failed_active_health_check", "excluded_via_immediate_hc_fail")):
        return "unhealthy"
    if declared == "healthy" and _is_set(status, "failed_active_degraded_check"):
        return "degraded"
    return "timeout" if declared == "healthy" and _is_set(status, "active_hc_timeout") else declared


def _is_set(status: Any, name: str) -> bool:
    return str(field_of(status, name)).lower() == "true"


FORMAT = InventoryFormat(
    name="envoy-clusters-json",
    title="Envoy admin /clusters?format=json, or istioctl proxy-config endpoints, JSON or YAML",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
