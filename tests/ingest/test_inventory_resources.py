"""Inventories out of Kubernetes: pods and nodes, and the resources of the mesh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import ingest
from tests.ingest.lines import istio_line
from tests.ingest.snapshots import columns, read, to_yaml

PODS = """\
NAMESPACE   NAME                    READY   STATUS        RESTARTS        AGE     IP            NODE     NOMINATED NODE   READINESS GATES
shop        shop-7d9c5b6f4-x2x4z    2/2     Running       1 (5h2m ago)    6h54m   10.244.1.7    node-a   <none>           <none>
shop        shop-7d9c5b6f4-abcde    1/2     Running       0               13s     fd00::8       node-b   <none>           <none>
shop        shop-7d9c5b6f4-old11    2/2     Terminating   0               98s     10.244.1.9    node-a   <none>           <none>
shop        load-28374-zz9zz        0/1     Completed     0               9s      10.244.1.5    node-a   <none>           <none>
shop        shop-7d9c5b6f4-new11    0/2     Pending       0               1s      <none>        <none>   <none>           <none>
"""  # noqa: E501


@pytest.mark.parametrize("change", ["as printed", "without header", "without namespace"])
def test_pods_table(change: str) -> None:
    lines = PODS.splitlines(keepends=True)
    text = {
        "as printed": PODS,
        "without header": "".join(lines[1:]),
        "without namespace": "".join(line[12:] for line in lines),
    }[change]
    snapshot = read(text, "kubectl-pods")
    # A pod that is over has given its address back: another may have it.
    assert columns(snapshot.inventory, "address", "port", "workload", "node", "health", "cluster_id") == [
        ("10.244.1.7", None, "shop-7d9c5b6f4-x2x4z", "node-a", "healthy", "c1"),
        ("fd00::8", None, "shop-7d9c5b6f4-abcde", "node-b", "unhealthy", "c1"),
        ("10.244.1.9", None, "shop-7d9c5b6f4-old11", "node-a", "draining", "c1"),
    ]
    assert snapshot.unread_lines == 0


def ready(status: str) -> list[dict[str, str]]:
    return [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": status}]


OBJECTS: dict[str, Any] = {
    "apiVersion": "v1",
    "items": [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "shop-1", "namespace": "shop", "labels": {"topology.istio.io/network": "n1"}},
            "spec": {"nodeName": "node-a"},
            "status": {
                "conditions": ready("True"),
                "hostIP": "192.0.2.1",
                "phase": "Running",
                "podIP": "10.244.1.7",
                "podIPs": [{"ip": "10.244.1.7"}, {"ip": "fd00::7"}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "job-1", "namespace": "shop"},
            "status": {"phase": "Succeeded", "podIP": "10.244.1.8"},
        },
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {"clusterIP": "10.96.0.1"}},
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": "node-a",
                "labels": {"topology.kubernetes.io/region": "eu", "topology.kubernetes.io/zone": "eu-a"},
            },
            "status": {
                "addresses": [
                    {"address": "192.0.2.1", "type": "InternalIP"},
                    {"address": "node-a", "type": "Hostname"},
                ],
                "conditions": ready("Unknown"),
            },
        },
    ],
    "kind": "List",
}


@pytest.mark.parametrize("ending", ["json", "yaml", "one line"])
def test_pods_and_nodes_as_objects(ending: str) -> None:
    text = to_yaml(OBJECTS) if ending == "yaml" else json.dumps(OBJECTS, indent=4 if ending == "json" else None)
    snapshot = read(text, "kubernetes-objects")
    names = ("address", "workload", "node", "cluster_id", "network", "region", "zone", "health")
    assert columns(snapshot.inventory, *names) == [
        ("10.244.1.7", "shop-1", "node-a", "c1", "n1", None, None, "healthy"),
        ("fd00::7", "shop-1", "node-a", "c1", "n1", None, None, "healthy"),
        ("192.0.2.1", None, "node-a", "c1", None, "eu", "eu-a", "unhealthy"),
    ]
    # The cluster was asked, no proxy was.
    assert columns(snapshot.inventory[:1], "observer_cluster_id", "observer_gateway", "observer_proxy") == [
        ("c1", None, None)
    ]
    lines = text.split("\n")
    assert all(row["address"] in lines[row["line"] - 1] for row in snapshot.inventory)


RESOURCES = """\
# What we run.
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: shop
  namespace: edge
spec:
  hosts: [shop.example, "*.shop.example"]
  ports:
  - {number: 80, name: http, protocol: HTTP, targetPort: 8080}
  - {number: 443, name: tls, protocol: TLS}
  endpoints:
  - address: 10.1.0.1
    locality: europe-west1/b
    weight: 5
    labels:
      topology.istio.io/cluster: c1
  - address: lb.east.example
    network: n2
    ports:
      http: 15443
---
apiVersion: networking.istio.io/v1beta1
kind: ServiceEntry
metadata: {name: vms, namespace: edge}
spec:
  hosts: [vm.example]
  ports: [{number: 90, name: tcp}]
  workloadSelector: {labels: {app: vm}}
---
apiVersion: networking.istio.io/v1beta1
kind: WorkloadEntry
metadata: {name: vm-1, namespace: edge}
spec:
  address: 10.9.0.1
  labels: {app: vm}
  locality: us
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: shop
  namespace: edge
spec:
  host: shop.example
  trafficPolicy:
    outlierDetection:
      consecutive5xxErrors: 3
      baseEjectionTime: 30s
    loadBalancer:
      localityLbSetting:
        distribute:
        - from: eu/*
          to:
            "eu/*": 80
            us: 20
  subsets:
  - name: v1
    labels: {}
---
apiVersion: networking.gloo.solo.io/v2
kind: VirtualDestination
metadata:
  name: frontend
  namespace: web-team
spec:
  hosts:
  - frontend.mycompany.mesh
  ports:
  - number: 80
    targetPort:
      number: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec: {replicas: 3}
"""


def test_resources_of_the_mesh() -> None:
    snapshot = read(RESOURCES, "kubernetes-objects")
    names = ("service", "service_port", "address", "port", "cluster_id", "network", "region", "zone", "weight", "line")
    hosts = [row for row in snapshot.inventory if row.get("service") == "shop.example"]
    assert columns(hosts, *names) == [
        ("shop.example", 80, "10.1.0.1", 8080, "c1", None, "europe-west1", "b", 5, 13),
        ("shop.example", 80, "lb.east.example", 15443, None, "n2", None, None, None, 18),
        ("shop.example", 443, "10.1.0.1", 443, "c1", None, "europe-west1", "b", 5, 13),
        ("shop.example", 443, "lb.east.example", 443, None, "n2", None, None, None, 18),
    ]
    # What no proxy was asked for is in no Envoy cluster, and of no known priority or health.
    assert columns(hosts[:1], "upstream_cluster", "priority", "health", "ejected") == [(None, None, None, None)]
    vms = [row for row in snapshot.inventory if row["address"] == "10.9.0.1"]
    assert columns(vms, "service", "service_port", "port", "region", "workload", "line") == [
        ("vm.example", 90, 90, "us", "vm-1", 35),
        (None, None, None, "us", "vm-1", 35),
    ]
    assert len(snapshot.inventory) == 10


def test_settings_of_the_mesh() -> None:
    rows = read(RESOURCES, "kubernetes-objects").mesh_config
    rule = [row for row in rows if row["kind"] == "DestinationRule"]
    assert columns(rule, "setting", "value", "line") == [
        ("host", "shop.example", 45),
        ("trafficPolicy.outlierDetection.consecutive5xxErrors", "3", 48),
        ("trafficPolicy.outlierDetection.baseEjectionTime", "30s", 49),
        ("trafficPolicy.loadBalancer.localityLbSetting.distribute[0].from", "eu/*", 53),
        ('trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["eu/*"]', "80", 55),
        ("trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to.us", "20", 56),
        ("subsets[0].name", "v1", 58),
        ("subsets[0].labels", "{}", 59),
    ]
    assert {(row["host"], row["namespace"], row["name"], row["cluster_id"]) for row in rule} == {
        ("shop.example", "edge", "shop", "c1")
    }
    gloo = [row for row in rows if row["kind"] == "VirtualDestination"]
    assert {row["host"] for row in gloo} == {"frontend.mycompany.mesh"}
    assert ("ports[0].targetPort.number", "8080") in columns(gloo, "setting", "value")
    # A ServiceEntry of two hosts is found under each.
    entry = [row for row in rows if row["kind"] == "ServiceEntry" and row["setting"] == "ports[0].number"]
    assert [row["host"] for row in entry] == ["shop.example", "*.shop.example", "vm.example"]
    assert "Deployment" not in {row["kind"] for row in rows}


def test_settings_reach_parquet(tmp_path: Path) -> None:
    folder = tmp_path / "cluster1"
    folder.mkdir()
    (folder / "mesh.yaml").write_text(RESOURCES)
    (folder / "ingress.log").write_text(istio_line())
    parsed = ingest.parse([str(tmp_path)], folder=tmp_path / "tables")
    table = pq.read_table(parsed.mesh_config[0])
    assert table.schema.names == pq.read_schema(parsed.mesh_config[0]).names
    (row,) = [
        row for row in table.to_pylist() if row["setting"] == "trafficPolicy.outlierDetection.consecutive5xxErrors"
    ]
    assert (row["value"], row["cluster_id"], row["source"]) == ("3", "cluster1", str(folder / "mesh.yaml"))
    evidence = parsed.evidence.read_lines([(row["source"], row["line"])])
    assert evidence == {(row["source"], row["line"]): b"      consecutive5xxErrors: 3"}
