"""Envoy's ClusterLoadAssignment: as `istioctl proxy-config eds -o json|yaml` prints it, and inside config dumps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ingest.errors import InventoryError
from ingest.inventory.located import DocumentError, Object, read_documents
from ingest.inventory.model import (
    Context,
    InventoryFormat,
    Snapshot,
    address_of,
    endpoint_row,
    field_of,
    health_of,
    items_of,
    text_of,
)

_START = re.compile(rb"\s*(?:\[\s*\{|(?:---\s*\n|#[^\n]*\n)*- )")
_NAME = re.compile(rb'(?:^- |^  |")cluster_?[nN]ame"?\s*:', re.MULTILINE)
_ENDPOINTS = re.compile(rb'(?:[\s-]|")(?:lb_endpoints|lbEndpoints)"?\s*:')


def _recognise(head: bytes) -> bool:
    return bool(_START.match(head) and _NAME.search(head) and _ENDPOINTS.search(head))


def _read(text: str, context: Context) -> Snapshot:
    try:
        documents = read_documents(text)
    except DocumentError as error:
        raise InventoryError(f"{context.source}: line {error.line}: {error}") from error
    rows: list[dict[str, Any]] = []
    for document in documents:
        for assignment in document if isinstance(document, list) else [document]:
            rows += read_assignment(assignment, context, line_of_address)
    return Snapshot(inventory=tuple(rows))


def line_of_address(entry: Any, address: str) -> int:
    """Return the line on which an entry that holds an `address`, or an `endpoint` that does, states it."""
    endpoint = entry
    for name in ("endpoint", "address"):
        inner = field_of(endpoint, name)
        endpoint = inner if isinstance(inner, Object) else endpoint
    for name in ("socket_address", "pipe", "envoy_internal_address"):
        holder = field_of(endpoint, name)
        if isinstance(holder, Object):
            return next((line for key, line in holder.lines.items() if holder[key] == address), holder.line)
    return endpoint.line if isinstance(endpoint, Object) else 1


def read_assignment(assignment: Any, context: Context, line_of: Callable[[Any, str], int]) -> Iterator[dict[str, Any]]:
    """Yield a row of the inventory for each endpoint; `line_of` gives the line of an entry and its address."""
    cluster = text_of(assignment, "cluster_name")
    for group in items_of(assignment, "endpoints"):
        locality = field_of(group, "locality")
        for entry in items_of(group, "lb_endpoints"):
            endpoint = field_of(entry, "endpoint")
            address, port = address_of(field_of(endpoint, "address"))
            if address is None:
                continue
            workload, endpoint_cluster, network = _istio(field_of(entry, "metadata"))
            yield endpoint_row(
                context,
                line_of(entry, address),
                upstream_cluster=cluster,
                address=address,
                port=port,
                cluster_id=endpoint_cluster,
                network=network,
                region=text_of(locality, "region"),
                zone=text_of(locality, "zone"),
                subzone=text_of(locality, "sub_zone"),
                # Envoy leaves out a priority of 0.
                priority=field_of(group, "priority") or 0,
                weight=field_of(entry, "load_balancing_weight"),
                health=health_of(field_of(entry, "health_status")),
                # An assignment shows what was declared; ejection is Envoy's own and stands in /clusters.
                ejected=None,
                workload=workload or text_of(endpoint, "hostname"),
            )


def _istio(metadata: Any) -> tuple[str | None, str | None, str | None]:
    """Return workload, cluster and network from Istio's metadata (`name;ns;canonical;revision;cluster`)."""
    istio = field_of(field_of(metadata, "filter_metadata"), "istio")
    parts = (text_of(istio, "workload") or "").split(";")
    return parts[0] or None, (parts[4] or None) if len(parts) > 4 else None, text_of(istio, "network")


FORMAT = InventoryFormat(
    name="istioctl-eds",
    title="istioctl proxy-config eds, JSON or YAML",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
