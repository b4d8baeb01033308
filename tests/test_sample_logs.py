"""The committed samples and incidents agree with their own truth; nothing of any machine is in them."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.lab import answer_key
from tests.lab.checks import is_unseen, read_truth
from tests.lab.samples import INCIDENTS, SAMPLES

ROOT = Path(__file__).parents[1]
RECORDED = [
    *(ROOT / "sample_logs" / sample.name for sample in SAMPLES),
    *(ROOT / "tests" / "incidents" / sample.name for sample in INCIDENTS),
]
#: From the right: request id, authority, upstream host, then six bare fields. No client writes behind them.
TAIL = re.compile(r'"([^"]*)" "[^"]*" "([^"]*)"(?: \S+){6}$')


def read(path: Path) -> str:
    """Return a file's text, decompressed; bytes that are not UTF-8 are kept one to one."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8", "surrogateescape")


def entries(path: Path) -> list[tuple[str, str]]:
    """Return (request id, upstream host) of each entry of an access log, text or JSON."""
    found = []
    for line in read(path).split("\n")[:-1]:
        if line.startswith("{"):
            fields = json.loads(line)
            found.append((fields["request_id"], fields["upstream_host"] or "-"))
        else:
            match = TAIL.search(line)
            assert match, line
            found.append((match[1], match[2]))
    return found


@pytest.fixture(params=RECORDED, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    """One recorded sample or incident."""
    path = request.param
    assert isinstance(path, Path)
    return path


def test_the_ingress_logs_hold_every_request_once_with_the_endpoint_that_answered(folder: Path) -> None:
    truth = {row["request_id"]: row for row in read_truth(folder) if row["kind"] != "malformed"}
    logged: dict[str, list[tuple[str, str]]] = {}
    for log in (folder / "cluster1/ingress").iterdir():
        for request, host in entries(log):
            if request != "-":
                logged.setdefault(request, []).append((log.name.partition(".")[0], host))
    # While an ingress restarts its clients are turned away, and no gateway knows of it.
    unseen = {request for request, row in truth.items() if is_unseen(row)}
    assert logged.keys() - unseen == truth.keys() - unseen
    for request, row in truth.items():
        if request in unseen:
            continue
        [(proxy, host)] = logged[request]
        assert proxy == row["proxy"]
        if row["cluster"] == "cluster1":
            assert host == f"127.1.1.{row['pod'][-1]}:8080"
        elif row["cluster"] == "cluster2":
            assert host == "127.2.0.10:15443"


def test_sidecar_logs_hold_what_their_pods_answered(folder: Path) -> None:
    truth = {row["request_id"]: row["pod"] for row in read_truth(folder)}
    for log in (folder / "cluster2/frontend").glob("*"):
        pod = log.name.partition(".")[0]
        mine = Counter(request for request, _ in entries(log))
        assert {truth[request] for request in mine} <= {pod, ""}
        assert set(mine.values()) <= {1}


def test_the_answer_key_is_made_from_the_truth(folder: Path) -> None:
    truth = json.loads(read(folder / "truth.json"))
    assert read(folder / "README.md") == answer_key.render(truth, folder)
    rows = read_truth(folder)
    assert truth["counts"]["requests"] == len(rows)
    assert truth["counts"]["by_cluster"] == dict(sorted(Counter(r["cluster"] or "none" for r in rows).items()))


def test_nothing_of_the_recording_machine_is_in_it(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            text = read(path)
            assert not re.search(r"hopline-lab-|(?<![\w.])/(?:tmp|root|home|work|Users)/", text), path
            foreign = re.findall(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", text)
            known = ("127.", "0.0.0.0", "203.0.113.", "198.51.100.")
            assert {one for one in foreign if not one.startswith(known)} == set(), path


def test_no_request_id_stands_in_two_recordings() -> None:
    ids = [{row["request_id"] for row in read_truth(folder)} for folder in RECORDED]
    assert sum(len(one) for one in ids) == len(set().union(*ids))
