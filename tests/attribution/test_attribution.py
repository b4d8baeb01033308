"""Who answered each request, in worlds as logs come from: never a wrong pod, and the right one where a line says it."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import analysis
from tests.attribution.answers import find_answers, find_evidence, read_truth
from tests.attribution.changes import apply
from tests.attribution.worlds import World, ask, read_world

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = tomllib.loads((HERE / "cases.toml").read_text())["case"]


def _name(case: dict[str, Any]) -> str:
    parts = [Path(case["recording"]).name, case.get("cut", ""), *case.get("changes", []), *("n" * ("networks" in case))]
    return ", ".join(filter(None, parts))


def _read(case: dict[str, Any]) -> tuple[Path, World]:
    if "cut" not in case:
        folder = ROOT / case["recording"]
        return folder, read_world(folder)
    folder = HERE / "recordings" / case["recording"]
    return folder, read_world(folder / case["cut"], folder / "inventory")


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
    truth = read_truth(folder)
    rows = find_answers(world, truth, analysis.Options(networks=networks))
    held = {row["request_id"] for row in world.entries if row["role"] == "ingress"}
    assert Counter(row["request_id"] for row in rows) == Counter(truth.keys() & held)
    assert len(rows) >= 30

    wrong = [row for row in rows if row["final_endpoint"] not in (None, truth[row["request_id"]])]
    assert wrong == []
    assert {row["final_endpoint_basis"] for row in rows} == set(case["bases"])
    if case.get("every_line"):
        evidence = find_evidence(lines)
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
