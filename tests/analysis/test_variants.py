"""Incidents that nobody tuned the detector for: other rates, other shapes, several services, tiers and days.

What must be said of each is written down from how it was made. Where one instant is plain (first and last request
elsewhere), its interval must hold it and be no wider than three gaps between requests.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import Options, open_session
from tests.analysis.simulate import CLUSTER, GATEWAY, PODS, START, entry, failed, remote, unhealthy, write

Row = dict[str, Any]
Behaviour = Callable[[float, random.Random], Row]
THIRD = "127.3.0.10:15443"


def local(pods: Sequence[str] = PODS, low: int = 3, high: int = 9) -> Behaviour:
    return lambda t, chance: {"upstream_host": chance.choice(pods), "duration_ms": chance.randint(low, high)}


def mix(share: float, first: Behaviour, other: Behaviour) -> Behaviour:
    """Do `first` with the chance `share`, else `other`."""
    return lambda t, chance: (first if chance.random() < share else other)(t, chance)


def away(ms: int = 15, host: str = GATEWAY) -> Behaviour:
    return lambda t, chance: remote(upstream_host=host, duration_ms=ms)


def refused(pods: Sequence[str] = PODS) -> Behaviour:
    return lambda t, chance: failed(chance.choice(pods))


def cut(pods: Sequence[str] = PODS) -> Behaviour:
    return lambda t, chance: failed(chance.choice(pods), response_flags=["UC"])


def stages(*parts: tuple[float, Behaviour]) -> Behaviour:
    """Do each behaviour from its time on."""
    return lambda t, chance: [behave for since, behave in parts if t >= since][-1](t, chance)


@dataclass(frozen=True)
class Variant:
    name: str
    rate: float
    lasts: float
    behave: Behaviour
    #: of each failover that must be found, in time order: fields and what they must be
    failovers: tuple[dict[str, Any], ...]
    #: seconds at which the first and the last request elsewhere must have been
    instants: bool = True
    options: Options = field(default_factory=Options)
    inventory: tuple[Row, ...] = ()


def declared(*groups: tuple[str, str, int]) -> tuple[Row, ...]:
    """Return inventory rows of endpoints (address, cluster, priority) as a proxy's snapshot before everything."""
    return tuple(
        {
            "observed_at": START - timedelta(seconds=60),
            "observer_cluster_id": "cluster1",
            "upstream_cluster": CLUSTER,
            "service": "frontend.mycompany.mesh",
            "service_port": 80,
            "address": address.rpartition(":")[0],
            "port": int(address.rpartition(":")[2]),
            "cluster_id": cluster,
            "priority": priority,
            "source": "clusters.txt",
            "line": n + 1,
        }
        for n, (address, cluster, priority) in enumerate(groups)
    )


CRASH = mix(0.6, refused(), away())
TWENTY = tuple(f"10.1.0.{n}:8080" for n in range(1, 21))
COMPLETE = {"kind": "complete", "trigger": "connect_failure", "open_at_end": False, "began_before_start": False}
TIERS = declared(*((pod, "cluster1", 0) for pod in PODS), (GATEWAY, "cluster2", 1), (THIRD, "cluster3", 2))

VARIANTS = [
    Variant("crash at 2,000/s", 2000, 12, stages((0, local()), (3, CRASH), (4, away()), (8, local())), (COMPLETE,)),
    Variant(
        "crash at 0.1/s", 0.1, 20000, stages((0, local()), (5000, CRASH), (5100, away()), (12000, local())), (COMPLETE,)
    ),
    Variant(
        "one of twenty out",
        50,
        90,
        stages(
            (0, local(TWENTY)),
            (30, mix(0.02, refused(TWENTY[:1]), local(TWENTY[1:]))),
            (31, local(TWENTY[1:])),
            (60, local(TWENTY)),
        ),
        (),
    ),
    Variant(
        "seven of twenty out",
        100,
        120,
        stages(
            (0, local(TWENTY)),
            (30, mix(0.3, refused(TWENTY[:7]), local(TWENTY[7:]))),
            (31, mix(0.09, away(), local(TWENTY[7:]))),
            (80, local(TWENTY)),
        ),
        ({"kind": "partial", "trigger": "connect_failure", "open_at_end": False},),
    ),
    Variant(
        "both of two",
        40,
        90,
        stages((0, local(PODS[:2])), (30, mix(0.7, refused(PODS[:2]), away())), (30.5, away()), (50, local(PODS[:2]))),
        (COMPLETE,),
    ),
    Variant(
        "slow secondary",
        50,
        120,
        stages((0, local()), (40, CRASH), (41, away(400)), (70, local())),
        ({**COMPLETE, "p50_ms_during": 400.0},),
    ),
    Variant(
        "retries hide it",
        50,
        150,
        stages(
            (0, local(low=3, high=9)),
            (40, mix(0.07, away(), local(PODS[1:], 3, 60))),
            (50, mix(0.53, away(), local(PODS[2:], 3, 60))),
            (60, away()),
            (90, mix(0.5, away(), local())),
            (100, local()),
        ),
        ({"kind": "complete", "trigger": "ejection", "failed": 0},),
    ),
    Variant(
        "two of three out",
        50,
        150,
        stages(
            (0, local()),
            (40, mix(0.5, refused(PODS[:2]), local(PODS[2:]))),
            (41, mix(0.53, away(), local(PODS[2:]))),
            (100, local()),
        ),
        ({"kind": "partial", "trigger": "connect_failure", "secondary": "remote"},),
    ),
    Variant(
        "two, 15 minutes apart",
        10,
        1500,
        stages(
            (0, local()), (100, CRASH), (102, away()), (150, local()), (1050, CRASH), (1052, away()), (1100, local())
        ),
        (COMPLETE, COMPLETE),
        instants=False,
    ),
    Variant(
        "open at the end",
        20,
        100,
        stages((0, local()), (60, CRASH), (61, away())),
        ({**COMPLETE, "open_at_end": True},),
    ),
    Variant(
        "days away, sparse",
        0.005,
        500_000,
        stages((0, local()), (100_000, CRASH), (101_000, away()), (400_000, local())),
        (COMPLETE,),
    ),
    Variant(
        "three tiers, the second dies",
        50,
        160,
        stages(
            (0, local()),
            (40, CRASH),
            (41, away()),
            (70, lambda t, c: failed(GATEWAY)),
            (71, away(host=THIRD)),
            (110, away()),
            (130, local()),
        ),
        ({**COMPLETE, "primary": "cluster1", "secondary": "cluster2", "primary_basis": "declared"},),
        inventory=TIERS,
    ),
    Variant(
        "failback that relapses",
        50,
        200,
        stages((0, local()), (40, CRASH), (41, away()), (70, local()), (80, CRASH), (81, away()), (120, local())),
        ({**COMPLETE, "relapses": 1},),
    ),
    Variant(
        "only the failover is in the log",
        20,
        60,
        away(),
        (
            {
                "kind": "complete",
                "primary": "cluster1",
                "began_before_start": True,
                "open_at_end": True,
                "onset_latest": None,
                "full_failover_latest": None,
            },
        ),
        instants=False,
        inventory=declared((PODS[0], "cluster1", 0), (GATEWAY, "cluster2", 1)),
    ),
    Variant(
        "begins in a partial spill",
        50,
        120,
        stages((0, mix(0.07, away(), local(PODS[1:]))), (60, local())),
        ({"kind": "partial", "began_before_start": True, "onset_latest": None, "open_at_end": False},),
        instants=False,
    ),
    Variant(
        "begins in a staged failback",
        100,
        120,
        stages((0, mix(0.5, away(), local())), (10, mix(0.1, away(), local())), (20, local())),
        ({"began_before_start": True, "onset_latest": None, "first_spill_latest": None, "full_failover_latest": None},),
        instants=False,
    ),
    Variant(
        "a sick secondary",
        50,
        150,
        stages((0, local()), (40, CRASH), (41, mix(0.05, lambda t, c: failed(GATEWAY), away())), (100, local())),
        (COMPLETE,),
    ),
    Variant(
        "drained by and by",
        50,
        300,
        stages(
            (0, local()),
            (60, mix(0.25, away(), local())),
            (90, mix(0.5, away(), local())),
            (120, mix(0.75, away(), local())),
            (150, away()),
            (200, local()),
        ),
        ({"kind": "complete", "open_at_end": False, "failed": 0},),
    ),
    Variant(
        "nothing to fail over to",
        50,
        150,
        stages((0, local()), (40, refused()), (41, lambda t, c: unhealthy()), (80, local())),
        ({"kind": "outage", "secondary": None, "trigger": "connect_failure"},),
        instants=False,
    ),
    Variant("cold start", 20, 100, stages((0, local()), (0.2, local())), ()),
    Variant("connections cut now and then", 5, 600, mix(0.01, cut(), local()), ()),
]


def simulate(variant: Variant, **values: Any) -> list[Row]:
    chance = random.Random(variant.name)
    times = [(i + chance.random()) / variant.rate for i in range(int(variant.rate * variant.lasts))]
    return [entry(t, **{**variant.behave(t, chance), **values}) for t in times]


@pytest.mark.parametrize(
    "variant",
    [*VARIANTS[::2], *(pytest.param(one, marks=pytest.mark.soak) for one in VARIANTS[1::2])],
    ids=lambda v: v.name,
)
def test_variant(variant: Variant, tmp_path: Path) -> None:
    rows = simulate(variant)
    with open_session(write(tmp_path, rows, inventory=list(variant.inventory)), variant.options) as session:
        found = session.sql("SELECT * FROM failovers ORDER BY first_request_at").to_pylist()
    told = [{name: one[name] for name in expected} for one, expected in zip(found, variant.failovers, strict=False)]
    assert (len(found), told) == (len(variant.failovers), list(variant.failovers))
    if variant.instants and found:
        _check_instants(found[0], rows, timedelta(seconds=3 / variant.rate, milliseconds=20))


def _check_instants(one: Row, rows: Sequence[Row], widest: timedelta) -> None:
    elsewhere = [r["start_time"] for r in rows if r["upstream_host"] not in (*PODS, *TWENTY)]
    for name, at in (("first_spill", min(elsewhere)), ("recovered", max(elsewhere))):
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        if name == "recovered" and one["open_at_end"]:
            assert low is None
            continue
        assert low <= at <= high, f"{name}: {at} is not within {low} to {high}"
        assert high - low <= widest, f"{name}: {high - low}"


def test_of_several_services_only_one_fails_over(tmp_path: Path) -> None:
    crash = next(v for v in VARIANTS if v.name == "both of two")
    calm = Variant("calm", 40, 90, mix(0.002, refused(), local()), ())
    rows = [
        row
        for host, variant in (("a", calm), ("b", crash), ("c", calm))
        for row in simulate(variant, upstream_cluster=f"outbound|80||{host}.mesh")
    ]
    with open_session(write(tmp_path, rows)) as session:
        found = session.sql("SELECT service, kind FROM failovers").to_pylist()
    assert found == [{"service": "b.mesh", "kind": "complete"}]
