"""The detector on simulated incidents: nothing missed, nothing invented, and every instant where it belongs.

Each scenario says how requests behave over time. The truth about instants is read off the simulated rows by simple
rules that know nothing of the detector.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import Options, open_session
from tests.analysis.simulate import GATEWAY, PODS, START, entry, failed, healthy, remote, unhealthy, write

Behaviour = Callable[[float, random.Random], dict[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """How one incident behaves, and what must be said of it."""

    name: str
    behave: Behaviour
    rate: float
    lasts: float
    kind: str | None
    trigger: str | None = None
    relapses: int | None = None
    open_at_end: bool = False
    began_before_start: bool = False
    count: int = 1
    #: instants about which the plain rules of `_truth` do not say the truth
    unsure: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)


def _crash(at: float, probe: float, back: float, whole: float) -> Behaviour:
    def behave(t: float, chance: random.Random) -> dict[str, Any]:
        if t < at or t >= whole:
            return healthy(t, chance)
        if t < at + 1.0 * (whole - at) / 30 or probe <= t < probe + 1.0 * (whole - at) / 30:
            return failed(chance.choice(PODS)) if chance.random() < 0.6 else remote()
        if t < back:
            return remote()
        return healthy(t, chance) if chance.random() < 0.6 else remote()

    return behave


def _window(start: float, end: float, inside: Behaviour) -> Behaviour:
    return lambda t, chance: inside(t, chance) if start <= t < end else healthy(t, chance)


def _share(share: float) -> Behaviour:
    return lambda t, chance: remote() if chance.random() < share else healthy(t, chance)


def _always_remote(t: float, chance: random.Random) -> dict[str, Any]:
    return remote()


def _brownout(t: float, chance: random.Random) -> dict[str, Any]:
    share = 0 if t < 20 or t >= 80 else 0.07 if t < 30 else 0.53 if t < 40 else 1 if t < 60 else 0.5
    return remote() if chance.random() < share else healthy(t, chance)


def _total(t: float, chance: random.Random) -> dict[str, Any]:
    if 20 <= t < 21:
        return failed(chance.choice(PODS))
    if 30 <= t < 45:
        return failed(GATEWAY) if t < 31 else unhealthy()
    if 21 <= t < 60:
        return remote()
    return healthy(t, chance)


def _flapping(t: float, chance: random.Random) -> dict[str, Any]:
    for start, end in ((20, 40), (80, 100), (150, 170)):
        if start <= t < end:
            return failed(chance.choice(PODS)) if t < start + 1 else remote()
    return healthy(t, chance)


def _noise(t: float, chance: random.Random) -> dict[str, Any]:
    return failed(chance.choice(PODS)) if chance.random() < 0.005 else healthy(t, chance)


def _noise_then_crash(t: float, chance: random.Random) -> dict[str, Any]:
    return _crash(100, 110, 120, 130)(t, chance) if t >= 100 else _noise(t, chance)


def _storm(t: float, chance: random.Random) -> dict[str, Any]:
    return {"response_code": 429 if chance.random() < 0.5 else 404, "upstream_host": chance.choice(PODS)}


def _stray(t: float, chance: random.Random) -> dict[str, Any]:
    return remote() if 30 <= t < 30.01 else healthy(t, chance)


def _slow_pod(t: float, chance: random.Random) -> dict[str, Any]:
    pod = chance.choice(PODS)
    return {"upstream_host": pod, "duration_ms": 900 if pod == PODS[0] else 5}


def _frozen(t: float, chance: random.Random) -> dict[str, Any]:
    """Pods whose packets vanish: clients give up after two seconds, until the connections time out at last."""
    if t < 40:
        return {"response_code": 0, "response_flags": ["DC"], "duration_ms": 2000, "upstream_host": chance.choice(PODS)}
    return remote()


def _frozen_twice(t: float, chance: random.Random) -> dict[str, Any]:
    """Frozen pods; when they are tried again, requests wait in vain once more, and not one of them fails."""
    if 30 <= t < 35 or 50 <= t < 52:
        return {"response_code": 0, "response_flags": ["DC"], "duration_ms": 2000, "upstream_host": chance.choice(PODS)}
    return remote() if 30 <= t < 60 else healthy(t, chance)


def _impatient(t: float, chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.03:
        return {"response_code": 0, "response_flags": ["DC"], "duration_ms": 1500, "upstream_host": chance.choice(PODS)}
    return healthy(t, chance)


def _rolling_restart(t: float, chance: random.Random) -> dict[str, Any]:
    """Each pod refuses connections in turn for five seconds; Envoy spills a little after each."""
    for n, start in enumerate((30, 45, 60)):
        if start <= t < start + 5:
            others = [pod for i, pod in enumerate(PODS) if i != n]
            if t < start + 0.1:
                return failed(PODS[n])
            return remote() if chance.random() < 0.07 else {"upstream_host": chance.choice(others), "duration_ms": 5}
    return healthy(t, chance)


def _pod_out(since: float, until: float) -> Behaviour:
    """One of three pods is out; Envoy spills 7% meanwhile."""

    def behave(t: float, chance: random.Random) -> dict[str, Any]:
        if since <= t < until:
            return remote() if chance.random() < 0.07 else {"upstream_host": chance.choice(PODS[1:]), "duration_ms": 5}
        return healthy(t, chance)

    return behave


def _blackout(t: float, chance: random.Random) -> dict[str, Any]:
    return failed(chance.choice(PODS)) if t < 32 else unhealthy()


SCENARIOS = [
    Scenario("crash at 200/s", _crash(20, 30, 40, 50), 200, 90, "complete", "connect_failure", relapses=1),
    Scenario("crash at 20/s", _crash(20, 30, 40, 50), 20, 90, "complete", "connect_failure", relapses=1),
    Scenario("crash at 1/s", _crash(200, 260, 400, 500), 1, 700, "complete", "connect_failure"),
    Scenario("crash at 0.1/s", _crash(2000, 4000, 8000, 9000), 0.1, 12000, "complete", "connect_failure"),
    Scenario("scale to zero at 100/s", _window(20, 40, _always_remote), 100, 90, "complete", "endpoints_removed", 0),
    Scenario("scale to zero at 0.1/s", _window(3000, 6000, _always_remote), 0.1, 9000, "complete", "endpoints_removed"),
    Scenario("one of three out", _window(20, 60, _share(0.07)), 100, 120, "partial", "ejection", relapses=0),
    Scenario("one of two out", _window(20, 60, _share(0.3)), 50, 120, "partial", "ejection", relapses=0),
    Scenario("staged brownout", _brownout, 100, 120, "complete", "ejection", relapses=0),
    # UH lines count as lost too, whoever was to blame.
    Scenario("both clusters dead", _total, 50, 120, "outage", "connect_failure", unsure=("last_primary_error",)),
    Scenario("no remote, all dead", _window(30, 60, _blackout), 50, 120, "outage", "connect_failure"),
    Scenario("flapping", _flapping, 50, 240, "complete", "connect_failure", relapses=2),
    Scenario("noise before a crash", _noise_then_crash, 100, 200, "complete", "connect_failure"),
    Scenario("open at the end", _window(20, 999, _always_remote), 50, 60, "complete", open_at_end=True),
    Scenario("begins inside", _window(-1, 20, _always_remote), 50, 90, "complete", began_before_start=True),
    Scenario("two, far apart", lambda t, c: _window(20, 40, _always_remote)(t % 1500, c), 5, 3000, "complete", count=2),
    Scenario("frozen pods", _window(30, 60, _frozen), 50, 120, "complete", "timeouts", relapses=0),
    Scenario("frozen pods, tried again", _frozen_twice, 50, 120, "complete", "timeouts", relapses=1),
    Scenario("impatient clients", _impatient, 100, 120, None),
    Scenario("rolling restart", _rolling_restart, 100, 120, None),
    Scenario("one pod out", _pod_out(30, 70), 100, 120, "partial", "ejection"),
    # Of so few requests, any pod goes without one for a while, and any calm between two that spilled is long.
    Scenario("one pod restarts", _pod_out(30, 38), 100, 120, None),
    Scenario("one pod out for 12 s", _pod_out(30, 42), 100, 120, "partial", "ejection"),
    Scenario("one pod out at 1/s", _pod_out(600, 1800), 1, 2400, "partial", "ejection", relapses=0),
    Scenario("one pod out at 0.1/s", _pod_out(4000, 8000), 0.1, 20000, "partial", "ejection", relapses=0),
    Scenario("a constant leak", _share(0.003), 5, 3600, None),
    Scenario("active-active", _share(0.5), 50, 120, None),
    Scenario("active-active, uneven", _share(0.2), 50, 120, None),
    Scenario("quiet", healthy, 10, 120, None),
    Scenario("noise", _noise, 200, 120, None),
    Scenario("storm of client errors", _window(30, 60, _storm), 100, 120, None),
    Scenario("one stray request", _stray, 100, 90, None),
    Scenario("one slow pod", _slow_pod, 50, 120, None),
]  # fmt: skip


def _end(row: dict[str, Any]) -> datetime:
    return row["start_time"] + timedelta(milliseconds=row["duration_ms"])


def _is_remote(row: dict[str, Any]) -> bool:
    return row["upstream_host"] == GATEWAY


def _is_lost(row: dict[str, Any]) -> bool:
    return row["response_code"] == 503 and not _is_remote(row)


def _truth(rows: list[dict[str, Any]]) -> dict[str, datetime]:
    """Return instants by the plainest rules: first and last of their kind."""
    spilled = [r["start_time"] for r in rows if _is_remote(r)]
    lost = [_end(r) for r in rows if _is_lost(r)]
    truth: dict[str, datetime] = {}
    if spilled:
        truth["first_spill"] = min(spilled)
        truth["recovered"] = max(spilled)
    if lost:
        truth["last_primary_error"] = max(lost)
    return truth


def _run(scenario: Scenario, tmp_path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with open_session(write(tmp_path, rows), scenario.options) as session:
        return session.sql("SELECT * FROM failovers").to_pylist()


def _rows(scenario: Scenario) -> list[dict[str, Any]]:
    chance = random.Random(scenario.name)
    count = int(scenario.rate * scenario.lasts)
    # Arrivals are irregular, as real ones are, but never more than two usual gaps apart.
    times = [(i + chance.random()) / scenario.rate for i in range(count)]
    return [entry(t, **scenario.behave(t, chance)) for t in times]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_scenario(scenario: Scenario, tmp_path: Path) -> None:
    rows = _rows(scenario)
    found = _run(scenario, tmp_path, rows)
    if scenario.kind is None:
        assert found == []
        return
    assert len(found) == scenario.count
    one = found[0]
    assert one["kind"] == scenario.kind
    if scenario.trigger:
        assert one["trigger"] == scenario.trigger
    if scenario.relapses is not None:
        assert one["relapses"] == scenario.relapses
    assert one["open_at_end"] is scenario.open_at_end
    assert one["began_before_start"] is scenario.began_before_start
    if scenario.count == 1:
        _check_instants(scenario, one, rows)


def _check_instants(scenario: Scenario, one: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    truth = _truth(rows)
    for name in scenario.unsure:
        truth.pop(name)
    if scenario.open_at_end:
        assert one["recovered_latest"] is None
        truth.pop("recovered")
    if scenario.began_before_start:
        assert one["first_spill_latest"] is None
        assert one["onset_latest"] is None
        truth.pop("first_spill")
    # Three usual gaps between requests, plus the resolution of the log, plus what a request lasts.
    widest = timedelta(seconds=3 / scenario.rate, milliseconds=20)
    for name, at in truth.items():
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        assert low is not None, name
        assert low <= at <= high, f"{name}: {at} is not within {low} to {high}"
        assert high - low <= widest, f"{name}: {high - low} is wider than {widest}"
    for name in ("onset", "first_spill", "full_failover", "last_primary_error", "first_failback", "recovered"):
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        assert (low is None) == (high is None)
        if low is not None:
            assert low <= high


def _frozen_then_ejected(t: float, chance: random.Random) -> dict[str, Any]:
    """Frozen pods, ejected in the middle of a second; tried again, some requests wait in vain, the last fail soon."""
    frozen = {"response_code": 0, "response_flags": ["DC"], "duration_ms": 2000, "upstream_host": PODS[0]}
    if 30 <= t < 40.55 or 50 <= t < 50.5:
        return frozen if chance.random() < 0.8 else remote()
    if 50.5 <= t < 51:
        return failed(PODS[0], duration_ms=300)
    return remote() if 30 <= t < 60 else healthy(t, chance)


def test_requests_that_wait_in_vain_are_still_on_the_primary(tmp_path: Path) -> None:
    scenario = Scenario("frozen, then ejected", _frozen_then_ejected, 20, 120, "complete")
    rows = _rows(scenario)
    (one,) = _run(scenario, tmp_path, rows)
    early = [r for r in rows if r["start_time"] < entry(45)["start_time"]]
    stayed = max(r["start_time"] for r in early if not _is_remote(r))
    turn = min(r["start_time"] for r in early if r["start_time"] > stayed)
    assert one["full_failover_earliest"] - stayed <= timedelta(milliseconds=1)
    assert turn <= one["full_failover_latest"] <= turn + timedelta(milliseconds=1)
    assert one["relapses"] == 1
    lost = max(_end(r) for r in rows if r["response_code"] in (0, 503))
    assert lost - timedelta(milliseconds=2) <= one["last_primary_error_latest"] <= lost + timedelta(milliseconds=150)


@pytest.mark.parametrize(
    ("since", "until"), [(17, 20.3), (19.8, 20.3), (20.3, 20.8), (20.6, 24), (39, 40.2), (49.9, 55)]
)
def test_a_hole_in_the_log_widens_what_lies_next_to_it(since: float, until: float, tmp_path: Path) -> None:
    scenario = Scenario("crash with a hole", _crash(20, 30, 40, 50), 100, 90, "complete")
    rows = _rows(scenario)
    left = [dict(r) for r in rows if not since <= (r["start_time"] - START) / timedelta(seconds=1) < until]
    (one,) = _run(scenario, tmp_path, left)
    truth = _truth(rows)
    lost = [r for r in rows if _is_lost(r)]
    back = [
        r["start_time"]
        for r in rows
        if not _is_remote(r) and not _is_lost(r) and r["start_time"] > entry(35)["start_time"]
    ]
    truth["onset"] = min(truth["first_spill"], *map(_end, lost))
    truth["first_failback"] = min(back)
    stayed = max(r["start_time"] for r in lost if r["start_time"] < entry(25)["start_time"])
    truth["full_failover"] = min(r["start_time"] for r in rows if _is_remote(r) and r["start_time"] > stayed)
    hole = timedelta(seconds=until - since)
    for name, at in truth.items():
        low, high = one[f"{name}_earliest"], one[f"{name}_latest"]
        assert low <= at <= high, f"{name}: {at} is not within {low} to {high}"
        widest = hole + timedelta(milliseconds=100)
        if name == "last_primary_error":
            # Ejected pods are tried again at any time: one more error may lie in any hole after the last one known.
            widest = max(widest, entry(until)["start_time"] - low + timedelta(milliseconds=100))
        assert high - low <= widest, name


def _one_frozen(t: float, chance: random.Random) -> dict[str, Any]:
    """One pod of three frozen: its requests wait for three seconds, those of the others go on; ejected after five."""
    if 30.2 <= t < 35 and chance.random() < 1 / 3:
        return {"response_code": 0, "response_flags": ["DC"], "duration_ms": 3000, "upstream_host": PODS[0]}
    if 30.2 <= t < 60:
        return remote() if t >= 35 and chance.random() < 0.07 else {"upstream_host": PODS[1], "duration_ms": 5}
    return healthy(t, chance)


def test_the_onset_is_narrow_however_long_the_first_request_waited(tmp_path: Path) -> None:
    scenario = Scenario("one frozen", _one_frozen, 20, 120, "partial")
    rows = _rows(scenario)
    (one,) = _run(scenario, tmp_path, rows)
    first = min(_end(r) for r in rows if r["response_code"] == 0)
    assert one["onset_earliest"] <= first <= one["onset_latest"]
    assert one["onset_latest"] - one["onset_earliest"] <= timedelta(milliseconds=150)


def test_noise_does_not_move_the_onset(tmp_path: Path) -> None:
    scenario = next(s for s in SCENARIOS if s.name == "noise before a crash")
    (one,) = _run(scenario, tmp_path, _rows(scenario))
    start = entry(100)["start_time"]
    assert start - timedelta(seconds=0.1) <= one["onset_latest"] <= start + timedelta(seconds=0.2)


def test_log_mostly_taken_during_a_failover_keeps_its_primary(tmp_path: Path) -> None:
    scenario = Scenario("mostly away", _window(3, 80, _always_remote), 50, 85, "complete")
    (one,) = _run(scenario, tmp_path, _rows(scenario))
    assert (one["primary"], one["secondary"]) == ("cluster1", "remote")


def test_replicas_and_services_are_kept_apart_and_grouped(tmp_path: Path) -> None:
    crash = _crash(20, 30, 40, 50)
    rows = []
    for n, (proxy, host) in enumerate([("ingress-1", "a"), ("ingress-2", "a"), ("ingress-1", "b"), ("ingress-2", "b")]):
        chance = random.Random(n)
        for i in range(1800):
            t = (i + chance.random()) / 20
            rows.append(
                entry(
                    t,
                    **crash(t, chance),
                    proxy=proxy,
                    source=f"{proxy}.log",
                    upstream_cluster=f"outbound|80||{host}.mesh",
                )
            )
    with open_session(write(tmp_path, rows)) as session:
        failovers = session.sql("SELECT incident_id, proxy, service FROM failovers ORDER BY ALL").to_pylist()
        incidents = session.sql("SELECT failovers, services FROM incidents").to_pylist()
    assert [(f["incident_id"], f["proxy"], f["service"]) for f in failovers] == [
        ("1", "ingress-1", "a.mesh"),
        ("1", "ingress-1", "b.mesh"),
        ("1", "ingress-2", "a.mesh"),
        ("1", "ingress-2", "b.mesh"),
    ]
    assert incidents == [{"failovers": 4, "services": ["a.mesh", "b.mesh"]}]


def test_order_and_split_of_the_input_do_not_matter(tmp_path: Path) -> None:
    scenario = SCENARIOS[1]
    rows = _rows(scenario)
    (one,) = _run(scenario, tmp_path / "a", [dict(r) for r in rows])
    shuffled = [dict(r, source=f"part-{i % 7}.log", line=i + 1) for i, r in enumerate(rows)]
    random.Random(5).shuffle(shuffled)
    (other,) = _run(scenario, tmp_path / "b", shuffled)
    assert one == other


def test_a_third_of_the_lines_missing_widens_but_does_not_flip(tmp_path: Path) -> None:
    scenario = SCENARIOS[0]
    rows = _rows(scenario)
    (one,) = _run(scenario, tmp_path / "a", [dict(r) for r in rows])
    chance = random.Random(11)
    (thin,) = _run(scenario, tmp_path / "b", [dict(r) for r in rows if chance.random() > 1 / 3])
    assert (thin["kind"], thin["trigger"], thin["primary"]) == (one["kind"], one["trigger"], one["primary"])
    for name in ("onset", "first_spill", "full_failover", "first_failback", "recovered"):
        overlap_low = max(one[f"{name}_earliest"], thin[f"{name}_earliest"])
        overlap_high = min(one[f"{name}_latest"], thin[f"{name}_latest"])
        assert overlap_low <= overlap_high + timedelta(milliseconds=60), name


def test_a_given_primary_turns_the_question_round(tmp_path: Path) -> None:
    scenario = Scenario("x", _window(20, 40, _always_remote), 50, 90, None, options=Options(primary="remote"))
    found = _run(scenario, tmp_path, _rows(scenario))
    assert [(f["primary"], f["secondary"]) for f in found] == [("remote", "cluster1")] * len(found)
