"""Kubernetes objects as JSON or YAML: pods, nodes, and the resources of Istio and Gloo."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from ingest.errors import InventoryError
from ingest.inventory.located import DocumentError, read_documents
from ingest.inventory.mesh_resources import read_service_entries, read_settings, read_workload_entry
from ingest.inventory.model import Context, InventoryFormat, Snapshot, items_of, text_of
from ingest.inventory.pods import read_node, read_pod

#: More rows than this, and one for every so many characters, are not believed of a file: hosts, ports and
#: endpoints multiply, and so do aliases in YAML.
MAX_ROWS = 20_000
CHARACTERS_PER_ROW = 4

_KINDS = (
    rb"(?:Pod|Node|ServiceEntry|WorkloadEntry|DestinationRule|VirtualService|Gateway|VirtualDestination|Telemetry"
    rb"|FailoverPolicy|OutlierDetectionPolicy|IstioOperator|ProxyConfig)(?:List)?"
)
_JSON = re.compile(rb'\s*\{\s*"(?:apiVersion|kind|items|metadata)"\s*:')
_JSON_KIND = re.compile(rb'"kind"\s*:\s*"' + _KINDS + rb'"')
_JSON_VERSION = re.compile(rb'"apiVersion"\s*:\s*"(?:v1|[a-z0-9.]*\.(?:istio|solo)\.io/[a-z0-9]+)"')
_YAML = re.compile(rb"(?:\s*\n|#[^\n]*\n|---[^\n]*\n|%YAML[^\n]*\n)*+(?:- )?[A-Za-z]\w*:(?:\s|$)")
_YAML_KIND = re.compile(rb"^(?:- |  )?kind:\s*[\"']?" + _KINDS + rb"[\"']?\s*$", re.MULTILINE)
_YAML_VERSION = re.compile(
    rb"^(?:- |  )?apiVersion:\s*[\"']?(?:v1|[a-z0-9.]*\.(?:istio|solo)\.io/[a-z0-9]+)[\"']?\s*$", re.MULTILINE
)
_MESH_GROUP = re.compile(r"[a-z0-9.]*\.(?:istio|solo)\.io/.+")


def _recognise(head: bytes) -> bool:
    if _JSON.match(head):
        # Audit logs are JSON lines of Kubernetes objects too; their own kind is Event.
        start = head[:2048]
        if re.search(rb'"apiVersion"\s*:\s*"audit\.', start):
            return False
        return bool(_JSON_KIND.search(head) and _JSON_VERSION.search(head))
    return bool(_YAML.match(head) and _YAML_KIND.search(head) and _YAML_VERSION.search(head))


def _read(text: str, context: Context) -> Snapshot:
    try:
        documents = read_documents(text)
    except DocumentError as error:
        raise InventoryError(f"{context.source}: line {error.line}: {error}") from error
    objects = list(_objects(documents))
    # No proxy was asked: only the cluster of the file counts.
    asked = replace(context, names=replace(context.names, gateway=None, proxy=None))
    settings = (row for entry in objects if _is_of_mesh(entry) for row in read_settings(entry, asked))
    return Snapshot(
        inventory=_take(_endpoints(objects, asked), context, text),
        mesh_config=_take(settings, context, text),
    )


def _objects(documents: Iterable[Any]) -> Iterator[Any]:
    """Yield every object, those of lists one by one."""
    for document in documents:
        listed = isinstance(document, list) or (text_of(document, "kind") or "").endswith("List")
        # A list inside a list is nothing that kubectl prints.
        yield from (document if isinstance(document, list) else items_of(document, "items")) if listed else [document]


def _is_of_mesh(entry: Any) -> bool:
    return _MESH_GROUP.fullmatch(text_of(entry, "apiVersion") or "") is not None


def _endpoints(objects: list[Any], context: Context) -> Iterator[dict[str, Any]]:
    workloads = [entry for entry in objects if _is_of_mesh(entry) and text_of(entry, "kind") == "WorkloadEntry"]
    for entry in objects:
        kind = text_of(entry, "kind")
        if kind == "Pod":
            yield from read_pod(entry, context)
        elif kind == "Node":
            yield from read_node(entry, context)
        elif kind == "ServiceEntry" and _is_of_mesh(entry):
            yield from read_service_entries(entry, workloads, context)
        elif kind == "WorkloadEntry" and _is_of_mesh(entry):
            yield from read_workload_entry(entry, context)


def _take(rows: Iterator[dict[str, Any]], context: Context, text: str) -> tuple[dict[str, Any], ...]:
    most = MAX_ROWS + len(text) // CHARACTERS_PER_ROW
    taken = tuple(islice(rows, most))
    if next(rows, None) is not None:
        raise InventoryError(f"{context.source}: its parts multiply to more than {most:,} facts")
    return taken


FORMAT = InventoryFormat(
    name="kubernetes-objects",
    title="Kubernetes objects (pods, nodes, resources of Istio and Gloo), JSON or YAML",
    counted_as="inventory",
    recognise=_recognise,
    read=_read,
)
