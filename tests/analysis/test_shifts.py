"""Shifts: lasting changes of a split, told where they were, and none where there was none."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import open_session
from analysis.shifts.changes import Bin, find_changes
from tests.analysis.simulate import CLUSTER, PODS, START, entry, failed, healthy, remote, write

Row = dict[str, Any]
V2 = CLUSTER.replace("||", "|v2|")


def _run(rows: list[Row], folder: Path, **tables: list[Row]) -> list[Row]:
    with open_session(write(folder, rows, **tables)) as session:
        return session.sql("SELECT * FROM shifts").to_pylist()


def _ask(rate: float, lasts: float, behave: Callable[[float, random.Random], Row], **values: Any) -> list[Row]:
    chance = random.Random(f"{rate} {lasts} {values}")
    times = [(i + chance.random()) / rate for i in range(int(rate * lasts))]
    return [entry(t, **{**behave(t, chance), **values}) for t in times]


def _split(*stages: tuple[float, float]) -> Callable[[float, random.Random], Row]:
    """Send the share given from each time on to the other cluster."""

    def behave(t: float, chance: random.Random) -> Row:
        share = [share for since, share in stages if t >= since][-1]
        return remote() if chance.random() < share else healthy(t, chance)

    return behave


def _check(shift: Row, at: float, away: str, towards: str, widest: float) -> None:
    moment = START + timedelta(seconds=at)
    assert (shift["away_from"], shift["towards"]) == (away, towards)
    assert shift["earliest"] <= moment <= shift["latest"]
    assert shift["latest"] - shift["earliest"] <= timedelta(seconds=widest)


def test_a_changed_split_of_two_groups_is_a_shift_and_no_failover(tmp_path: Path) -> None:
    rows = _ask(20, 300, _split((0, 0.5), (100, 0.8), (200, 0.3)))
    first, second = _run(rows, tmp_path)
    _check(first, 100, "cluster1", "remote", 15)
    _check(second, 200, "remote", "cluster1", 15)
    assert first["kind"] == "split"
    assert first["towards_share_before"] == pytest.approx(0.5, abs=0.05)
    assert first["towards_share_after"] == pytest.approx(0.8, abs=0.05)
    with open_session(write(tmp_path / "again", rows)) as session:
        assert session.sql("SELECT * FROM failovers").num_rows == 0


def test_distributed_services_shift_even_when_one_group_serves_alone(tmp_path: Path) -> None:
    told = {
        "kind": "DestinationRule",
        "namespace": "web",
        "name": "frontend",
        "host": "frontend.mycompany.mesh",
        "setting": "trafficPolicy.loadBalancer.localityLbSetting.distribute[0].from",
        "value": "eu/*",
        "source": "rules.yaml",
        "line": 9,
    }
    rows = _ask(20, 200, _split((0, 0.2), (100, 0)))
    (shift,) = _run(rows, tmp_path, mesh_config=[told])
    _check(shift, 100, "remote", "cluster1", 20)


def test_a_canary_is_told_stage_by_stage(tmp_path: Path) -> None:
    def behave(t: float, chance: random.Random) -> Row:
        share = 0 if t < 60 else 0.1 if t < 120 else 0.5
        return {**healthy(t, chance), "upstream_cluster": V2 if chance.random() < share else CLUSTER}

    first, second = _run(_ask(20, 200, behave), tmp_path)
    _check(first, 60, "no subset", "v2", 15)
    _check(second, 120, "no subset", "v2", 10)
    assert {first["kind"], second["kind"]} == {"subset"}


def _ingress(name: str, rate: float, lasts: float, since: float = 0) -> list[Row]:
    rows = _ask(rate, lasts, healthy, cluster_id=name, gateway="ingress", proxy=f"{name}-1", source=f"{name}.log")
    return [{**row, "start_time": row["start_time"] + timedelta(seconds=since)} for row in rows]


def test_an_ingress_that_falls_while_another_rises_is_a_failover_one_level_up(tmp_path: Path) -> None:
    rows = [
        *_ingress("east", 20, 120),
        *_ingress("west", 10, 120),
        *_ingress("west", 30, 120, since=120),
    ]
    (shift,) = _run(rows, tmp_path)
    assert shift["kind"] == "ingress"
    _check(shift, 120, "east/ingress", "west/ingress", 5)
    assert (shift["cluster_id"], shift["proxy"]) == (None, None)
    assert (shift["before_source"], shift["source"]) == ("east.log", "west.log")


@pytest.mark.parametrize(
    "rows",
    [
        # One ingress loses its clients, and nobody else gets them.
        lambda: [*_ingress("east", 20, 120), *_ingress("east", 2, 120, since=120), *_ingress("west", 10, 240)],
        # The whole load drops.
        lambda: [
            r for n, e in (("east", 20), ("west", 10)) for r in _ingress(n, e, 120) + _ingress(n, e / 10, 90, 120)
        ],
        # Two logs that follow each other may be all that was kept.
        lambda: [*_ingress("east", 20, 120), *_ingress("west", 20, 120, since=120)],
        lambda: _ask(2, 1200, _split((0, 0))),
        lambda: _ask(20, 300, _split((0, 0.5))),
        # A failover, and a partial one.
        lambda: _ask(20, 240, _split((0, 0), (60, 1), (120, 0))),
        lambda: _ask(20, 240, _split((0, 0), (60, 0.07), (120, 0))),
        lambda: _ask(20, 120, lambda t, c: failed(c.choice(PODS)) if 60 <= t < 62 else healthy(t, c)),
    ],
    ids=["lost clients", "load drop", "two logs", "quiet", "even split", "failover", "partial failover", "errors"],
)
def test_no_shift_is_invented(rows: Callable[[], list[Row]], tmp_path: Path) -> None:
    assert _run(rows(), tmp_path) == []


def test_bursts_of_one_client_are_no_change_of_share() -> None:
    chance = random.Random(4)
    # Each second belongs to one client, which always asks for the same thing.
    bins = [Bin(i * 1_000_000, (30, 0) if chance.random() < 0.5 else (0, 30)) for i in range(300)]
    assert find_changes(bins, least_requests=20, least_us=5_000_000) == []
