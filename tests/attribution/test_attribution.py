"""Who answered each request, in worlds as logs come from: never a wrong pod, and the right one where a line says it."""

from __future__ import annotations

import csv
import gzip
import tomllib
from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import analysis
from tests.attribution.changes import apply, end_of
from tests.attribution.worlds import World, ask, read_world

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = tomllib.loads((HERE / "cases.toml").read_text())["case"]
#: Starts and durations are whole milliseconds.
FLOORED = timedelta(milliseconds=3)

_QUERY = """
SELECT request_id, final_endpoint, final_endpoint_basis, final_endpoint_candidates
FROM hops WHERE role = 'ingress' AND request_id IS NOT NULL
"""


def _name(case: dict[str, Any]) -> str:
    parts = [Path(case["recording"]).name, case.get("cut", ""), *case.get("changes", []), *("n" * ("networks" in case))]
    return ", ".join(filter(None, parts))


def _read(case: dict[str, Any]) -> tuple[Path, World]:
    if "cut" not in case:
        folder = ROOT / case["recording"]
        return folder, read_world(folder)
    folder = HERE / "recordings" / case["recording"]
    return folder, read_world(folder / case["cut"], folder / "inventory")


def _truth(folder: Path) -> dict[str, str]:
    """Return the address of the pod of cluster2 that answered, by request id, as its client saw it."""
    with gzip.open(folder / "truth.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["cluster"] == "cluster2"]
    # frontend-c2-3 listens at 127.2.1.3:8080.
    return {row["request_id"]: f"127.2.1.{row['pod'].rpartition('-')[2]}:8080" for row in rows}


def _evidence(world: World) -> set[str]:
    """Return the ids of requests with a sidecar's line, or one east-west line of their address and time."""
    connections = defaultdict(set)
    for row in world.entries:
        if row["role"] == "east_west":
            connections[row["downstream_remote_address"]].add(
                (row["start_time"], end_of(row), row["upstream_local_address"])
            )
    sidecars = {row["request_id"] for row in world.entries if row["role"] == "sidecar_inbound"}
    found = set()
    for row in world.entries:
        if row["role"] == "ingress" and row["request_id"]:
            end = end_of(row)
            spans = connections[row["upstream_local_address"]]
            near = {own for first, last, own in spans if first <= end + FLOORED and last >= end - FLOORED}
            if len(near) == 1 or row["request_id"] in sidecars:
                found.add(row["request_id"])
    return found


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_no_request_is_given_a_wrong_pod(case: dict[str, Any]) -> None:
    folder, world = _read(case)
    networks = tuple(
        analysis.Network(**{**one, "addresses": tuple(one["addresses"])}) for one in case.get("networks", [])
    )
    changes = case.get("changes", [])
    # Clocks that go wrong take no evidence away.
    lines = world
    for change in changes:
        world = apply(world, change)
        lines = lines if change.endswith(" s") else apply(lines, change)
    truth = _truth(folder)
    rows = [row for row in ask(world, _QUERY, analysis.Options(networks=networks)) if row["request_id"] in truth]
    held = {row["request_id"] for row in world.entries if row["role"] == "ingress"}
    assert Counter(row["request_id"] for row in rows) == Counter(truth.keys() & held)
    assert len(rows) >= 30

    wrong = [row for row in rows if row["final_endpoint"] not in (None, truth[row["request_id"]])]
    assert wrong == []
    assert {row["final_endpoint_basis"] for row in rows} == set(case["bases"])
    if case.get("every_line"):
        evidence = _evidence(lines)
        assert evidence & {row["request_id"] for row in rows}
        assert [row for row in rows if row["request_id"] in evidence and row["final_endpoint"] is None] == []
    if case.get("candidates"):
        named = [row for row in rows if row["final_endpoint_basis"] == "window"]
        missing = [row for row in named if truth[row["request_id"]] not in row["final_endpoint_candidates"]]
        assert missing == []


def test_a_connection_whose_line_is_written_every_second_counts_once() -> None:
    _, world = _read({"recording": "three_replicas", "cut": "ended"})
    count = "SELECT count(*) AS n FROM east_west_connections"
    once = ask(world, count)
    assert ask(apply(world, "lines written every second"), count) == once
    assert once[0]["n"] > 10
