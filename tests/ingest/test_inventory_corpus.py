"""Real dumps against what a person reads in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.lines import istio_line

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "endpoints"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real dumps is not here")

#: `cluster: endpoints`, one cluster a line; `80 x.y` is short for outbound|80||x.y.svc.cluster.local.
EDS = """
agent: 127.0.0.1:15020
9402 cert-manager-istio-csr-metrics.cert-manager: 10.244.0.156:9402
443 cert-manager-istio-csr.cert-manager: 10.244.0.156:6443
443 cert-manager-webhook.cert-manager: 10.244.0.139:10250
9402 cert-manager.cert-manager: 10.244.0.142:9402
9080 details.default: 10.244.0.190:9080
9200 elasticsearch.skywalking: 10.244.0.185:9200
9300 elasticsearch.skywalking: 10.244.0.185:9300
3000 grafana.istio-system: 10.244.0.109:3000
8000 httpbin.default: 10.244.0.178:80
80 istio-ingressgateway.istio-system: 10.244.0.176:8080
443 istio-ingressgateway.istio-system: 10.244.0.176:8443
15021 istio-ingressgateway.istio-system: 10.244.0.176:15021
443 istiod.istio-system: 10.244.0.175:15017
15010 istiod.istio-system: 10.244.0.175:15010
15012 istiod.istio-system: 10.244.0.175:15012
15014 istiod.istio-system: 10.244.0.175:15014
53 kube-dns.kube-system: 10.244.0.8:53 10.244.0.3:53
9153 kube-dns.kube-system: 10.244.0.8:9153 10.244.0.3:9153
443 kubernetes.default: 172.18.0.2:6443
4317 otel-collector.istio-system: 10.244.0.111:4317
9080 productpage.default: 10.244.0.194:9080
9090 prometheus.istio-system: 10.244.0.110:9090
prometheus_stats: 127.0.0.1:15000
9080 ratings.default: 10.244.0.191:9080
9080 reviews.default: 10.244.0.192:9080 10.244.0.193:9080 10.244.0.195:9080
sds-grpc: ./var/run/secrets/workload-spiffe-uds/socket
11800 skywalking-oap.skywalking: 10.244.0.188:11800
12800 skywalking-oap.skywalking: 10.244.0.188:12800
80 skywalking-ui.skywalking: 10.244.0.189:8080
80 sleep.default: 10.244.0.177:80
xds-grpc: ./etc/istio/proxy/XDS
"""
EDS_80 = """
80 istio-ingressgateway.istio-system: 10.244.0.176:8080
80 skywalking-ui.skywalking: 10.244.0.189:8080
"""
GATEWAYS = """
15010 istiod.istio-system: 10.244.1.2:15010
15012 istiod.istio-system: 10.244.1.2:15012
15014 istiod.istio-system: 10.244.1.2:15014
443 istiod.istio-system: 10.244.1.2:15017
80 istio-ingressgateway.istio-system: 10.244.2.28:8080
443 istio-ingressgateway.istio-system: 10.244.2.28:8443
15021 istio-ingressgateway.istio-system: 10.244.2.28:15021
15443 istio-ingressgateway.istio-system: 10.244.2.28:15443
31400 istio-ingressgateway.istio-system: 10.244.2.28:31400
80 istio-egressgateway.istio-system: 10.244.2.29:8080
443 istio-egressgateway.istio-system: 10.244.2.29:8443
"""
EXPECTED = {
    "admin_clusters_001.txt": "outbound|443||httpbin.org: 54.156.228.155:443 54.205.27.0:443",
    "admin_clusters_002.txt": "static_cluster_sds_unix_socket: /run/spire/sockets/agent.sock",
    "admin_clusters_003.txt": """
cds_egress_howto-k8s-mtls-file-based_red_howto-k8s-mtls-file-based_http_8080: 10.100.177.181:8080!
cds_egress_howto-k8s-mtls-file-based_green_howto-k8s-mtls-file-based_http_8080: 10.100.75.104:8080!
cds_egress_howto-k8s-mtls-file-based_blue_howto-k8s-mtls-file-based_http_8080: 10.100.252.203:8080
""",
    "admin_clusters_004.txt": """
cds_egress_howto-k8s-mtls-sds-based_red_howto-k8s-mtls-sds-based_http_8080: 10.100.130.238:8080
cds_egress_howto-k8s-mtls-sds-based_green_howto-k8s-mtls-sds-based_http_8080: 10.100.91.203:8080!
cds_egress_howto-k8s-mtls-sds-based_blue_howto-k8s-mtls-sds-based_http_8080: 10.100.65.11:8080
""",
    "admin_clusters_005.txt": (
        "cds_egress_howto-k8s-mtls-sds-based_green_howto-k8s-mtls-sds-based_http_8080: 10.100.121.235:8080"
    ),
    "admin_clusters_006.txt": (
        "backend: 172.28.0.4:8080! 172.28.0.2:8080! 172.28.0.5:8080! 172.28.0.6:8080! 172.28.0.7:8080 "
        "172.28.0.8:8080 172.28.0.3:8080"
    ),
    "admin_clusters_007.txt": "httpbin_httpbin: 10.XX.X.XX:8080!",
    "admin_clusters_008.txt": "9080 productpage.bookinfo-frontends: 172.18.2.1:15443?",
    "admin_clusters_009.txt": "9080 productpage.default: 172.18.2.1:15443?",
    "istio_testdata_configdump.json": EDS,
    "istio_testdata_emptyfilter_output.json": EDS,
    "istio_testdata_emptyfilter_output.txt": EDS,
    "istio_testdata_emptyfilter_output.yaml": EDS,
    "istio_testdata_portfilter_output.json": EDS_80,
    "istio_testdata_portfilter_output.txt": EDS_80,
    "istio_testdata_portfilter_output.yaml": EDS_80,
    "pc_endpoints_001.txt": "9080 reviews.default: 172.17.0.17:9080 172.17.0.18:9080 172.17.0.5:9080",
    "pc_endpoints_002.txt": "5000 helloworld.sample: 10.10.0.90:5000 192.23.120.32:443",
    "pc_endpoints_003.txt": "5000 helloworld.sample: 10.32.0.9:5000 192.168.1.246:443",
    "pc_endpoints_004.txt": "9080 reviews.default: 172.17.0.7:9080 172.17.0.8:9080 172.17.0.9:9080",
    "pc_endpoints_005.txt": (
        "outbound|9080||productpage.global: 10.128.2.112:9080 3.222.170.192:15443 3.226.201.88:15443 "
        "35.167.16.0:15443 52.27.163.189:15443 52.54.196.35:15443"
    ),
    "pc_endpoints_006.txt": """
53 kube-dns.kube-system: 10.244.0.3:53 10.244.0.4:53
9153 kube-dns.kube-system: 10.244.0.3:9153 10.244.0.4:9153
9080 details.bookinfo: 10.244.1.29:9080
9080 ratings.bookinfo: 10.244.1.30:9080
9080 reviews.bookinfo: 10.244.1.31:9080 10.244.2.31:9080 10.244.2.32:9080
9080 productpage.bookinfo: 10.244.1.32:9080
"""
    + GATEWAYS,
    "pc_endpoints_007.txt": GATEWAYS + "prometheus_stats: 127.0.0.1:15000",
}


def _expand(text: str) -> list[tuple[str, str, str | None]]:
    """Return (cluster, endpoint, health) of the short form: `!` is unhealthy, `?` says nothing of health."""
    found = []
    for line in text.strip().splitlines():
        cluster, _, endpoints = line.partition(": ")
        port, space, service = cluster.partition(" ")
        cluster = f"outbound|{port}||{service}.svc.cluster.local" if space else cluster
        for endpoint in endpoints.split():
            health = {"!": "unhealthy", "?": None}.get(endpoint[-1], "healthy")
            found.append((cluster, endpoint.rstrip("!?"), health))
    return sorted(found, key=str)


def _told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    return sorted(
        [
            (row["upstream_cluster"], row["address"] + (f":{row['port']}" if row["port"] else ""), row["health"])
            for row in rows
        ],
        key=str,
    )


def test_every_file_has_an_expectation() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_file_reads_to_its_endpoints(name: str, parse: Callable[..., Any]) -> None:
    result = parse(istio_line().encode(), inventory=[str(CORPUS / name)])
    assert _told(result.inventory) == _expand(EXPECTED[name])
    lines = (CORPUS / name).read_text().splitlines()
    for row in result.inventory:
        assert row["address"] in lines[row["line"] - 1], "a row leads back to the line that says so"
    # Every line was understood.
    source = result.source(name)
    assert set(source["others"]) == {"inventory"}
    assert source["rejected"] == 0


@pytest.mark.parametrize("ending", ["json", "yaml"])
def test_assignments_say_more_than_addresses(ending: str, parse: Callable[..., Any]) -> None:
    result = parse(CORPUS / f"istio_testdata_portfilter_output.{ending}")
    gateway, ui = result.inventory
    assert (gateway["workload"], gateway["cluster_id"], gateway["weight"], gateway["priority"]) == (
        "istio-ingressgateway",
        "Kubernetes",
        1,
        0,
    )
    assert (ui["workload"], ui["service"], ui["service_port"], ui["ejected"]) == (
        "skywalking-ui",
        "skywalking-ui.skywalking.svc.cluster.local",
        80,
        None,
    )


def test_outlier_check_is_a_column_of_its_own(parse: Callable[..., Any]) -> None:
    rows = parse(CORPUS / "pc_endpoints_001.txt").inventory
    assert [row["ejected"] for row in rows] == [False] * 3
    # The eds table does not say.
    rows = parse(CORPUS / "istio_testdata_portfilter_output.txt").inventory
    assert [row["ejected"] for row in rows] == [None] * 2


def test_mixed_folder_sorts_itself_out(parse: Callable[..., Any], tmp_path: Path) -> None:
    shutil.copytree(CORPUS, tmp_path / "dumps")
    (tmp_path / "ingress.log").write_text(istio_line() + "\n" + istio_line() + "\n")
    (tmp_path / "README.md").write_text("# Notes\n\nTaken on Tuesday, while it was still broken.\n")
    (tmp_path / "deployment.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n")
    (tmp_path / "truth.json").write_text('{"counts": {"failed": 3}}\n')
    result = parse(tmp_path)
    assert len(result.rows) == 2
    for name, expected in EXPECTED.items():
        rows = [row for row in result.inventory if row["source"].endswith(f"/{name}")]
        assert _told(rows) == _expand(expected), name
    assert len(result.inventory) == sum(len(_expand(expected)) for expected in EXPECTED.values())
    for name in ("README.md", "deployment.yaml", "truth.json"):
        others = result.source(name)["others"]
        assert set(others) <= {"not_access_log", "blank"}, name
        assert others["not_access_log"] > 0, name
