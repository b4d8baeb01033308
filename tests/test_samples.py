"""The samples against their answer keys: what the command line says is what the clients saw."""

from __future__ import annotations

import csv
import gzip
import json
import os
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.warm import warm_commands

SAMPLES = Path(__file__).parents[1] / "sample_logs"
RECORDED = sorted(path.parent.name for path in SAMPLES.glob("*/truth.json"))

#: What the story of each sample is; everything else is compared with what the clients recorded.
STORIES = {
    "crash": {"kind": "complete", "trigger": "connect_failure"},
    "scale_to_zero": {"kind": "complete", "trigger": "endpoints_removed"},
    "brownout": {"kind": "complete", "trigger": "ejection"},
}
#: A client's clock reading is taken a moment before or after Envoy's.
NEXT_DOOR = timedelta(milliseconds=5)


@cache
def _ask(verb: str, *args: str) -> list[dict[str, Any]]:
    run = warm_commands().run([verb, *args, "-f", "json"], cwd=SAMPLES.parent, env=os.environ)
    assert run.returncode == 0, run.stderr.decode()
    rows: list[dict[str, Any]] = json.loads(run.stdout)
    return rows


@cache
def _truth(sample: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / sample / "truth.json").read_text())
    return loaded


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _expected_instants(sample: str) -> dict[str, datetime | None]:
    """Return when each instant was, by the clients' record: routing shows at the start, a failure at the end."""
    seen = _truth(sample)["instants"]

    def at(name: str, which: str) -> datetime | None:
        return _moment(seen[name][which]) if seen.get(name) else None

    spill = at("first_by_cluster2", "sent_at")
    failure = at("first_failed", "answered_at")
    firsts = [moment for moment in (spill, failure) if moment]
    return {
        "onset": min(firsts),
        "first_spill": spill,
        "full_failover": at("first_by_cluster2_only", "sent_at"),
        "last_primary_error": at("last_failed", "answered_at"),
        "first_failback": at("first_by_cluster1_again", "sent_at"),
        "recovered": at("last_by_cluster2", "sent_at"),
    }


def test_every_recorded_sample_has_a_story() -> None:
    assert set(RECORDED) == set(STORIES)


@pytest.mark.parametrize(
    ("sample", "view"),
    [
        *((sample, "all") for sample in RECORDED),
        ("crash", "without inventory"),
        *(pytest.param(s, "without inventory", marks=pytest.mark.soak) for s in RECORDED if s != "crash"),
    ],
)
def test_the_failover_is_told_as_the_clients_saw_it(sample: str, view: str) -> None:
    folder = f"sample_logs/{sample}"
    args = (folder,) if view == "all" else (f"{folder}/cluster1", f"{folder}/cluster2")
    (one,) = _ask("failovers", *args)
    assert (one["primary"], one["secondary"], one["kind"]) == ("cluster1", "cluster2", STORIES[sample]["kind"])
    assert one["trigger"] == STORIES[sample]["trigger"]
    assert (one["open_at_end"], one["began_before_start"]) == (False, False)
    counts = _truth(sample)["counts"]
    assert one["failed"] == counts["failed"]
    assert one["served_by_secondary"] == counts["by_cluster"]["cluster2"]
    gap = timedelta(seconds=1 / _truth(sample)["settings"]["rate"])
    for name, moment in _expected_instants(sample).items():
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        if moment is None:
            assert (low, high) == (None, None), name
            continue
        assert _moment(low) - NEXT_DOOR <= moment <= _moment(high) + NEXT_DOOR, name
        assert _moment(high) - _moment(low) <= 3 * gap, name


@pytest.mark.parametrize("sample", RECORDED)
def test_every_request_is_attributed_to_the_pod_that_answered(sample: str) -> None:
    rows = _ask(
        "sql",
        "SELECT request_id, endpoint_group, final_endpoint, failed FROM requests WHERE gateway = 'ingress'",
        f"sample_logs/{sample}",
    )
    by_id = {row["request_id"]: row for row in rows}
    with gzip.open(SAMPLES / sample / "truth.csv.gz", "rt") as file:
        truth = list(csv.DictReader(file))
    assert len(truth) == len(by_id) == len(rows)
    for request in truth:
        row = by_id[request["request_id"]]
        pod = request["pod"]
        if not pod or pod == "none":
            assert row["failed"], request
            continue
        assert row["endpoint_group"] == request["cluster"], request
        # frontend-c2-3 listens at 127.2.1.3:8080.
        cluster, number = pod.removeprefix("frontend-c").split("-")
        assert row["final_endpoint"] == f"127.{cluster}.1.{number}:8080", request


def test_relapses_of_the_crash_are_inside_its_one_failover() -> None:
    (one,) = _ask("failovers", "sample_logs/crash")
    bursts = _truth("crash")["failed_bursts"]
    # The first burst is the crash itself; the others are ejected pods tried again.
    assert one["relapses"] == len(bursts) - 1 > 0


def test_the_articles_lines_parse_and_their_endpoints_are_not_made_up() -> None:
    rows = _ask(
        "sql",
        "SELECT service, service_port, route_name, duration_ms, endpoint, final_endpoint, endpoint_group, outcome"
        " FROM requests ORDER BY start_time",
        "sample_logs/article/ingress.log",
    )
    common = {
        "service": "frontend.mycompany.mesh",
        "service_port": 80,
        "route_name": "frontend-frontend.web-team.mgmt-cluster",
        "endpoint": None,
        "final_endpoint": None,
        "endpoint_group": None,
        "outcome": "ok",
    }
    assert rows == [{**common, "duration_ms": 81}, {**common, "duration_ms": 1937}]
