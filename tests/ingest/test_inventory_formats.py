"""Each inventory format by a small example: what is read, from which line, and what is only counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import ingest
from ingest.inventory import Context, Snapshot, recognise
from ingest.names import Names
from tests.ingest.lines import istio_line
from tests.ingest.snapshots import columns, read, to_yaml

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
