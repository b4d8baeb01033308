"""The rule for endpoints that are out of line: silent on chance, not on what is really odd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import hopline
from analysis.catalog import load_catalog

HOME = Path(__file__).resolve().parents[2]


def judge(figures: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Apply the view to figures made by hand; returns service, endpoint and what is odd."""
    statement = load_catalog()["odd_endpoints"].statement
    assert statement is not None
    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pylist(figures))
    connection.execute("CREATE TABLE endpoint_figures AS SELECT * FROM rows")
    connection.execute(statement)
    return connection.sql("SELECT service, endpoint, oddities FROM odd_endpoints ORDER BY ALL").fetchall()


def draw(
    service: str,
    endpoint: str,
    chance: Random,
    *,
    requests: int,
    loss: float,
    bursts: float,
    median_ms: float,
    spread: float,
) -> dict[str, Any]:
    """Draw what an endpoint does: requests lost one by one and in bursts of five, durations lognormal."""
    alone = sum(chance.random() < loss for _ in range(requests))
    in_bursts = sum(chance.random() < bursts for _ in range(requests // 5))
    taken = [median_ms * chance.lognormvariate(0, spread) for _ in range(requests)]
    cuts = quantiles(taken, n=20)
    return {
        "service": service,
        "service_port": 80,
        "subset": None,
        "endpoint_group": "cluster1",
        "endpoint": endpoint,
        "requests": requests,
        "lost": min(requests, alone + 5 * in_bursts),
        "losing_seconds": alone + in_bursts,
        "answered": requests - alone,
        "p50_ms": cuts[9],
        "p95_ms": cuts[18],
    }


def healthy_services(count: int) -> Iterator[dict[str, Any]]:
    chance = Random(20261124)
    for number in range(count):
        loss, bursts = chance.choice([0.0, 0.001, 0.01, 0.1]), chance.choice([0.0, 0.005, 0.02])
        median_ms, spread = chance.choice([3.0, 20.0, 300.0]), chance.choice([0.3, 0.7, 1.0])
        for endpoint in range(chance.choice([2, 3, 5])):
            requests = chance.choice([25, 100, 100, 400])
            yield draw(
                f"s{number}", f"10.0.0.{endpoint}:80", chance,
                requests=requests, loss=loss, bursts=bursts, median_ms=median_ms, spread=spread,
            )  # fmt: skip


def test_a_thousand_healthy_services_are_in_line() -> None:
    assert judge(list(healthy_services(1000))) == []


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"loss": 0.06}, "failures"),
        ({"median_ms": 70.0}, "latency"),
        ({"loss": 0.06, "median_ms": 70.0}, "failures, latency"),
        ({"requests": 15, "loss": 0.5}, None),  # too few to say
        ({"median_ms": 24.0}, None),
    ],
)
def test_one_of_three_that_differs_is_found(odd: dict[str, float], expected: str | None) -> None:
    chance = Random(7)
    usual: dict[str, Any] = {"requests": 600, "loss": 0.001, "bursts": 0.0, "median_ms": 20.0, "spread": 0.5}
    figures = [draw("s", f"10.0.0.{n}:80", chance, **(usual | (odd if n == 2 else {}))) for n in range(3)]
    assert judge(figures) == ([("s", "10.0.0.2:80", expected)] if expected else [])


def test_what_all_endpoints_suffer_is_in_line() -> None:
    # As in a crash: hundreds of requests lost within two seconds, unevenly, on whichever pod was asked.
    chance = Random(7)
    usual: dict[str, Any] = {"requests": 600, "loss": 0.0, "bursts": 0.0, "median_ms": 20.0, "spread": 0.5}
    figures = [draw("s", f"10.0.0.{n}:80", chance, **usual) for n in range(3)]
    for row, lost in zip(figures, (60, 5, 3), strict=True):
        row |= {"lost": lost, "losing_seconds": 2}
    assert judge(figures) == []


@pytest.mark.parametrize(
    ("incident", "odd"),
    [
        # The pod that never answers, and that which its peers replace while it refuses connections: see their READMEs.
        ("tests/incidents/slow", [("127.1.1.1:8080", "failures")]),
        ("tests/incidents/black_hole_one", [("127.1.1.1:8080", "failures")]),
        ("tests/incidents/canary_shift", []),
        ("tests/incidents/client_errors", []),
        ("sample_logs/crash", []),
    ],
)
def test_real_pods(incident: str, odd: list[tuple[str, str]]) -> None:
    with hopline.open(HOME / incident) as session:
        rows = session.sql("SELECT endpoint, out_of_line FROM endpoints WHERE out_of_line IS NOT NULL").to_pylist()
    assert [(row["endpoint"], row["out_of_line"]) for row in rows] == odd
