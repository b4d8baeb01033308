"""Pods and nodes of Kubernetes: which address is which pod, and where its node stands."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from ingest.inventory.located import line_of
from ingest.inventory.model import Context, endpoint_row, field_of, items_of, text_of

#: Pods that are over: their addresses may be others' by now.
OVER = frozenset({"succeeded", "failed", "completed", "error", "evicted", "oomkilled", "containerstatusunknown"})

_REGION = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
_ZONE = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")
_SUBZONE = ("topology.istio.io/subzone",)
_NETWORK = ("topology.istio.io/network",)
_CLUSTER = ("topology.istio.io/cluster",)


def is_address(text: str | None) -> bool:
    """Say whether text is an IP address."""
    try:
        ip_address(text or "")
    except ValueError:
        return False
    return True


def read_pod(pod: Any, context: Context) -> Iterator[dict[str, Any]]:
    """Yield a row for each address of a pod; none for one that is over, or that has no address yet."""
    status, metadata = field_of(pod, "status"), field_of(pod, "metadata")
    if (text_of(status, "phase") or "").lower() in OVER:
        return
    line = line_of(status, "podIP")
    places = {text_of(status, "podIP"): line}
    for entry in items_of(status, "podIPs"):
        places.setdefault(text_of(entry, "ip"), line_of(entry, "ip", line))
    for address, place in places.items():
        if is_address(address):
            yield endpoint_row(
                context,
                place,
                address=address,
                health="draining" if field_of(metadata, "deletionTimestamp") else _readiness(status),
                workload=text_of(metadata, "name"),
                node=text_of(field_of(pod, "spec"), "nodeName"),
                **labelled_place(metadata, context),
            )


def read_node(node: Any, context: Context) -> Iterator[dict[str, Any]]:
    """Yield a row for each IP address of a node."""
    metadata = field_of(node, "metadata")
    for entry in items_of(field_of(node, "status"), "addresses"):
        address = text_of(entry, "address")
        if is_address(address):
            yield endpoint_row(
                context,
                line_of(entry, "address"),
                address=address,
                health=_readiness(field_of(node, "status")),
                node=text_of(metadata, "name"),
                **labelled_place(metadata, context),
            )


def labelled_place(metadata: Any, context: Context) -> dict[str, str | None]:
    """Return cluster, network and locality by the well-known labels; the cluster is else that of the file."""
    labels = field_of(metadata, "labels")

    def find(names: tuple[str, ...]) -> str | None:
        return next((value for name in names if (value := text_of(labels, name))), None)

    return {
        "cluster_id": find(_CLUSTER) or context.names.cluster_id,
        "network": find(_NETWORK),
        "region": find(_REGION),
        "zone": find(_ZONE),
        "subzone": find(_SUBZONE),
    }


def _readiness(status: Any) -> str | None:
    """Return healthy or unhealthy by the Ready condition; None where there is none."""
    ready = (entry for entry in items_of(status, "conditions") if text_of(entry, "type") == "Ready")
    said = text_of(next(ready, None), "status")
    return None if said is None else "healthy" if said == "True" else "unhealthy"
