"""What dumps say of counters and of the settings of Envoy's clusters: which rows, from which line."""

from __future__ import annotations

import json

from ingest.inventory import Context, Snapshot, read_snapshot, recognise
from ingest.names import Names

CONTEXT = Context("dump", Names(cluster_id="c1", gateway="gw", proxy="gw-1"))
SHOP = "outbound|80||shop.ns.svc.cluster.local"


def read(text: str) -> Snapshot:
    known = recognise(text.encode())
    assert known is not None
    return read_snapshot(known, text, CONTEXT)


def counters(text: str) -> list[tuple[object, ...]]:
    names = ("upstream_cluster", "address", "port", "counter", "value", "line")
    return [tuple(row[name] for name in names) for row in read(text).endpoint_counters]


def test_counters_of_the_clusters_page() -> None:
    text = f"""\
{SHOP}::default_priority::max_connections::4294967295
{SHOP}::10.1.0.1:8080::cx_active::4
{SHOP}::10.1.0.1:8080::rq_total::1527
{SHOP}::[2001:db8::5]:8080::rq_error::2
"""
    assert counters(text) == [
        (SHOP, "10.1.0.1", 8080, "rq_total", 1527, 3),
        (SHOP, "2001:db8::5", 8080, "rq_error", 2, 4),
    ]


def test_counters_of_the_clusters_page_as_json_leave_out_zeros_and_gauges() -> None:
    stats = [
        {"name": "cx_active", "type": "GAUGE", "value": "4"},
        {"name": "rq_total", "value": "1527"},
        {"name": "rq_error"},
    ]
    host = {"address": {"socket_address": {"address": "10.1.0.1", "port_value": 8080}}, "stats": stats}
    page = {"cluster_statuses": [{"name": SHOP, "host_statuses": [host]}]}
    assert [row[:5] for row in counters(json.dumps(page, indent=1))] == [
        (SHOP, "10.1.0.1", 8080, "rq_total", 1527),
        (SHOP, "10.1.0.1", 8080, "rq_error", 0),
    ]


def test_counters_of_stats_as_text() -> None:
    text = f"""\
cluster.{SHOP}.upstream_rq_2xx: 100
cluster.{SHOP}.upstream_rq_active: 3
cluster.{SHOP}.upstream_rq_retry: 7
cluster.{SHOP}.membership_healthy: 3
cluster.{SHOP}.endpoint.10.1.0.1_8080.rq_total: 40
server.uptime: 5
"""
    assert counters(text) == [
        (SHOP, None, None, "upstream_rq_2xx", 100, 1),
        (SHOP, None, None, "upstream_rq_retry", 7, 3),
        (SHOP, "10.1.0.1", 8080, "rq_total", 40, 5),
    ]


def test_counters_of_stats_for_prometheus() -> None:
    text = f"""\
# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq{{response_code="503",cluster_name="{SHOP}"}} 4
envoy_cluster_upstream_rq_xx{{response_code_class="2xx",cluster_name="{SHOP}"}} 100
envoy_cluster_upstream_rq_total{{cluster_name="{SHOP}"}} 104
envoy_cluster_upstream_rq_active{{cluster_name="{SHOP}"}} 1
"""
    assert [row[3:5] for row in counters(text)] == [
        ("upstream_rq_503", 4),
        ("upstream_rq_2xx", 100),
        ("upstream_rq_total", 104),
    ]


def test_settings_of_clusters_in_a_config_dump() -> None:
    cluster = {
        "name": SHOP,
        "connectTimeout": "10s",
        "outlierDetection": {"consecutive5xx": 5, "maxEjectionPercent": 10},
        "transportSocket": {"name": "envoy.transport_sockets.tls"},
    }
    dump = {
        "configs": [
            {
                "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
                "dynamicActiveClusters": [{"cluster": cluster}],
            }
        ]
    }
    rows = read(json.dumps(dump, indent=1)).mesh_config
    assert {(row["kind"], row["name"], row["host"], row["line"]) for row in rows} == {
        ("Cluster", SHOP, "shop.ns.svc.cluster.local", 8)
    }
    assert [(row["setting"], row["value"]) for row in rows] == [
        ("name", SHOP),
        ("connect_timeout", "10s"),
        ("outlier_detection.consecutive_5xx", "5"),
        ("outlier_detection.max_ejection_percent", "10"),
    ]
