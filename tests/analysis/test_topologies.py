"""Two remote clusters, flat networks, subsets and ports kept apart, logs that begin in the midst, high rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from analysis import Network, Options, open_session
from ingest import schema
from tests.analysis.mesh_model import Fault, Settings
from tests.analysis.mesh_model import simulate as model
from tests.analysis.simulate import GATEWAY, PODS, START, Files, write, write_files
from tests.analysis.test_variants import (
    CRASH,
    THIRD,
    Behaviour,
    Variant,
    away,
    declared,
    local,
    mix,
    refused,
    stages,
)
from tests.analysis.test_variants import simulate as draw

FLAT = ("127.2.1.1:8080", "127.2.1.2:8080", "127.2.1.3:8080")
NETWORKS = (
    Network("network1", cluster="cluster1", cidrs=("127.1.0.0/16",)),
    Network("network2", cluster="cluster2", cidrs=("127.2.0.0/16",)),
)


def either(first: Behaviour, other: Behaviour) -> Behaviour:
    return mix(0.5, first, other)


TWO_REMOTES = stages(
    (0, local()),
    (30, mix(0.6, refused(), either(away(), away(host=THIRD)))),
    (31, either(away(), away(host=THIRD))),
    # One of the two dies as well, and is ejected after a moment.
    (50, either(refused((GATEWAY,)), away(host=THIRD))),
    (51, away(host=THIRD)),
    (70, local()),
)
FLAT_CRASH = stages(
    (0, local()), (30, mix(0.6, refused(), local(FLAT, 12, 20))), (31, local(FLAT, 12, 20)), (60, local())
)
COMPLETE = {"primary": "cluster1", "kind": "complete", "trigger": "connect_failure", "open_at_end": False}

TOPOLOGIES = [
    Variant("two remote clusters, nothing declared", 50, 110, TWO_REMOTES, ({**COMPLETE, "secondary": "remote"},)),
    Variant(
        "two remote clusters, named by their addresses",
        50,
        110,
        TWO_REMOTES,
        ({**COMPLETE, "primary_basis": "caller_cluster", "secondary": "cluster3"},),
        options=Options(
            networks=(
                Network("network2", cluster="cluster2", addresses=(GATEWAY,)),
                Network("network3", cluster="cluster3", addresses=(THIRD,)),
            )
        ),
    ),
    Variant(
        "a flat network, by CIDR",
        50,
        100,
        FLAT_CRASH,
        ({**COMPLETE, "primary_basis": "caller_cluster", "secondary": "cluster2"},),
        options=Options(networks=NETWORKS),
    ),
    Variant(
        "a flat network, by a snapshot",
        50,
        100,
        FLAT_CRASH,
        ({**COMPLETE, "primary_basis": "declared", "secondary": "cluster2"},),
        inventory=declared(*((pod, "cluster1", 0) for pod in PODS), *((pod, "cluster2", 1) for pod in FLAT)),
    ),
    # Nothing tells the pods of two clusters apart, so that nothing is claimed.
    Variant("a flat network, nothing declared", 50, 100, FLAT_CRASH, ()),
]


@pytest.mark.parametrize("variant", TOPOLOGIES, ids=lambda v: v.name)
def test_topology(variant: Variant, tmp_path: Path) -> None:
    rows = draw(variant)
    with open_session(write(tmp_path, rows, inventory=list(variant.inventory)), variant.options) as session:
        found = session.sql("SELECT * FROM failovers").to_pylist()
    told = [{name: one[name] for name in expected} for one, expected in zip(found, variant.failovers, strict=False)]
    assert (len(found), told) == (len(variant.failovers), list(variant.failovers))
    elsewhere = [r["start_time"] for r in rows if r["upstream_host"] not in PODS and r["response_code"] == 200]
    for one in found:
        assert one["first_spill_earliest"] <= min(elsewhere) <= one["first_spill_latest"]
        assert one["recovered_earliest"] <= max(elsewhere) <= one["recovered_latest"]


@pytest.mark.parametrize(
    ("sick", "well"),
    [("outbound|80|v1|a.mesh", "outbound|80|v2|a.mesh"), ("outbound|80||a.mesh", "outbound|8443||a.mesh")],
)
def test_subsets_and_ports_are_kept_apart(sick: str, well: str, tmp_path: Path) -> None:
    crash = Variant("crash", 20, 90, stages((0, local()), (30, CRASH), (31, away()), (50, local())), ())
    calm = Variant("calm", 20, 90, local(), ())
    rows = [*draw(crash, upstream_cluster=sick), *draw(calm, upstream_cluster=well)]
    with open_session(write(tmp_path, rows)) as session:
        (one,) = session.sql("SELECT service, service_port, subset, kind FROM failovers").to_pylist()
    _, port, subset, service = sick.split("|")
    assert one == {"service": service, "service_port": int(port), "subset": subset or None, "kind": "complete"}


SETTINGS = Settings(40, 100, outlier_interval_s=1, base_ejection_s=3, seed=3)
FLAPPING = [Fault(PODS, "refuses", since, since + 6) for since in (20, 38, 56)]
STAGED = [Fault([pod], "refuses", 20, 40 + 6 * n) for n, pod in enumerate(PODS)]


@pytest.mark.parametrize("faults", [FLAPPING, STAGED], ids=["flapping", "staged failback"])
def test_a_log_cut_in_the_midst_invents_no_beginning(faults: Sequence[Fault], tmp_path: Path) -> None:
    """Each of some proxies saw the same; of each, another part of the log's beginning is lost."""
    run = model(SETTINGS, faults)
    heads = [0.0, *(20.3 + 1.9 * n for n in range(24))]
    rows = [
        {**row, "proxy": f"ingress-{n}", "source": f"ingress-{n}.log"}
        for n, head in enumerate(heads)
        for row in run
        if row["start_time"] >= START + timedelta(seconds=head)
    ]
    with open_session(write(tmp_path, rows)) as session:
        found = {one["proxy"]: one for one in session.sql("SELECT * FROM failovers").to_pylist()}
    whole = found["ingress-0"]
    assert whole["kind"] == "complete"
    faulty = []
    for n, head in enumerate(heads[1:], 1):
        one = found.get(f"ingress-{n}")
        away_left = [
            r for r in run if r["upstream_host"] == GATEWAY and r["start_time"] >= START + timedelta(seconds=head)
        ]
        if one is None:
            assert len(away_left) < 20, head
            continue
        began = START + timedelta(seconds=head)
        calm = sum(began <= r["start_time"] < one["first_request_at"] for r in run)
        # What is told of the beginning is that of the whole, or that of a relapse after the primary served alone: when
        # all pods are taken back to be tried again, it does for a moment.
        if one["began_before_start"] and not (one["onset_latest"] is one["first_spill_latest"] is None):
            faulty.append(f"{head}: an onset before the log")
        if not one["began_before_start"] and calm < 10 and not _touch(one, whole, "onset"):
            faulty.append(f"{head}: invents an onset after {calm} requests")
        if one["began_before_start"] and one["full_failover_latest"] and not _touch(one, whole, "full_failover"):
            faulty.append(f"{head}: full failover at {one['full_failover_latest'] - START}")
    assert faulty == []


def _touch(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    low, high = f"{name}_earliest", f"{name}_latest"
    return bool(one[low] and other[low] and one[low] <= other[high] and other[low] <= one[high])


@dataclass(frozen=True)
class Fast:
    """A crash at a high rate: 60% of the requests are lost for a second, then the other cluster serves."""

    rate: int
    lasts: int
    crash: int
    back: int


#: `h` is a hash of the number of the request: its digits are dice.
_FAST = """
SELECT
    $start::TIMESTAMPTZ + to_milliseconds((i * 1000) // $rate) AS start_time,
    CASE fate WHEN 'lost' THEN 503 ELSE 200 END AS response_code,
    CASE fate WHEN 'lost' THEN ['URX', 'UF'] ELSE []::VARCHAR[] END AS response_flags,
    CASE fate WHEN 'away' THEN 15 ELSE 5 END AS duration_ms,
    CASE fate WHEN 'away' THEN $gateway ELSE format('127.1.1.{}:8080', 1 + h // 7 % 3) END AS upstream_host,
    'outbound|80||frontend.mycompany.mesh' AS upstream_cluster,
    'http' AS log_kind, false AS ambiguous, 'ingress-1.log' AS source, i + 1 AS line,
    'cluster1' AS cluster_id, 'ingress' AS gateway, 'ingress-1' AS proxy, 'ingress' AS role
FROM (
    SELECT
        i, hash(i) AS h,
        CASE
            WHEN i < $crash * $rate OR i >= $back * $rate THEN 'well'
            WHEN i < ($crash + 1) * $rate AND hash(i) % 100 < 60 THEN 'lost'
            ELSE 'away'
        END AS fate
    FROM range($lasts * $rate) AS numbers (i)
)
"""


def _write_fast(fast: Fast, folder: Path) -> tuple[Files, dict[str, datetime]]:
    """Write the log by DuckDB, and return it with the truth about its instants."""
    sources = [{"source": "ingress-1.log", "formats": ["istio_text"]}]
    files = write_files(folder, sources=sources)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("nothing", schema.ACCESS_LOG.empty_table())
        given = {**vars(fast), "start": START.isoformat(), "gateway": GATEWAY}
        table = connection.execute(f"SELECT * FROM nothing UNION ALL BY NAME ({_FAST})", given).to_arrow_table()
        connection.register("rows", table)
        names = ("first_spill", "recovered", "onset", "last_primary_error")
        row = connection.execute(
            "SELECT min(epoch_us(start_time)) FILTER (away), max(epoch_us(start_time)) FILTER (away),"
            " least(min(epoch_us(start_time)) FILTER (away), min(ended) FILTER (NOT away AND response_code = 503)),"
            " max(ended) FILTER (response_code = 503)"
            " FROM rows, LATERAL ("
            " SELECT upstream_host = $gateway AS away, epoch_us(start_time) + duration_ms * 1000 AS ended)",
            {"gateway": GATEWAY},
        ).fetchone()
    assert row
    pq.write_table(table.cast(schema.ACCESS_LOG), folder / "fast.parquet")
    epoch = datetime(1970, 1, 1, tzinfo=START.tzinfo)
    truth = {name: epoch + timedelta(microseconds=at) for name, at in zip(names, row, strict=True)}
    return replace(files, access_log=(folder / "fast.parquet",)), truth


@pytest.mark.parametrize(
    "fast",
    [Fast(5000, 60, 20, 40), pytest.param(Fast(10_000, 40, 10, 25), marks=pytest.mark.soak)],
    ids=lambda f: f"{f.rate}/s",
)
def test_high_rates(fast: Fast, tmp_path: Path) -> None:
    files, truth = _write_fast(fast, tmp_path)
    with open_session(files) as session:
        (one,) = session.sql("SELECT * FROM failovers").to_pylist()
    assert (one["kind"], one["trigger"], one["relapses"]) == ("complete", "connect_failure", 0)
    # Three gaps between requests, and the log's own resolution of a millisecond at either end.
    widest = timedelta(seconds=3 / fast.rate, milliseconds=3)
    for name, at in truth.items():
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        assert low <= at <= high, f"{name}: {at} is not within {low} to {high}"
        assert high - low <= widest, f"{name}: {high - low}"
