"""Each inventory format by a small example: what is read, from which line, and what is only counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import ingest
from ingest.inventory import Context, Snapshot, read_snapshot, recognise
from ingest.names import Names
from tests.ingest.lines import istio_line

CONTEXT = Context("dump", Names(cluster_id="c1", gateway="gw", proxy="gw-1"))


def read(text: str, name: str, context: Context = CONTEXT) -> Snapshot:
    """Recognise and read a dump as a certain format."""
    known = recognise(text.encode())
    assert known is not None
    assert known.name == name
    return read_snapshot(known, text, context)


def columns(rows: Sequence[Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in rows]


TABLE = """\
ENDPOINT                                STATUS        OUTLIER CHECK     CLUSTER
10.1.0.1:8080                           HEALTHY       FAILED            outbound|80||shop.ns.svc.cluster.local
2001:db8::5:15443                       UNHEALTHY     OK                outbound|80|v1|shop.ns.svc.cluster.local
envoy://connect_originate/10.1.0.7:80   HEALTHY       OK                outbound|80||shop.ns.svc.cluster.local
"""


@pytest.mark.parametrize("change", ["as printed", "without header", "grepped", "one space", "crlf", "old"])
def test_endpoints_table(change: str) -> None:
    lines = TABLE.splitlines()
    text = {
        "as printed": TABLE,
        "without header": "\n".join(lines[1:]) + "\n",
        "grepped": "\n".join(line for line in lines if "8080" in line),
        "one space": "\n".join(" ".join(line.split()) for line in lines),
        "crlf": TABLE.replace("\n", "\r\n"),
        "old": "ENDPOINT STATUS CLUSTER\n10.1.0.1:8080     HEALTHY     outbound|80||shop.ns.svc.cluster.local\n",
    }[change]
    snapshot = read(text, "istioctl-endpoints")
    found = columns(snapshot.inventory, "address", "port", "subset", "health", "ejected")
    first = ("10.1.0.1", 8080, None, "healthy", None if change == "old" else True)
    others = [
        ("2001:db8::5", 15443, "v1", "unhealthy", False),
        ("envoy://connect_originate/10.1.0.7", 80, None, "healthy", False),
    ]
    assert found == [first, *([] if change in ("grepped", "old") else others)]
    assert snapshot.inventory[0]["line"] == (1 if change in ("without header", "grepped") else 2)
    assert snapshot.unread_lines == 0


def test_empty_table_is_an_inventory_without_endpoints() -> None:
    snapshot = read(TABLE.splitlines()[0] + "\n", "istioctl-endpoints")
    assert snapshot == Snapshot()


def test_eds_table_with_and_without_locality_dual_stack_and_prefix() -> None:
    text = """\
NAME                                      STATUS       LOCALITY                  CLUSTER
endpoint/10.1.0.1:80                      HEALTHY      europe-west1/b/rack1      outbound|80||shop.ns.svc.cluster.local
10.1.0.2:80,[2001:db8::2]:80              DRAINING     europe-west1              outbound|80||shop.ns.svc.cluster.local
endpoint/./etc/istio/proxy/XDS            HEALTHY                                xds-grpc
"""
    rows = read(text, "istioctl-endpoints").inventory
    assert columns(rows, "address", "port", "health", "region", "zone", "subzone", "line") == [
        ("10.1.0.1", 80, "healthy", "europe-west1", "b", "rack1", 2),
        ("10.1.0.2", 80, "draining", "europe-west1", None, None, 3),
        ("2001:db8::2", 80, "draining", "europe-west1", None, None, 3),
        ("./etc/istio/proxy/XDS", None, "healthy", None, None, None, 4),
    ]
    # Nothing is said about ejection or priority: it is not known, which is not the same as no.
    assert columns(rows[:1], "ejected", "priority", "weight") == [(None, None, None)]


STATUSES: dict[str, Any] = {
    "cluster_statuses": [
        {
            "name": "outbound|80||shop.ns.svc.cluster.local",
            "added_via_api": True,
            "host_statuses": [
                {
                    "address": {"socket_address": {"address": "10.1.0.1", "port_value": 8080}},
                    "stats": [{"name": "cx_connect_fail"}, {"name": "cx_total", "value": "5"}],
                    "health_status": {"eds_health_status": "HEALTHY", "failed_outlier_check": True},
                    "weight": 3,
                    "locality": {"region": "eu", "zone": "a", "sub_zone": "r1"},
                },
                {
                    "address": {"socket_address": {"address": "2001:db8::5", "port_value": 15443}},
                    "health_status": {"eds_health_status": "DEGRADED", "failed_active_health_check": True},
                    "priority": 1,
                    "hostname": "lb.example",
                },
                {"address": {"pipe": {"path": "/run/x.sock"}}, "health_status": {"active_hc_timeout": True}},
            ],
        },
        {"name": "outbound|81||empty.ns.svc.cluster.local", "added_via_api": True},
    ]
}


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        keys = {key: key.split("_") for key in value}
        return {words[0] + "".join(map(str.title, words[1:])): camel(value[key]) for key, words in keys.items()}
    return [camel(inner) for inner in value] if isinstance(value, list) else value


def to_yaml(value: Any, indent: str = "") -> str:
    """Write JSON values as YAML, the way `sigs.k8s.io/yaml` lays them out."""
    if isinstance(value, dict) and value:
        parts = []
        for key, inner in sorted(value.items()):
            nested = isinstance(inner, dict | list) and bool(inner)
            deeper = indent if isinstance(inner, list) else indent + "  "
            parts.append(f"{indent}{key}:" + (f"\n{to_yaml(inner, deeper)}" if nested else f" {json.dumps(inner)}\n"))
        return "".join(parts)
    if isinstance(value, list):
        return "".join(f"{indent}- {to_yaml(inner, indent + '  ').lstrip()}" for inner in value)
    return f"{indent}{json.dumps(value)}\n"


@pytest.mark.parametrize("shape", ["admin", "istioctl json", "istioctl yaml", "stats yaml", "curl -i"])
def test_cluster_statuses(shape: str) -> None:
    pages = STATUSES["cluster_statuses"]
    text = {
        "admin": json.dumps(STATUSES, indent=1),
        "istioctl json": json.dumps(camel(pages), indent=4),
        "istioctl yaml": to_yaml(camel(pages)),
        "stats yaml": to_yaml(STATUSES),
        "curl -i": "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Tue, 24 Nov 2026 02:00:05 GMT\r\n\r\n"
        + json.dumps(STATUSES, indent=1),
    }[shape]
    rows = read(text, "envoy-clusters-json").inventory
    names = ("address", "port", "health", "ejected", "priority", "weight", "region", "subzone", "workload")
    assert columns(rows, *names) == [
        ("10.1.0.1", 8080, "healthy", True, 0, 3, "eu", "r1", None),
        ("2001:db8::5", 15443, "unhealthy", False, 1, None, None, None, "lb.example"),
        ("/run/x.sock", None, "timeout", False, 0, None, None, None, None),
    ]
    lines = text.split("\n")
    for row in rows:
        assert row["address"] in lines[row["line"] - 1]
        assert row["service_port"] == 80
    taken = datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC) if shape == "curl -i" else None
    assert rows[0]["observed_at"] == taken


@pytest.mark.parametrize(
    ("first", "time"),
    [
        ("# 2026-11-24T02:00:05.250Z", datetime(2026, 11, 24, 2, 0, 5, 250000, UTC)),
        ("2026-11-24T04:00:05+02:00", datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC)),
        ("2026-11-24 02:00:05 UTC", datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC)),
        ("Tue Nov 24 02:00:05 UTC 2026", datetime(2026, 11, 24, 2, 0, 5, tzinfo=UTC)),
        ("Tue Nov 24 02:00:05 CET 2026", None),
        ("taken 2026-11-24", None),
    ],
)
def test_time_in_the_first_lines(first: str, time: datetime | None) -> None:
    rows = read(f"{first}\n{TABLE}", "istioctl-endpoints").inventory
    assert {row["observed_at"] for row in rows} == {time}
    assert rows[0]["line"] == 3
    given = Context("dump", Names(), datetime(2026, 1, 1, tzinfo=UTC))
    assert read(f"{first}\n{TABLE}", "istioctl-endpoints", given).inventory[0]["observed_at"] == given.observed_at


def test_clusters_text_with_a_log_line_sni_dnat_and_v6() -> None:
    text = (
        "outbound_.80_.v1_.shop.ns.svc.cluster.local::10.1.0.1:8080::health_flags::healthy\n"
        f"{istio_line()}\n"
        "outbound_.80_._.shop.ns.svc.cluster.local::[2001:db8::5]:8080::health_flags::/failed_outlier_check\n"
        "odd::name::10.1.0.3:8080::priority::1\n"
    )
    snapshot = read(text, "envoy-clusters-text")
    assert columns(snapshot.inventory, "service", "subset", "address", "port", "ejected", "priority", "line") == [
        ("shop.ns.svc.cluster.local", "v1", "10.1.0.1", 8080, False, None, 1),
        ("shop.ns.svc.cluster.local", None, "2001:db8::5", 8080, True, None, 3),
        (None, None, "10.1.0.3", 8080, None, 1, 4),
    ]
    assert snapshot.inventory[2]["upstream_cluster"] == "odd::name"
    assert snapshot.unread_lines == 1


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


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n",
        "kind: ServiceEntry is what we should write\n",
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1","responseObject":{"kind":"Pod","apiVersion":"v1"}}\n',
        '{"metadata": 1, "items": []}\n',
        "NAME   READY   STATUS    RESTARTS   AGE\nshop   1/1     Running   0          3m\n",
        "a: 1\nb: 2\n",
        "cluster: 5\n",
        "Some prose, HEALTHY or not.\n",
    ],
)
def test_what_is_no_inventory_is_left_alone(text: str) -> None:
    assert recognise(text.encode()) is None


STATS_TEXT = """\
cluster.outbound|80||shop.ns.svc.cluster.local.upstream_rq_total: 12
cluster.outbound|80||shop.ns.svc.cluster.local.endpoint.10.1.0.1_8080.rq_total: 7
cluster.outbound|80||shop.ns.svc.cluster.local.endpoint.10.1.0.1_8080.membership_healthy: 0
cluster.outbound|80||shop.ns.svc.cluster.local.endpoint.[2001_db8__5]_80.rq_total: 7
cluster.outbound|80||shop.ns.svc.cluster.local.upstream_rq_time: P0(nan,1) P25(nan,1.05)
server.live: 1
server.version: "abc"
"""
STATS_METRICS = """\
# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{envoy_response_code="200",envoy_cluster_name="outbound|80||a.b"} 7
envoy_cluster_endpoint_membership_healthy{envoy_cluster_name="outbound|80||a.b",envoy_endpoint_address="10.1.0.1:80"} 1
istio_requests_total{response_code="200"} 5
"""


def test_stats_name_endpoints_only_where_the_cluster_counts_by_endpoint() -> None:
    snapshot = read(STATS_TEXT, "envoy-stats")
    assert columns(snapshot.inventory, "service", "address", "port", "health", "line") == [
        ("shop.ns.svc.cluster.local", "10.1.0.1", 8080, "unhealthy", 2),
        ("shop.ns.svc.cluster.local", "2001:db8::5", 80, None, 4),
    ]
    assert snapshot.unread_lines == 0
    snapshot = read(STATS_METRICS, "envoy-stats")
    assert columns(snapshot.inventory, "upstream_cluster", "address", "port", "health") == [
        ("outbound|80||a.b", "10.1.0.1", 80, "healthy")
    ]
    assert snapshot.unread_lines == 1


HEALTH_EVENTS = [
    {"health_checker_type": "HTTP", "host": {"socket_address": {"protocol": "TCP", "address": "10.1.0.1", "port_value": 8080}},  # noqa: E501
     "cluster_name": "outbound|80||a.b", "health_check_failure_event": {"failure_type": "ACTIVE", "first_check": True}, "timestamp": "2026-03-01T10:00:00.125Z"},  # noqa: E501
    {"health_checker_type": "HTTP", "host": {"socket_address": {"address": "10.1.0.1", "port_value": 8080}},
     "cluster_name": "outbound|80||a.b", "eject_unhealthy_event": {"failure_type": "NETWORK"}, "timestamp": "2026-03-01T10:00:01.125Z"},  # noqa: E501
    {"health_checker_type": "HTTP", "host": {"socket_address": {"address": "10.1.0.1", "port_value": 8080}},
     "cluster_name": "outbound|80||a.b", "add_healthy_event": {"first_check": False}, "timestamp": "2026-03-01T10:00:31.125Z"},  # noqa: E501
]  # fmt: skip


def test_health_events_and_outlier_events_in_one_file() -> None:
    outlier = {"time": "2026-03-01T10:00:02Z", "cluster": "outbound|80||a.b", "upstream_url": "10.1.0.2:8080",
               "action": "eject", "type": "5xx", "num_ejections": "1", "enforced": "true", "secs_since_last_action": "-1"}  # fmt: skip  # noqa: E501
    text = "\n".join(json.dumps(event) for event in [*HEALTH_EVENTS, outlier]) + "\n"
    snapshot = read(text, "envoy-health-events")
    # A check that failed without taking the host out is counted, and no ejection.
    assert columns(snapshot.outlier_events, "action", "type", "address", "enforced", "observer_proxy", "line") == [
        ("eject", "HEALTH_CHECK_NETWORK", "10.1.0.1", True, "gw-1", 2),
        ("uneject", "HEALTH_CHECK", "10.1.0.1", True, "gw-1", 3),
        ("eject", "5xx", "10.1.0.2", True, "gw-1", 4),
    ]
    assert snapshot.outlier_events[0]["time"] == datetime(2026, 3, 1, 10, 0, 1, 125000, UTC)
    assert columns(snapshot.outlier_events[2:], "num_ejections", "secs_since_last_action") == [(1, None)]


def test_a_log_of_requests_with_events_in_it_stays_a_log() -> None:
    event = json.dumps(HEALTH_EVENTS[1])
    assert recognise(f"{event}\n{istio_line()}\n{istio_line()}\n".encode()) is None


@pytest.mark.parametrize(
    ("name", "proxy"),
    [
        ("ingress-1.outlier-events.log", "ingress-1"),
        ("ingress-1.outlier-events.log.2.gz", "ingress-1"),
        ("ingress-1-outlier_events.json", "ingress-1"),
        ("ingress-1.health-events.log", "ingress-1"),
        ("ingress-1.events.log", "ingress-1"),
        ("edge-ingress-7d9c5b6f4-x2x4z.outlier-events.log", "edge-ingress-7d9c5b6f4-x2x4z"),
        ("outlier-events.log", None),
    ],
)
@pytest.mark.parametrize("way", ["folder", "file", "label"])
def test_event_log_is_of_the_proxy_in_its_name(
    name: str, proxy: str | None, way: str, parse: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "cluster1" / "ingress"
    folder.mkdir(parents=True)
    (folder / name).write_text(json.dumps(HEALTH_EVENTS[1]))
    arguments = {"folder": tmp_path, "file": folder / name, "label": f"cluster1/ingress={folder / name}"}
    result = parse(arguments[way])
    (row,) = result.outlier_events
    assert (row["observer_cluster_id"], row["observer_gateway"], row["observer_proxy"]) == (
        "cluster1",
        "ingress",
        proxy,
    )
    assert result.sources[0]["proxy"] == proxy


def test_given_inventory_that_is_none_is_an_error_that_helps(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("just some notes\n")
    log = tmp_path / "a.log"
    log.write_text(istio_line())
    with pytest.raises(ingest.errors.InventoryError, match=r"notes\.txt: not an inventory") as caught:
        ingest.parse([str(log)], folder=tmp_path / "t", inventory=[str(path)])
    assert "istioctl proxy-config endpoints" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: [a\n", 5, "YAML"),
        ('{"apiVersion": "v1",\n"kind": "Pod",\n"metadata": {', 3, "JSON"),
        ('{"cluster_statuses": [\n{"name": oops}]}', 2, "JSON"),
        ('[{"clusterName": "a",\n"lbEndpoints": [}]', 2, "nothing opened"),
    ],
)
def test_broken_inventory_names_the_line(text: str, line: int, what: str, tmp_path: Path) -> None:
    path = tmp_path / "dump.txt"
    path.write_text(text)
    log = tmp_path / "a.log"
    log.write_text(istio_line())
    with pytest.raises(ingest.errors.InventoryError, match=rf"dump.txt: line {line}: .*{what}"):
        ingest.parse([str(log)], folder=tmp_path / "t", inventory=[str(path)])
    # Among logs it is a warning, and the logs are read.
    parsed = ingest.parse([str(tmp_path / "a.log"), str(path)], folder=tmp_path / "t2")
    assert any(f"line {line}" in warning for warning in parsed.warnings)
    assert pq.read_table(parsed.access_log[0]).num_rows == 1


def test_empty_file_given_as_inventory_is_said_and_no_error(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "endpoints.txt"
    path.write_text("")
    result = parse(istio_line().encode(), inventory=[str(path)])
    assert result.inventory == []
    assert any("endpoints.txt: empty" in warning for warning in result.parsed.warnings)


def test_observer_is_the_proxy_that_was_asked(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "east" / "eastwest" / "endpoints-2026-03-01T10-00-00Z.txt"
    path.parent.mkdir(parents=True)
    path.write_text(TABLE)
    (row, *_) = parse(tmp_path).inventory
    assert (row["observer_gateway"], row["observed_at"]) == ("eastwest", datetime(2026, 3, 1, 10, tzinfo=UTC))
