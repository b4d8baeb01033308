"""Checks against real recordings, and against traffic whose split is known."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

import hopline
from analysis import open_session
from ingest.formats import custom_format, load_formats
from ingest.mesh_formats import find_formats
from tests.analysis.simulate import CLUSTER, GATEWAY, PODS, START, traffic, write

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"
FINDINGS = "SELECT * FROM findings WHERE check_id = $check"


@pytest.mark.parametrize("incident", ["crash", "brownout", "scale_to_zero"])
def test_real_envoys_divide_and_count_as_they_should(incident: str) -> None:
    with hopline.open(SAMPLES / incident) as session:
        assert session.sql(FINDINGS, {"check": "priority_split"}).num_rows == 0
        assert session.sql(FINDINGS, {"check": "missing_lines"}).num_rows == 0
        counted = session.sql("SELECT sum(counted) AS counted, sum(held) AS held FROM counted_requests").to_pylist()[0]
    # Nothing but what was under way at a snapshot may differ.
    assert counted["counted"] > 1000
    assert abs(counted["counted"] - counted["held"]) <= 5


def test_lines_that_were_sampled_away_are_missed(tmp_path: Path) -> None:
    folder = tmp_path / "crash"
    shutil.copytree(SAMPLES / "crash", folder, ignore=shutil.ignore_patterns("frontend", "eastwest", "truth*"))
    log = folder / "cluster1" / "ingress" / "ingress-1.log"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(line for number, line in enumerate(lines) if number % 2))
    with hopline.open(folder) as session:
        found = session.sql(FINDINGS, {"check": "missing_lines"}).to_pylist()
    assert [(row["severity"], row["subject"]) for row in found] == [("warning", "cluster1/ingress")]
    # rq_success in the snapshots: 1527 + 1532 + 1396 + 2531 after, 160 + 188 + 152 + 0 before.
    assert found[0]["message"].startswith("Envoy counted 6486 answers between two snapshots, but only 32")


def split(share: float) -> Callable[[float, Random], dict[str, Any]]:
    """Serve from three pods, and from ten seconds on `share` of the requests from the other cluster."""

    def behave(t: float, chance: Random) -> dict[str, Any]:
        if t > 10 and chance.random() < share:
            return {"upstream_host": GATEWAY}
        return {"upstream_host": PODS[chance.randrange(1 if t > 10 else 0, 3)]}

    return behave


@pytest.mark.parametrize(("share", "findings"), [(0.07, 0), (0.09, 0), (0.0, 1), (0.3, 1)])
def test_one_of_three_ejected_spills_seven_percent(share: float, findings: int, tmp_path: Path) -> None:
    members = [(*endpoint.split(":"), 1 if endpoint == GATEWAY else 0) for endpoint in (*PODS, GATEWAY)]
    seen_by = {"observer_cluster_id": "cluster1", "observer_gateway": "ingress", "upstream_cluster": CLUSTER}
    inventory = [
        {**seen_by, "observed_at": START, "address": address, "port": int(port), "priority": priority}
        | {"health": "healthy", "ejected": False, "source": "clusters.txt", "line": line}
        for line, (address, port, priority) in enumerate(members, 1)
    ]
    ejection = {**seen_by, "time": START + timedelta(seconds=10), "action": "eject", "enforced": True}
    ejection |= {"address": PODS[0].split(":")[0], "port": 8080, "type": "5xx", "source": "events.log", "line": 1}
    files = write(tmp_path, traffic(50, 60, split(share)), inventory=inventory, outlier_events=[ejection])
    with open_session(files) as session:
        found = session.sql(FINDINGS, {"check": "priority_split"}).to_pylist()
        health = session.sql("SELECT healthy, predicted_percent FROM priority_splits WHERE priority = 0 ORDER BY since")
    assert health.to_pylist() == [
        {"healthy": 3, "predicted_percent": 100},
        {"healthy": 2, "predicted_percent": 93},
    ]
    assert len(found) == findings


def test_the_settings_that_are_printed_are_what_they_should_be(tmp_path: Path) -> None:
    with open_session(write(tmp_path, traffic(1, 5, split(0)))) as session:
        printed = session.sql("SELECT DISTINCT yaml FROM findings WHERE yaml IS NOT NULL").column("yaml").to_pylist()
    text = next(one for one in printed if "extensionProviders" in one)
    mesh, telemetry = yaml.safe_load_all(text)
    provider = mesh["meshConfig"]["extensionProviders"][0]
    assert telemetry["spec"]["accessLogging"][0]["providers"] == [{"name": provider["name"]}]
    (found,) = find_formats(text, "printed.yaml")
    keys = custom_format(found.text).keys
    assert keys["upstream_request_attempt_count"] == "upstream_request_attempt_count"
    assert keys["request_id"] == "request_id"


def test_nothing_is_left_unsaid_whatever_the_lines(tmp_path: Path) -> None:
    # Lines of every known format, most of which leave something out; format() of a NULL would be NULL.
    folder = tmp_path / "cluster1" / "ingress"
    folder.mkdir(parents=True)
    for known in load_formats():
        (folder / f"{known.name}.log").write_text("".join(sample.line.rstrip("\n") + "\n" for sample in known.samples))
    with hopline.open(tmp_path) as session:
        assert session.sql("SELECT * FROM findings").num_rows > 0
        assert session.sql("SELECT * FROM failover_reasons").num_rows > 4
        assert session.sql("SELECT * FROM findings WHERE message IS NULL OR remedy IS NULL").num_rows == 0
        assert session.sql("SELECT * FROM failover_reasons WHERE sentence IS NULL").num_rows == 0
        assert session.sql("SELECT * FROM checks WHERE status = 'not_checked' AND needs IS NULL").num_rows == 0
