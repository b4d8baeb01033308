"""Who is who in the mesh: addresses, names, localities, and the settings of one run.

Immutable values only. Addresses follow one rule: 127.<cluster>.0.x are gateways, 127.<cluster>.1.x are pods.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

SERVICE = "frontend.mycompany.mesh"
NAMESPACE = "web-team"
ROUTE_NAME = "frontend-frontend.web-team.mgmt-cluster"
OUTBOUND_CLUSTER = f"outbound|80||{SERVICE}"
SNI = f"outbound_.80_._.{SERVICE}"
#: The subset of a canary, a cluster of its own beside the one above.
CANARY_CLUSTER = f"outbound|80|v2|{SERVICE}"
CANARY_SNI = f"outbound_.80_.v2_.{SERVICE}"

INGRESS_PORT = 8080
EAST_WEST_PORT = 15443
POD_PORT = 8080
#: A sidecar takes the pod's own port here (there is no iptables on loopback), so the app stands aside.
APP_PORT = 18080
ADMIN_PORT = 15000

CLIENT_ADDRESSES = tuple(f"127.9.0.{n}" for n in range(1, 9))


@dataclass(frozen=True)
class Site:
    """One Kubernetes cluster with its Istio network and locality."""

    name: str
    octet: int
    network: str
    region: str
    zone: str

    @property
    def locality(self) -> dict[str, str]:
        """Envoy's `Locality` message."""
        return {"region": self.region, "zone": self.zone}


CLUSTER1 = Site("cluster1", 1, "network1", "europe-west1", "europe-west1-b")
CLUSTER2 = Site("cluster2", 2, "network2", "us-east1", "us-east1-c")


@dataclass(frozen=True)
class Proxy:
    """One Envoy process that serves as a gateway."""

    name: str
    workload: str
    site: Site
    address: str

    @property
    def admin(self) -> str:
        """Base URL of the admin interface."""
        return f"http://{self.address}:{ADMIN_PORT}"


@dataclass(frozen=True)
class PodSpec:
    """One application pod: in cluster2 it stands behind a sidecar of the same name."""

    name: str
    workload: str
    site: Site
    address: str
    app_port: int

    @property
    def endpoint(self) -> str:
        """`ip:port` at which the mesh reaches the pod."""
        return f"{self.address}:{POD_PORT}"


def ingress(number: int) -> Proxy:
    """Return replica `number` (from 1) of the ingress gateway of cluster1."""
    return Proxy(f"ingress-{number}", "ingress", CLUSTER1, f"127.1.0.{10 + number}")


EAST_WEST = Proxy("eastwest-1", "eastwest", CLUSTER2, "127.2.0.10")
#: A load balancer with source NAT in front of that gateway, where a run asks for one.
LOAD_BALANCER = "127.2.0.20"
#: One process holds all sidecars of cluster2, one listener and one log each; its admin sits apart.
SIDECARS = Proxy("frontend-c2", "frontend", CLUSTER2, "127.2.0.30")


def pods(site: Site, count: int) -> tuple[PodSpec, ...]:
    """Return the pods of one cluster."""
    port = POD_PORT if site is CLUSTER1 else APP_PORT
    return tuple(
        PodSpec(f"frontend-c{site.octet}-{n}", f"frontend-c{site.octet}", site, f"127.{site.octet}.1.{n}", port)
        for n in range(1, count + 1)
    )


@dataclass(frozen=True)
class Settings:
    """Everything about a run that is not the story of the scenario. Times in seconds unless named `_ms`.

    Outlier detection and retries are Istio's, with shorter times (Istio: interval 10 s, ejection 30 s).
    """

    rate: float = 100.0
    replicas: int = 1
    pods: int = 3
    #: Pods of a second version in cluster1, behind a subset of their own; 0 = no canary.
    canary_pods: int = 0
    seed: int = 1
    outlier_interval_s: float = 1.0
    base_ejection_s: float = 6.0
    consecutive_5xx: int = 5
    retries: int = 2
    connect_timeout_s: float = 10.0
    #: 0 = no timeout, as Istio has it without a VirtualService timeout.
    route_timeout_s: float = 0.0
    #: 0 = unlimited; DestinationRule connectionPool.http.maxRequestsPerConnection.
    max_requests_per_connection: int = 0
    #: DestinationRule connectionPool.http.idleTimeout.
    idle_timeout_s: float = 3600.0
    client_timeout_s: float = 15.0
    #: Median service time of a pod, and what the way to cluster2 and back adds.
    service_ms: float = 5.0
    remote_ms: float = 9.0
    body_bytes: int = 11_000
    #: 1 = cluster2 is reached through a load balancer that puts its own address in place of the caller's.
    source_nat: int = 0

    @property
    def ingresses(self) -> tuple[Proxy, ...]:
        """The replicas of the ingress gateway."""
        return tuple(ingress(n) for n in range(1, self.replicas + 1))

    @property
    def entry(self) -> str:
        """The address at which cluster1 reaches cluster2."""
        return LOAD_BALANCER if self.source_nat else EAST_WEST.address

    @property
    def local_pods(self) -> tuple[PodSpec, ...]:
        """The pods of cluster1."""
        return pods(CLUSTER1, self.pods)

    @property
    def canary_specs(self) -> tuple[PodSpec, ...]:
        """The pods of the canary: they follow the others of cluster1."""
        return pods(CLUSTER1, self.pods + self.canary_pods)[self.pods :]

    @property
    def remote_pods(self) -> tuple[PodSpec, ...]:
        """The pods of cluster2."""
        return pods(CLUSTER2, self.pods)


def socket_address(ip: str, port: int) -> dict[str, Any]:
    """Return Envoy's `Address` message."""
    return {"socket_address": {"address": ip, "port_value": port}}


def request_uuid(seed: int, number: int) -> str:
    """Return the request id of request `number`: a UUID that is the same for the same seed."""
    return str(uuid.UUID(bytes=uuid.uuid5(uuid.NAMESPACE_OID, f"hopline-lab/{seed}/{number}").bytes, version=4))
