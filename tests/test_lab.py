"""The lab itself: a short live run against real Envoys, its lock, its clean-up, and its pure parts."""

from __future__ import annotations

import asyncio
import fcntl
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attribution.answers import find_answers, find_evidence
from tests.attribution.answers import read_truth as read_remote_pods
from tests.attribution.worlds import read_world
from tests.lab import config, endpoints, lock, mesh
from tests.lab.checks import check_recording, read_hosts, read_truth
from tests.lab.envoy import find_envoy
from tests.lab.errors import EnvoyMissingError, LabBusyError, LabError
from tests.lab.mesh import Settings
from tests.lab.run import run_scenario
from tests.lab.scenarios import SCENARIOS
from tests.lab.truth import Answer, describe_bursts, find_instants

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def envoy_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Skip without Envoy, or fail where HOPLINE_REQUIRE_ENVOY=1 says that it must be there.

    Another worker of this test run waits until the lab is free.
    """
    try:
        find_envoy()
    except EnvoyMissingError as error:
        if os.environ.get("HOPLINE_REQUIRE_ENVOY") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    # Workers of pytest-xdist have folders side by side.
    with (tmp_path_factory.getbasetemp().parent / "hopline-lab-tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="module")
def crash(envoy_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record a short crash with two ingress replicas."""
    out = tmp_path_factory.mktemp("lab") / "crash"
    settings = {"rate": 80.0, "replicas": 2, "base_ejection_s": 3.0, "seed": 77}
    timings = {"healthy_s": 1.5, "down_s": 3.0, "settle_s": 1.5, "limit_s": 20.0}
    asyncio.run(run_scenario("crash", out, settings, timings))
    return out


def processes_with(text: str) -> list[int]:
    """Return the processes whose command line holds `text`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


# -- a live run ---------------------------------------------------------------------------------------


@pytest.mark.envoy
def test_every_request_stands_once_in_the_ingress_logs(crash: Path) -> None:
    check_recording(crash)
    truth = read_truth(crash)
    logs = sorted((crash / "cut-final/text/cluster1/ingress").glob("*.log"))
    assert [log.stem for log in logs] == ["ingress-1", "ingress-2"]
    logged = Counter(request for log in logs for request in read_hosts([log]))
    assert logged == Counter(row["request_id"] for row in truth)
    assert len(truth) > 300


@pytest.mark.envoy
@pytest.mark.parametrize("cut", ["cut-live", "cut-final"])
def test_whoever_answered_is_found_in_the_logs(crash: Path, cut: str) -> None:
    pods = read_remote_pods(crash)
    world = read_world(crash / cut / "text")
    rows = find_answers(world, pods)
    assert len(rows) > 50
    assert [row for row in rows if row["final_endpoint"] not in (None, pods[row["request_id"]])] == []
    evidence = find_evidence(world)
    assert {row["request_id"] for row in rows} <= evidence
    assert [row for row in rows if row["final_endpoint"] is None] == []


@pytest.mark.envoy
def test_with_its_pods_gone_cluster1_answers_nothing_and_cluster2_answers(crash: Path) -> None:
    truth = json.loads((crash / "truth.json").read_text())
    rows = read_truth(crash)
    down = [r for r in rows if truth["fault_at"] < r["sent_at"] and r["answered_at"] < truth["restored_at"]]
    assert not [row for row in down if row["cluster"] == "cluster1"]
    served = [row for row in down if row["cluster"] == "cluster2"]
    assert len(served) > len(down) / 3
    instants = truth["instants"]
    order = [
        "last_by_cluster1_before",
        "first_by_cluster2",
        "first_by_cluster2_only",
        "first_by_cluster1_again",
    ]
    times = [instants[name]["sent_at"] for name in order]
    assert times == sorted(times)
    assert instants["first_by_cluster1_again"]["answered_at"] > truth["restored_at"]
    assert truth["counts"]["failed"] == sum(burst["failed"] for burst in truth["failed_bursts"]) > 0


@pytest.mark.envoy
def test_text_and_json_hold_the_same_requests(crash: Path) -> None:
    for text in (crash / "cut-final/text").rglob("*.log"):
        twin = crash / "cut-final/json" / text.relative_to(crash / "cut-final/text")
        entries = [json.loads(line) for line in twin.read_text().splitlines()]
        assert len(entries) == len(text.read_text().splitlines())
        if "eastwest" not in text.name:
            assert {entry["request_id"] for entry in entries} == set(read_hosts([text]))


@pytest.mark.envoy
def test_east_west_lines_of_open_connections_are_only_in_the_final_cut(crash: Path) -> None:
    name = "text/cluster2/eastwest/eastwest-1.log"
    live = (crash / "cut-live" / name).read_text().splitlines()
    final = (crash / "cut-final" / name).read_text().splitlines()
    assert len(final) > len(live)
    assert final[: len(live)] == live
    assert all(f" {mesh.SNI} " in line and '"- - -" 0 ' in line for line in final)


@pytest.mark.envoy
def test_inventory_tells_clusters_localities_and_priorities_and_no_path_of_this_machine(crash: Path) -> None:
    names = sorted(path.name for path in (crash / "inventory/cluster1/ingress").iterdir())
    assert len(names) == 2 * 3 * 2 + 2, names
    before = next((crash / "inventory/cluster1/ingress").glob("*before-ingress-1-clusters.txt")).read_text()
    assert f"{mesh.OUTBOUND_CLUSTER}::127.2.0.10:15443::priority::1" in before
    assert f"{mesh.OUTBOUND_CLUSTER}::127.1.1.3:8080::region::europe-west1" in before
    for path in (crash / "inventory").rglob("*"):
        if path.is_file():
            assert b"hopline-lab-" not in read_dump(path)


def read_dump(path: Path) -> bytes:
    """Return the content of a dump, decompressed."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


@pytest.mark.envoy
def test_nothing_is_left_running_and_no_folder_either(crash: Path) -> None:
    assert processes_with("hopline-lab-") == []
    assert lock.lock_path().read_text() in ("", "{}")


# -- refusals and rough ends --------------------------------------------------------------------------


@pytest.mark.envoy
def test_a_second_lab_is_refused_and_sigterm_cleans_up(envoy_here: None, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.lab", "run", "crash", "--out"]
    first = subprocess.Popen([*command, tmp_path / "one"], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert first.stderr is not None
        assert "the mesh is up" in first.stderr.readline()
        assert processes_with("hopline-lab-")
        second = subprocess.run(
            [*command, tmp_path / "two"],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert second.returncode == 1
        assert f"running already (process {first.pid}" in second.stderr
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=15) == 130
    finally:
        first.kill()
        first.wait()
    assert processes_with("hopline-lab-") == []


@pytest.mark.envoy
def test_envoys_die_with_a_killed_lab(envoy_here: None, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.lab", "run", "crash", "--out", str(tmp_path / "one")]
    lab = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert lab.stderr is not None
    assert "the mesh is up" in lab.stderr.readline()
    lab.kill()
    lab.wait()
    deadline = time.monotonic() + 5
    while processes_with("hopline-lab-") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with("hopline-lab-") == []
    with lock.hold_lock():
        pass


def test_what_a_killed_run_left_is_ended_and_strangers_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.lock.tempfile.gettempdir", lambda: str(tmp_path))
    run_dir = tmp_path / "hopline-lab-left"
    run_dir.mkdir()
    nap = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = subprocess.Popen([*nap, str(run_dir)])
    stranger = subprocess.Popen(nap)
    try:
        left = {"pid": 1, "run_dir": str(run_dir), "children": [ours.pid, stranger.pid]}
        lock.lock_path().write_text(json.dumps(left))
        with lock.hold_lock() as held:
            assert held.run_dir.is_dir()
            assert not run_dir.exists()
        assert ours.wait(timeout=5) == -signal.SIGKILL
        assert stranger.poll() is None
        assert not held.run_dir.exists()
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def test_the_lock_is_held_and_free_again_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.lock.tempfile.gettempdir", lambda: str(tmp_path))

    def hold_and_fail() -> None:
        with lock.hold_lock() as held:
            (held.run_dir / "file").touch()
            raise ZeroDivisionError

    with lock.hold_lock(), pytest.raises(LabBusyError, match=f"process {os.getpid()}"):
        hold_and_fail()
    with pytest.raises(ZeroDivisionError):
        hold_and_fail()
    with lock.hold_lock() as held:
        assert [path for path in tmp_path.glob("hopline-lab-*") if path != held.run_dir] == []


def test_a_taken_port_is_refused() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.1.0.99", 0))
        taken.listen()
        with pytest.raises(LabBusyError, match=r"127\.1\.0\.99"):
            lock.require_free([taken.getsockname()])


@pytest.mark.parametrize(("timings", "message"), [({"nap_s": 1.0}, "has no timing nap_s"), ({}, "is not empty")])
def test_wrong_calls_say_what_is_wrong(timings: dict[str, float], message: str, tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(LabError, match=message):
        asyncio.run(run_scenario("crash", tmp_path, {}, timings))


# -- pure parts ---------------------------------------------------------------------------------------


def test_endpoints_are_numbered_without_gaps() -> None:
    settings = Settings()
    full = endpoints.outbound_assignment(settings.local_pods, 3)["endpoints"]
    assert [(level.get("priority", 0), len(level["lb_endpoints"])) for level in full] == [(0, 3), (1, 1)]
    gone = endpoints.outbound_assignment((), 3)["endpoints"]
    assert [level.get("priority", 0) for level in gone] == [0]
    gateway = gone[0]["lb_endpoints"][0]
    assert gateway["metadata"]["filter_metadata"]["istio"]["workload"] == ";;;;cluster2"
    assert gone[0]["load_balancing_weight"] == 3
    assert endpoints.outbound_assignment((), 0)["endpoints"] == []


def test_only_loopback_addresses_are_configured(tmp_path: Path) -> None:
    settings, files = Settings(replicas=2), config.Files(tmp_path)
    rendered = [config.ingress_bootstrap(proxy, settings, files) for proxy in settings.ingresses]
    rendered += [config.east_west_bootstrap(settings, files), config.sidecars_bootstrap(settings, files)]

    def addresses(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["address"]] if isinstance(node.get("address"), str) else []
            return own + [one for value in node.values() for one in addresses(value)]
        return [one for value in node for one in addresses(value)] if isinstance(node, list) else []

    found = addresses(rendered)
    assert len(found) > 12
    assert [one for one in found if not one.startswith("127.")] == []


def test_every_scenario_says_what_it_does() -> None:
    assert set(SCENARIOS) >= {"scale_to_zero", "crash", "brownout", "slow", "total_outage", "client_noise"}
    for scenario in SCENARIOS.values():
        assert scenario.summary.endswith(".")
        assert {"healthy_s", "settle_s"} <= scenario.parameters.keys()


def answers(*rows: tuple[float, float, str]) -> list[Answer]:
    """Build answers from (sent, answered, pod or '') in seconds; no pod means a 503 of Envoy's own."""
    return [
        Answer(str(n), "ingress-1", "plain", "GET", "/", int(s * 1e6), int(a * 1e6), 200 if pod else 503, pod)
        for n, (s, a, pod) in enumerate(rows)
    ]


def test_instants_of_a_failover_with_a_probe_burst() -> None:
    one, two = "frontend-c1-1", "frontend-c2-1"
    seen = answers(
        *((1.0, 1.1, one), (2.0, 2.1, one), (2.9, 3.1, ""), (3.2, 3.5, two), (3.3, 3.4, ""), (4.0, 4.1, two)),
        *((8.0, 8.1, ""), (8.2, 8.3, two), (11.0, 11.1, one), (11.2, 11.3, two), (12.0, 12.1, one)),
    )
    found = find_instants(seen, 3_000_000, 10_000_000)
    picked = {name: moment and moment["request_id"] for name, moment in found.items()}
    assert picked == {
        "first_failed": "2",
        "last_failed": "6",
        "first_by_cluster2": "3",
        "last_by_cluster1_before": "1",
        "first_by_cluster2_only": "5",
        "first_by_cluster1_again": "8",
        "last_by_cluster2": "9",
    }
    assert [burst["failed"] for burst in describe_bursts(seen)] == [2, 1]


def test_a_partial_failover_has_no_turn_to_cluster2_only() -> None:
    one, two = "frontend-c1-1", "frontend-c2-1"
    seen = answers(*((n / 4, n / 4 + 0.1, two if n in (20, 37) else one) for n in range(48)))
    found = find_instants(seen, 3_000_000, 9_500_000)
    assert found["first_by_cluster2"] is not None
    turns = ("last_by_cluster1_before", "first_by_cluster2_only", "first_by_cluster1_again", "first_failed")
    assert {name: found[name] for name in turns} == dict.fromkeys(turns)
