"""Lines that two shippers collected count once; what a proxy wrote twice counts twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.store import verify_store
from tests.ingest.lines import istio_line
from tests.store.world import World, expect, make_lines


def check_accounts(world: World) -> dict[str, dict[str, int]]:
    """Return the others of each source by its file's name; every entry is accounted for."""
    found = {}
    for row in world.ask("SELECT * FROM sources"):
        others = dict(row["others"])
        assert row["entries_read"] == row["access_log_rows"] + row["rejected"] + sum(others.values())
        rows = world.ask(f"SELECT count(*) AS n FROM access_log WHERE source = '{row['source']}'")
        assert rows == [{"n": row["access_log_rows"]}]
        found[Path(row["source"]).name] = others
    return found


def test_overlapping_collections_of_one_proxy_count_once(world: World) -> None:
    first = world.write("ingress/ingress-1.log", make_lines(0, 60))
    second = world.write("again/ingress/ingress-1.log.1", make_lines(40, 60))
    world.ingest(first)
    (outcome,) = world.ingest(second).outcomes
    assert (outcome.status, outcome.rows, outcome.duplicates) == ("added", 40, 20)
    assert world.paths() == expect(range(100))
    assert check_accounts(world)["ingress-1.log.1"] == {"duplicate": 20}
    assert not verify_store(world.store)


def test_the_same_lines_in_another_envelope(world: World) -> None:
    text = make_lines(0, 30)
    wrapped = "".join(
        json.dumps({"log": line + "\n", "stream": "stdout", "kubernetes": {"pod_name": "ingress-1"}}) + "\n"
        for line in text.splitlines()
    )
    world.ingest(world.write("ingress/ingress-1.log", text))
    world.ingest(world.write("shipper/all.jsonl", wrapped))
    assert world.ask("SELECT DISTINCT proxy FROM access_log") == [{"proxy": "ingress-1"}]
    assert check_accounts(world)["all.jsonl"] == {"duplicate": 30}


def test_lines_of_other_proxies_are_others(world: World) -> None:
    world.ingest(world.write("ingress/ingress-1.log", make_lines(0, 30)))
    world.ingest(world.write("ingress/ingress-2.log", make_lines(99, 1) + make_lines(0, 30)))
    assert len(world.paths()) == 61


def test_equal_lines_without_an_id_are_legitimate(world: World) -> None:
    line = istio_line(flags="NR", code=404, request_id="-", host="-", cluster="-", route="-") + "\n"
    world.ingest(world.write("ingress/ingress-1.log", make_lines(0, 3) + line * 3))
    world.ingest(world.write("ingress/ingress-1.log.1", line * 2 + make_lines(10, 3)))
    assert world.ask("SELECT count(*) AS n FROM access_log WHERE response_code = 404") == [{"n": 5}]


@pytest.mark.parametrize(("count", "kept"), [(19, 38), (40, 40)])
def test_long_runs_without_ids_are_the_same_lines(world: World, count: int, kept: int) -> None:
    run = make_lines(0, count).replace("-53c1-4c0f-9a5e-4a9d0d3b7c11", "")
    lines = "".join(line.replace(f'"{n:08x}"', '"-"') + "\n" for n, line in enumerate(run.splitlines()))
    world.ingest(world.write("ingress/ingress-1.log", make_lines(500, 1) + lines))
    world.ingest(world.write("ingress/ingress-1.log.1", lines + make_lines(600, 1)))
    assert world.ask("SELECT count(*) AS n FROM access_log WHERE request_id IS NULL") == [{"n": kept}]
    check_accounts(world)


def test_forgetting_a_holder_brings_its_lines_back(world: World) -> None:
    first = world.write("ingress/ingress-1.log", make_lines(0, 30))
    second = world.write("again/ingress/ingress-1.log", make_lines(20, 30))
    third = world.write("more/ingress/ingress-1.log", make_lines(10, 30))
    for log in (first, second, third):
        world.ingest(log)
    assert world.paths() == expect(range(50))
    world.forget(first)
    assert world.paths() == expect(range(10, 50))
    world.forget(second)
    assert world.paths() == expect(range(10, 40))
    check_accounts(world)


def test_reading_a_holder_again_does_not_lose_lines(world: World) -> None:
    first = world.write("ingress/ingress-1.log", make_lines(0, 30))
    world.ingest(first)
    world.ingest(world.write("again/ingress/ingress-1.log", make_lines(20, 30)))
    assert world.statuses(first, log_format="[%START_TIME%] no such line %PROTOCOL%") == ["read_again"]
    assert world.paths() == expect(range(50))


def test_relabelled_as_another_proxy_they_are_no_duplicates(world: World) -> None:
    world.ingest(world.write("ingress/ingress-1.log", make_lines(0, 30)))
    second = world.write("again/ingress/ingress-1.log", make_lines(20, 30))
    world.ingest(second)
    assert world.statuses(f"west/ingress={second}") == ["relabelled"]
    assert len(world.paths()) == 60
