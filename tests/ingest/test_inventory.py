"""Inventory files: what they say, whom they are about, and when."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.inventory import recognise
from ingest.inventory.clusters_text import read_health_flags
from ingest.inventory.model import split_address, split_cluster
from tests.ingest.lines import istio_line

CLUSTERS = """\
outbound|80|v1|shop.example::observability_name::outbound|80|v1|shop.example
outbound|80|v1|shop.example::outlier::success_rate_average::-1
outbound|80|v1|shop.example::default_priority::max_connections::1024
outbound|80|v1|shop.example::added_via_api::true
outbound|80|v1|shop.example::10.1.0.1:8080::cx_active::1
outbound|80|v1|shop.example::10.1.0.1:8080::hostname::
outbound|80|v1|shop.example::10.1.0.1:8080::health_flags::/failed_outlier_check
outbound|80|v1|shop.example::10.1.0.1:8080::weight::3
outbound|80|v1|shop.example::10.1.0.1:8080::region::europe-west1
outbound|80|v1|shop.example::10.1.0.1:8080::zone::b
outbound|80|v1|shop.example::10.1.0.1:8080::sub_zone::
outbound|80|v1|shop.example::10.1.0.1:8080::priority::0
outbound|80|v1|shop.example::[2001:db8::5]:15443::health_flags::healthy
outbound|80|v1|shop.example::[2001:db8::5]:15443::priority::1
agent::127.0.0.1:15020::health_flags::healthy
sds-grpc::./var/run/secrets/workload-spiffe-uds/socket::health_flags::healthy
"""


def config_dump() -> dict[str, Any]:
    def endpoint(address: str, port: int, workload: str, **more: Any) -> dict[str, Any]:
        return {
            "endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}},
            "metadata": {"filter_metadata": {"istio": {"workload": workload}}},
            "load_balancing_weight": 2,
            **more,
        }

    assignment = {
        "cluster_name": "outbound|80||shop.example",
        "endpoints": [
            {"locality": {"region": "eu", "zone": "a"}, "lb_endpoints": [endpoint("10.1.0.1", 8080, "shop;web;shop;v1;c1")]},  # noqa: E501
            {
                "locality": {"region": "us"},
                "priority": 1,
                "lb_endpoints": [endpoint("10.2.0.9", 15443, ";;;;c2", health_status="DRAINING")],
            },
        ],
    }  # fmt: skip
    prefix = "type.googleapis.com/envoy.admin.v3."
    node = {"id": "router~10.1.0.9~edge-1.ns~x", "metadata": {"CLUSTER_ID": "c1", "NETWORK": "n1", "NAME": "edge-7d9c5b6f4-x2x4z", "WORKLOAD_NAME": "edge-ingress"}}  # fmt: skip  # noqa: E501
    return {
        "configs": [
            {"@type": prefix + "BootstrapConfigDump", "bootstrap": {"node": node}},
            {
                "@type": prefix + "EndpointsConfigDump",
                "dynamic_endpoint_configs": [{"endpoint_config": assignment}],
            },
        ]
    }


EVENTS = [
    {"type": "CONSECUTIVE_5XX", "cluster_name": "outbound|80||shop.example", "upstream_url": "10.1.0.1:8080",
     "action": "EJECT", "num_ejections": 2, "enforced": True, "timestamp": "2026-03-01T10:00:00.125Z"},
    {"type": "CONSECUTIVE_5XX", "cluster_name": "outbound|80||shop.example", "upstream_url": "[2001:db8::5]:15443",
     "action": "UNEJECT", "num_ejections": 2, "enforced": False, "timestamp": "2026-03-01T10:00:30Z", "secs_since_last_action": "30"},  # noqa: E501
    {"time": "2018-03-01T10:00:00.125Z", "secs_since_last_action": "-1", "cluster": "local", "upstream_url": "10.0.0.1:80",  # noqa: E501
     "action": "eject", "type": "5xx", "num_ejections": "1", "enforced": "true"},
]  # fmt: skip


def test_clusters_text(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "cluster1" / "ingress" / "clusters-2026-03-01T10-00-00.125Z.txt"
    path.parent.mkdir(parents=True)
    path.write_text(CLUSTERS)
    result = parse(tmp_path)
    assert result.source("125Z.txt")["others"] == {"inventory": 16}
    first, second, agent, pipe = result.inventory
    assert first["observed_at"] == datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)
    assert (first["observer_cluster_id"], first["observer_gateway"]) == ("cluster1", "ingress")
    assert (first["service"], first["service_port"], first["subset"]) == ("shop.example", 80, "v1")
    assert (first["address"], first["port"], first["weight"], first["region"]) == (
        "10.1.0.1",
        8080,
        3,
        "europe-west1",
    )
    assert (first["health"], first["ejected"], first["subzone"], first["line"]) == ("healthy", True, None, 5)
    assert (second["address"], second["port"], second["priority"], second["ejected"]) == (
        "2001:db8::5",
        15443,
        1,
        False,
    )
    assert (agent["service"], agent["address"]) == (None, "127.0.0.1")
    assert (pipe["address"], pipe["port"]) == ("./var/run/secrets/workload-spiffe-uds/socket", None)


@pytest.mark.parametrize("camel", [False, True])
def test_config_dump(camel: bool, parse: Callable[..., Any], tmp_path: Path) -> None:
    text = json.dumps(config_dump(), indent=1)
    if camel:
        for key in ("socket_address", "port_value", "lb_endpoints", "load_balancing_weight", "filter_metadata",
                    "health_status", "cluster_name", "dynamic_endpoint_configs", "endpoint_config"):  # fmt: skip
            head, *rest = key.split("_")
            text = text.replace(f'"{key}"', f'"{head}{"".join(word.title() for word in rest)}"')
    path = tmp_path / "dump.json.gz"
    path.write_bytes(gzip.compress(text.encode()))
    result = parse(istio_line().encode(), inventory=[f"{path}@2026-03-01T10:00:00Z"])
    local, remote = result.inventory
    assert (local["observer_cluster_id"], local["observer_gateway"]) == ("c1", "edge-ingress")
    assert (local["cluster_id"], local["workload"], local["priority"], local["weight"]) == (
        "c1",
        "shop",
        0,
        2,
    )
    assert (local["region"], local["zone"], local["health"], local["ejected"]) == ("eu", "a", "healthy", None)
    assert (remote["cluster_id"], remote["workload"], remote["priority"], remote["health"]) == (
        "c2",
        None,
        1,
        "draining",
    )
    assert (remote["address"], remote["port"], remote["service"]) == ("10.2.0.9", 15443, "shop.example")
    lines = text.splitlines()
    assert '"10.1.0.1"' in lines[local["line"] - 1]
    assert '"10.2.0.9"' in lines[remote["line"] - 1]
    assert local["observed_at"] == datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def test_label_wins_over_the_node(parse: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(config_dump()))
    result = parse(istio_line().encode(), inventory=[f"east/gw={path}"])
    assert {(r["observer_cluster_id"], r["observer_gateway"]) for r in result.inventory} == {("east", "gw")}


def test_outlier_events(parse: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "cluster1" / "ingress"
    folder.mkdir(parents=True)
    lines = [json.dumps(event) for event in EVENTS] + ["not an event", ""]
    (folder / "ingress-1.outlier-events.log").write_text("\n".join(lines))
    result = parse(tmp_path)
    assert result.sources[0]["others"] == {"outlier_event": 3, "not_access_log": 1}
    eject, uneject, legacy = result.outlier_events
    assert (eject["observer_cluster_id"], eject["observer_gateway"], eject["observer_proxy"]) == (
        "cluster1",
        "ingress",
        "ingress-1",
    )
    assert (eject["action"], eject["enforced"], eject["num_ejections"], eject["secs_since_last_action"]) == (
        "eject",
        True,
        2,
        None,
    )
    assert (eject["address"], eject["port"], eject["line"]) == ("10.1.0.1", 8080, 1)
    assert (uneject["action"], uneject["address"], uneject["secs_since_last_action"]) == (
        "uneject",
        "2001:db8::5",
        30,
    )
    assert (legacy["type"], legacy["enforced"], legacy["secs_since_last_action"]) == ("5xx", True, None)
    assert legacy["time"] == datetime(2018, 3, 1, 10, 0, 0, 125000, UTC)


def test_broken_dump_among_logs_is_said(parse: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(istio_line())
    (tmp_path / "dump.json").write_text(json.dumps(config_dump())[:-5])
    result = parse(tmp_path)
    assert "not valid JSON" in result.source("dump.json")["error"]
    assert any("dump.json" in warning for warning in result.parsed.warnings)
    assert len(result.rows) == 1


@pytest.mark.parametrize(
    "text", ["", "a::b::c", "a", '{"configs": 1}', istio_line(), '{"action":"EJECT"}', "x::y::z::1\nfoo"]
)
def test_not_inventory(text: str) -> None:
    assert recognise(text.encode()) is None


@pytest.mark.parametrize(
    ("cluster", "want"),
    [
        ("outbound|80||a.b", ("a.b", 80, None)),
        ("outbound|80|v1|a.b", ("a.b", 80, "v1")),
        ("outbound_.80_._.a.b", ("a.b", 80, None)),
        ("outbound_.80_.v1_.a.b", ("a.b", 80, "v1")),
        ("inbound|8080||", (None, 8080, None)),
        ("PassthroughCluster", (None, None, None)),
    ],
)
def test_split_cluster(cluster: str, want: tuple[Any, ...]) -> None:
    assert tuple(split_cluster(cluster).values()) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("[2001:db8::5]:80", ("2001:db8::5", 80)),
        ("2001:db8::5", ("2001:db8::5", None)),
        ("host.example:443", ("host.example", 443)),
        ("/run/x.sock", ("/run/x.sock", None)),
        ("-", (None, None)),
        ("10.0.0.1:99999", ("10.0.0.1:99999", None)),
    ],
)
def test_split_address(text: str, want: tuple[Any, ...]) -> None:
    assert split_address(text) == want


def test_health_flags() -> None:
    assert read_health_flags("healthy") == ("healthy", False)
    assert read_health_flags("/failed_outlier_check/failed_eds_health") == ("unhealthy", True)
    assert read_health_flags("/eds_status_draining") == ("draining", False)
    assert read_health_flags(None) == (None, None)


def test_dump_given_and_found_is_read_once(parse: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(istio_line())
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(config_dump()))
    result = parse(tmp_path, inventory=[f"{dump}@2026-03-01T10:00:00Z", str(dump)])
    assert len(result.inventory) == 2
    assert {row["observed_at"] for row in result.inventory} == {datetime(2026, 3, 1, 10, 0, tzinfo=UTC)}
