"""Who wrote a log, and what an argument of the command line names."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.arguments import find_inventory, find_sources, time_in_name
from ingest.errors import SourceError
from ingest.names import names_from_path, role_of_gateway, stem_of, workload_of_pod
from tests.ingest.lines import istio_line

LINE = istio_line().encode()

# --- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "root", "names"),
    [
        ("s/cluster1/ingress/ingress-1.log", None, ("cluster1", "ingress", "ingress-1", "ingress")),
        ("s/cluster2/frontend/frontend-c2-1.log.gz", "s", ("cluster2", "frontend", "frontend-c2-1", "unknown")),
        ("logs/ingress.log", None, (None, "ingress", "ingress", "ingress")),
        ("cluster1/ingress.log", None, ("cluster1", "ingress", "ingress", "ingress")),
        ("mgmt-cluster/eastwest-2.log.1.gz", None, ("mgmt-cluster", "eastwest", "eastwest-2", "east_west")),
        ("logs/west/ingress/ingress-0.log", "logs", ("west", "ingress", "ingress-0", "ingress")),
        ("logs/west/ingress/ingress-0.log", None, (None, "ingress", "ingress-0", "ingress")),
        ("home/me/ingress/access.log", None, (None, "ingress", "access", "ingress")),
        ("access.log", None, (None, "access", "access", "unknown")),
        ("eu-west1/istio-eastwestgateway-5d4f8c7b9-x2x4z.log", None,
         ("eu-west1", "istio-eastwestgateway", "istio-eastwestgateway-5d4f8c7b9-x2x4z", "east_west")),
        ("/var/log/pods/istio-system_istio-ingressgateway-6f7d8c9b5-abcde_0f8f7d1e-53c1/istio-proxy/0.log", None,
         (None, "istio-ingressgateway", "istio-ingressgateway-6f7d8c9b5-abcde", "ingress")),
        ("/var/log/containers/shop-6f7d8c9b5-abcde_web_istio-proxy-0123456789abcdef.log", None,
         (None, "shop", "shop-6f7d8c9b5-abcde", "unknown")),
    ],
)  # fmt: skip
def test_names_from_path(path: str, root: str | None, names: tuple[str | None, ...]) -> None:
    got = names_from_path(path, root)
    assert (got.cluster_id, got.gateway, got.proxy, got.role) == names


@pytest.mark.parametrize(
    ("gateway", "role"),
    [("istio-ingressgateway", "ingress"), ("eastwest", "east_west"), ("east-west-gw", "east_west"), ("shop", "unknown"),
     (None, "unknown"), ("waypoint", "waypoint"), ("ztunnel", "ztunnel")],
)  # fmt: skip
def test_role_of_gateway(gateway: str | None, role: str) -> None:
    assert role_of_gateway(gateway) == role


def test_workloads_and_stems() -> None:
    assert workload_of_pod("shop-7d9c5b6f4-x2x4z") == "shop"
    assert workload_of_pod("mysql-0") == "mysql"
    assert workload_of_pod("ztunnel-bd6r8") == "ztunnel"
    assert workload_of_pod("frontend") == "frontend"
    assert stem_of("ingress-1.log.20260301.gz") == "ingress-1"
    assert stem_of(".log") == ".log"


# --- arguments --------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a/ingress-1.log", "a/ingress-2.log", "b.log", "odd/x=y.log", ".hidden/c.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE + b"\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("b.log", ["b.log"]),
        ("./b.log", ["./b.log"]),
        ("a", ["a/ingress-1.log", "a/ingress-2.log"]),
        (".", ["./b.log", "./a/ingress-1.log", "./a/ingress-2.log", "./odd/x=y.log"]),
        ("a/*.log", ["a/ingress-1.log", "a/ingress-2.log"]),
        ("**/*.log", ["a/ingress-1.log", "a/ingress-2.log", "b.log", "odd/x=y.log"]),
        ("odd/x=y.log", ["odd/x=y.log"]),
        ("east/gw=b.log", ["b.log"]),
        ("east/gw=a/*-1.log", ["a/ingress-1.log"]),
        ("east/gw=-", ["-"]),
    ],
)
def test_arguments(folder: Path, argument: str, found: list[str]) -> None:
    sources, warnings = find_sources([argument])
    assert [source.name for source in sources] == found
    assert not warnings


def test_labels(folder: Path) -> None:
    (source,), _ = find_sources(["east/gw=a/ingress-1.log"])
    assert (source.names.cluster_id, source.names.gateway, source.names.proxy) == ("east", "gw", "ingress-1")
    (source,), _ = find_sources(["odd/x=y.log"])
    assert source.names.cluster_id is None


@pytest.mark.parametrize("argument", ["no-such.log", "no/such=b.lo", "*.none", "ea st/gw=b.log"])
def test_nothing_named(folder: Path, argument: str) -> None:
    with pytest.raises(SourceError, match=r"no such|no file matches"):
        find_sources([argument])
    sources, warnings = find_sources([argument, "b.log"])
    assert len(sources) == 1
    assert len(warnings) == 1


def test_same_file_twice_is_read_once(folder: Path) -> None:
    os.symlink("b.log", "link.log")
    sources, warnings = find_sources(["b.log", "./b.log", "link.log"])
    assert [source.name for source in sources] == ["b.log"]
    assert len(warnings) == 2


def test_time_of_a_snapshot(folder: Path) -> None:
    want = datetime(2026, 11, 24, 2, 0, 0, 123000, UTC)
    assert time_in_name("clusters-2026-11-24T02-00-00.123Z.txt") == want
    assert time_in_name("20261124T020000Z.json") == want.replace(microsecond=0)
    assert time_in_name("clusters.txt") is None
    (source,), _ = find_inventory(["b.log@2026-11-24T02:00:00.123Z"])
    assert (source.name, source.observed_at) == ("b.log", want)
    with pytest.raises(SourceError):
        find_inventory(["b.log@later"])
