"""Who wrote an entry, by what log stores keep beside it: labels, tags, streams, paths of Kubernetes' log files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

#: Labels and tags, the most telling first, and what they name.
_LABELS = {
    "pod": "pod",
    "pod_name": "pod",
    "k8s_pod_name": "pod",
    "kubernetes_pod_name": "pod",
    "namespace": "namespace",
    "namespace_name": "namespace",
    "k8s_namespace_name": "namespace",
    "kubernetes_namespace_name": "namespace",
    "kube_namespace": "namespace",
    "container": "container",
    "container_name": "container",
    "k8s_container_name": "container",
    "kube_container_name": "container",
    "node_name": "node",
    "node": "node",
    "k8s_node_name": "node",
    "kube_node": "node",
    "cluster": "cluster",
    "cluster_name": "cluster",
    "k8s_cluster_name": "cluster",
    "kube_cluster_name": "cluster",
}
#: Names of Kubernetes' log files, with slashes or (in a CloudWatch stream) dots between the folders.
_LOG_FILES = (
    re.compile(
        r"containers[./](?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_(?P<container>[a-z0-9.-]+)-[0-9a-f]{12,64}"
    ),
    re.compile(r"pods[./](?P<namespace>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_[0-9a-f-]+[./](?P<container>[a-z0-9.-]+)[./]"),
)
_CLOUDWATCH_CLUSTER = re.compile(r"^/aws/(?:containerinsights|eks)/([^/]+)/")


def names_of_labels(labels: Mapping[str, Any]) -> dict[str, str]:
    """Return what labels say: pod, namespace, container, node, cluster."""
    names: dict[str, str] = {}
    for label, name in _LABELS.items():
        value = labels.get(label)
        if isinstance(value, str) and value:
            names.setdefault(name, value)
    for label in ("filename", "__path__"):
        if isinstance(labels.get(label), str):
            names = names_of_file(labels[label]) | names
    return names


def names_of_tags(tags: Any) -> dict[str, str]:
    """Return what Datadog's tags say: a list of `key:value`, or one text of them with commas."""
    parts: Iterable[Any] = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else ()
    pairs = (part.partition(":") for part in parts if isinstance(part, str))
    return names_of_labels({key.strip(): value.strip() for key, _, value in pairs})


def names_of_cloudwatch(group: Any, stream: Any) -> dict[str, str]:
    """Return what the names of a CloudWatch log group and log stream say."""
    names = names_of_file(stream) if isinstance(stream, str) else {}
    cluster = _CLOUDWATCH_CLUSTER.match(group) if isinstance(group, str) else None
    return names if cluster is None else {**names, "cluster": cluster[1]}


def names_of_file(path: str) -> dict[str, str]:
    """Return what the path of a container's log file says: pod, namespace, container."""
    found = next((match for match in (pattern.search(path) for pattern in _LOG_FILES) if match), None)
    return found.groupdict() if found else {}
