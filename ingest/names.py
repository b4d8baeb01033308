"""Who wrote a log: cluster, gateway, proxy and role, from labels, Kubernetes paths, folders and file names.

The rule for folders, for a file without a label and outside Kubernetes' own log folders:

0. `POD/file`: where the parent is named as the pods of a deployment are, it is the proxy, and its workload the gateway.
1. The file name without its endings (.log, .json, .txt, .gz, rotation numbers ...) is the proxy.
2. `CLUSTER/GATEWAY/file`: where the grandparent's name says that it is a cluster (it holds the word
   cluster, or looks like a region or a managed cluster), it is the cluster and the parent the gateway.
3. `CLUSTER/file`: where the parent's name says that it is a cluster, it is the cluster, and the gateway is
   the file name without a replica's number or a pod's hash.
4. `GATEWAY/file`: where the parent's name says that it is a gateway (ingress, egress, east-west, gateway,
   sidecar, waypoint, ztunnel), or the file name begins with it, it is the gateway; the grandparent is the
   cluster only where it lies inside a folder that was given.
5. Otherwise the gateway is the file name without a replica's number or a pod's hash, and the cluster is not
   known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath

_ENDING = re.compile(
    r"\.(?:log|logs|txt|json|jsonl|ndjson|out|gz|gzip|zst|zstd|bz2|xz|old|bak|\d+|\d{8}|\d{8}-\d+|\d{8}T\d+)$",
    re.IGNORECASE,
)
_POD_HASH = re.compile(
    r"-[a-f0-9]{8,10}-[a-z0-9]{5}$|-[bcdfghjklmnpqrstvwxz2456789]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$"
)
_REPLICA = re.compile(r"[-_.]\d{1,4}$")
_DAEMON_HASH = re.compile(r"-(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2456789]{5}$")
_CLUSTER_WORD = re.compile(
    r"cluster|^(?:kind|k3d|k3s|gke|eks|aks|minikube)[-_]|^(?:us|eu|ap|sa|ca|me|af|uk|asia|europe)-?(?:gov-)?"
    r"(?:north|south|east|west|central|northeast|southeast|northwest|southwest)",
    re.IGNORECASE,
)
_GATEWAY_WORD = re.compile(
    r"ingress|egress|east-?_?west|gateway|sidecar|waypoint|ztunnel|istio-proxy|envoy", re.IGNORECASE
)
_NOT_NAMES = frozenset(
    {
        "log",
        "logs",
        "access",
        "accesslog",
        "access-log",
        "access-logs",
        "accesslogs",
        "data",
        "tmp",
        "temp",
        "out",
        "output",
        "var",
        "home",
        "root",
    }
)
_EVENTS = re.compile(r"(?:[-._](?:outlier|health|hc|ejection)[-._a-z]*|\.events)$", re.IGNORECASE)
_K8S_POD = re.compile(r"(?:^|/)pods/(?P<ns>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_(?P<uid>[0-9a-f-]+)/(?P<c>[^/]+)/[^/]+$")
_K8S_CONTAINER = re.compile(
    r"(?:^|/)(?P<pod>[a-z0-9.-]+)_(?P<ns>[a-z0-9-]+)_(?P<c>[a-z0-9.-]+)-(?P<id>[0-9a-f]{12,64})\.log(?:\.[^/]*)?$"
)


@dataclass(frozen=True)
class Names:
    """Who wrote a log; None for what is not known. `role` is unknown where no name says it."""

    cluster_id: str | None = None
    gateway: str | None = None
    proxy: str | None = None
    role: str = "unknown"
    #: The gateway is only what the file name suggests: worth nothing where the file is no log.
    by_file_name: bool = False
    #: Cluster and gateway were given as a label: nothing else overrides them.
    labelled: bool = False


def role_of_gateway(gateway: str | None) -> str:
    """Return ingress or east_west where the name of a gateway says so, waypoint or ztunnel likewise."""
    name = (gateway or "").lower()
    if re.search(r"east-?_?west", name):
        return "east_west"
    return next((role for role in ("ingress", "waypoint", "ztunnel") if role in name), "unknown")


def workload_of_pod(pod: str) -> str:
    """Return the workload that a pod belongs to, by the hashes or the number at the end of its name."""
    for ending in (_POD_HASH, _REPLICA, _DAEMON_HASH):
        shorter = ending.sub("", pod)
        if shorter and shorter != pod:
            return shorter
    return pod


def names_from_path(path: str, root: str | None = None) -> Names:
    """Return the names that a path gives; `root` is the folder argument in which the file was found."""
    unix = path.replace("\\", "/")
    kubernetes = _K8S_POD.search(unix) or _K8S_CONTAINER.search(unix)
    if kubernetes:
        gateway = workload_of_pod(kubernetes["pod"])
        return Names(None, gateway, kubernetes["pod"], role_of_gateway(gateway))
    pure = PurePath(path)
    proxy = stem_of(pure.name)
    parent, grandparent = pure.parent.name, pure.parent.parent.name
    gateway, cluster, by_file_name = workload_of_pod(proxy), None, True
    if _POD_HASH.search(parent):
        # istioctl bug-report and kubectl cluster-info dump: a folder per pod.
        gateway = workload_of_pod(parent)
        return Names(None, gateway, parent, role_of_gateway(gateway))
    if _is_name(grandparent) and _CLUSTER_WORD.search(grandparent) and _is_name(parent):
        cluster, gateway, by_file_name = grandparent, parent, False
    elif _is_name(parent) and _CLUSTER_WORD.search(parent):
        cluster = parent
    elif _is_name(parent) and (_GATEWAY_WORD.search(parent) or _begins_with(proxy, parent)):
        gateway, by_file_name = parent, False
        if root is not None and _is_inside(pure.parent.parent, root) and _is_name(grandparent):
            cluster = grandparent
    return Names(cluster, gateway, proxy, role_of_gateway(gateway), by_file_name)


def with_label(names: Names, cluster_id: str, gateway: str) -> Names:
    """Return the names with those of a label in their place."""
    return replace(
        names,
        cluster_id=cluster_id,
        gateway=gateway,
        role=role_of_gateway(gateway),
        by_file_name=False,
        labelled=True,
    )


def names_of_snapshot(names: Names) -> Names:
    """Return the names of the proxy that an inventory file is about: its file name says what it is, not who.

    `ingress-1.outlier-events.log` still names its proxy.
    """
    proxy = None if names.proxy is None else _EVENTS.sub("", names.proxy)
    if proxy == names.proxy:
        proxy = None
    if names.by_file_name:
        gateway = workload_of_pod(proxy) if proxy else None
        return Names(names.cluster_id, gateway, proxy, role_of_gateway(gateway))
    return replace(names, proxy=proxy)


def stem_of(file_name: str) -> str:
    """Return a file name without its endings: `ingress-1.log.2.gz` is `ingress-1`."""
    stem = file_name
    while (shorter := _ENDING.sub("", stem)) and shorter != stem:
        stem = shorter
    return stem


def folder_of_archive(path: str) -> str:
    """Return the name of the folder that an archive stands for: `logs/west.tar.gz` is `west`."""
    return re.sub(r"\.(?:tar|tgz|tbz2?|txz|tzst|zip)$", "", stem_of(PurePath(path).name), flags=re.IGNORECASE)


def _is_name(folder: str) -> bool:
    return bool(folder) and folder not in ("..", ".") and folder.lower() not in _NOT_NAMES


def _begins_with(proxy: str, folder: str) -> bool:
    return proxy == folder or proxy.startswith((f"{folder}-", f"{folder}_", f"{folder}."))


def _is_inside(folder: PurePath, root: str) -> bool:
    return folder != PurePath(root) and folder.is_relative_to(root)
