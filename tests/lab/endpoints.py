"""Endpoints as istiod would push them (EDS): what each gateway may send to, with locality and priority."""

from __future__ import annotations

from typing import Any

from . import mesh
from .mesh import CLUSTER1, CLUSTER2, EAST_WEST, PodSpec, Site, socket_address

Json = dict[str, Any]

_ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


def discovery(version: int, assignment: Json) -> Json:
    """Wrap an assignment as the content of the file that Envoy watches."""
    return {"version_info": str(version), "resources": [assignment]}


def _lb_endpoint(ip: str, port: int, workload: str, *, tls: bool, weight: int = 1) -> Json:
    metadata: Json = {"istio": {"workload": workload}}
    if tls:
        metadata["envoy.transport_socket_match"] = {"tlsMode": "istio"}
    return {
        "endpoint": {"address": socket_address(ip, port)},
        "metadata": {"filter_metadata": metadata},
        "load_balancing_weight": weight,
    }


def _pod_endpoint(pod: PodSpec, *, tls: bool) -> Json:
    workload = f"{pod.workload};{mesh.NAMESPACE};frontend;v1;{pod.site.name}"
    return _lb_endpoint(pod.address, mesh.POD_PORT, workload, tls=tls)


def _locality(site: Site, endpoints: list[Json], *, priority: int) -> Json:
    weight = sum(int(endpoint["load_balancing_weight"]) for endpoint in endpoints)
    level = {"priority": priority} if priority else {}
    return {"locality": site.locality, "lb_endpoints": endpoints, "load_balancing_weight": weight, **level}


def outbound_assignment(
    local: tuple[PodSpec, ...],
    remote_pods: int,
    cluster: str = mesh.OUTBOUND_CLUSTER,
    *,
    entry: str = EAST_WEST.address,
) -> Json:
    """Return the endpoints an ingress gateway sees: local pods first, then cluster2 by its gateway at `entry`.

    Istio numbers priorities without gaps: with no local pod left the remote gateway is priority 0.
    """
    localities = []
    if local:
        localities.append(_locality(CLUSTER1, [_pod_endpoint(pod, tls=False) for pod in local], priority=0))
    if remote_pods:
        gateway = _lb_endpoint(entry, mesh.EAST_WEST_PORT, f";;;;{CLUSTER2.name}", tls=True, weight=remote_pods)
        localities.append(_locality(CLUSTER2, [gateway], priority=len(localities)))
    return {"@type": _ASSIGNMENT, "cluster_name": cluster, "endpoints": localities}


def sni_assignment(remote: tuple[PodSpec, ...]) -> Json:
    """Return the endpoints the east-west gateway of cluster2 sees: the pods there."""
    endpoints = [_pod_endpoint(pod, tls=True) for pod in remote]
    localities = [_locality(CLUSTER2, endpoints, priority=0)] if endpoints else []
    return {"@type": _ASSIGNMENT, "cluster_name": mesh.SNI, "endpoints": localities}
