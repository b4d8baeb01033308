"""The simulator held against the lab: incidents that both have, told alike and logged alike.

The model rolls dice, and so does Envoy: what the recording shows must lie within what some runs of the model show, give
or take what Envoy's own settings leave open.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analysis import Session, open_session
from tests.analysis.mesh_model import MERGE_WINDOW_S, Fault, Settings, simulate
from tests.analysis.metamorphoses import HOME, INSTANTS, read
from tests.analysis.simulate import GATEWAY, PODS, START, write
from tests.bench import day
from tests.scoreboard.truth import read_record

SEEDS = range(1, 7)
TWINS = {
    Path(one["incident"]).name: one
    for one in tomllib.loads((Path(__file__).parent / "mesh_model.toml").read_text())["twin"]
}
#: A crash and a black hole; the others are soaked.
QUICK = ("crash_20", "black_hole_one")
#: A clock in Python, sockets and threads: what the lab itself takes to do something.
LAB_S = 0.25
#: Requests lost: as many by this factor, or by so many requests.
FACTOR, FEW = 2.5, 5
#: What is rarer among the requests that were not answered, or comes less often in a run than FEW times, is left out.
RARE = 0.03

_LINES = """
SELECT
    -- Where a run reaches one group only, its log alone does not say which.
    CASE group_role WHEN 'unknown' THEN 'primary' ELSE group_role END AS group_role, outcome,
    array_to_string(list_sort(response_flags), ',') AS flags, response_code, response_code_details,
    upstream_transport_failure_reason, upstream_host IS NULL AS no_host,
    upstream_local_address IS NULL AS no_connection,
    upstream_service_time_ms IS NULL AS no_answer, bytes_sent, count(*)::INTEGER AS lines
FROM requests
WHERE role = 'ingress' AND service IS NOT NULL AND outcome <> 'ok'
GROUP BY ALL
"""


@dataclass(frozen=True)
class Telling:
    """What hopline tells of one run: failovers by the fields compared, seconds from the first request, its phases."""

    failover: Mapping[str, Any] | None
    instants: Mapping[str, float]
    phases: tuple[str, ...]


def _tell(session: Session, proxy: str, began: datetime) -> Telling:
    rows = session.sql("SELECT * FROM failovers WHERE proxy = $proxy", {"proxy": proxy}).to_pylist()
    assert len(rows) <= 1
    if not rows:
        return Telling(None, {}, ())
    instants = {n: (rows[0][f"{n}_latest"] - began) / timedelta(seconds=1) for n in INSTANTS if rows[0][f"{n}_latest"]}
    phases = session.sql(
        "SELECT phase FROM failover_phases WHERE failover_id = $id ORDER BY seq", {"id": rows[0]["failover_id"]}
    )
    return Telling(rows[0], instants, tuple(phases["phase"].to_pylist()))


@dataclass(frozen=True)
class Pair:
    """One incident as it was recorded and as the model makes it, with the lines of requests that were not answered."""

    name: str
    settings: Settings
    fates: frozenset[str]
    lab: Telling
    model: Sequence[Telling]
    lab_lines: Sequence[Mapping[str, Any]]
    model_lines: Sequence[Mapping[str, Any]]


@cache
def _pair(name: str, work: Path) -> Pair:
    twin = TWINS[name]
    folder = HOME / twin["incident"]
    told = json.loads((folder / "truth.json").read_text())
    began = min(one.sent for one in read_record(folder).requests)
    at = [(datetime.fromisoformat(action["at"]) - began) / timedelta(seconds=1) for action in told["actions"]]
    known = {key: value for key, value in told["settings"].items() if key in Settings.__dataclass_fields__}
    settings = Settings(**{**known, "lasts": at[-1], "seed": 0})
    faults = [
        Fault(
            [GATEWAY] if one["cluster"] == 2 else [PODS[n - 1] for n in one.get("pods", (1, 2, 3))],
            one["fate"],
            at[one["from"]],
            at[one["until"]],
        )
        for one in twin["fault"]
    ]
    with open_session(read(name, work / "recorded").files) as session:
        lab, lab_lines = _tell(session, "ingress-1", began), session.sql(_LINES).to_pylist()
    rows = []
    for seed in SEEDS:
        proxy = f"ingress-{seed}"
        run = simulate(Settings(**{**vars(settings), "seed": seed}), faults)
        rows += [{**row, "proxy": proxy, "source": f"cluster1/ingress/{proxy}.log"} for row in run]
    with open_session(write(work / "made", rows)) as session:
        model = [_tell(session, f"ingress-{seed}", START) for seed in SEEDS]
        model_lines = session.sql(_LINES).to_pylist()
    return Pair(name, settings, frozenset(one["fate"] for one in twin["fault"]), lab, model, lab_lines, model_lines)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twins")


def _names() -> list[Any]:
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.soak) for name in TWINS]


@pytest.mark.parametrize("name", _names())
def test_the_model_fails_over_as_the_lab_did(name: str, work: Path) -> None:
    pair = _pair(name, work / name)
    if pair.lab.failover is None:
        assert all(one.failover is None for one in pair.model)
        return
    made = [one for one in pair.model if one.failover]
    assert len(made) == len(pair.model)
    for fact in ("primary", "kind", "began_before_start"):
        assert {one.failover[fact] for one in made if one.failover} == {pair.lab.failover[fact]}, fact
    # By chance, all attempts of a request met pods that fail, or ejections grew until after the end of the traffic.
    for fact in ("trigger", "open_at_end"):
        assert pair.lab.failover[fact] in {one.failover[fact] for one in made if one.failover}, fact
    orders = {_order(one.phases) for one in made}
    assert _order(pair.lab.phases) in orders, f"{pair.lab.phases}, never {orders}"


@pytest.mark.parametrize("name", _names())
def test_the_model_takes_as_long_as_the_lab_did(name: str, work: Path) -> None:
    pair = _pair(name, work / name)
    gaps = LAB_S + 3 / pair.settings.rate
    # One ejection more or less, and the tick at which it ends, are chance; so is the tick within an update's window.
    rounds = gaps + pair.settings.outlier_interval_s + pair.settings.base_ejection_s
    if pair.fates == {"removed"}:
        rounds = gaps
    tolerances = {"onset": gaps, "first_spill": gaps + MERGE_WINDOW_S, "full_failover": gaps + MERGE_WINDOW_S}
    for instant, at in pair.lab.instants.items():
        made = [one.instants[instant] for one in pair.model if instant in one.instants]
        assert made, instant
        slack = tolerances.get(instant, rounds)
        assert min(made) - slack <= at <= max(made) + slack, f"{instant}: {at:.2f}, the model: {sorted(made)}"


@pytest.mark.parametrize("name", _names())
def test_the_model_loses_as_much_as_the_lab_did(name: str, work: Path) -> None:
    pair = _pair(name, work / name)
    for figure in ("failed", "served_by_secondary"):
        if pair.lab.failover:
            lost = pair.lab.failover[figure] / pair.lab.failover["requests"]
            made = [one.failover[figure] / one.failover["requests"] for one in pair.model if one.failover]
            few = FEW / pair.lab.failover["requests"]
            assert min(made) / FACTOR - few <= lost <= max(made) * FACTOR + few, f"{figure}: {lost}, the model: {made}"


@pytest.mark.parametrize("name", _names())
def test_the_model_logs_what_the_lab_logged(name: str, work: Path) -> None:
    pair = _pair(name, work / name)
    lab, made = _shapes(pair.lab_lines), _shapes(pair.model_lines)
    for one, other, runs in ((lab, made, 1), (made, lab, len(SEEDS))):
        frequent = {shape for shape, lines in one.items() if lines > max(RARE * one.total(), FEW * runs)}
        assert frequent <= set(other)


def _order(phases: Sequence[str]) -> tuple[str, ...]:
    """Return the phases in the order in which each first came; how often ejected pods were tried again is chance."""
    return tuple(dict.fromkeys(phases))


def _shapes(lines: Sequence[Mapping[str, Any]]) -> Counter[tuple[Any, ...]]:
    shapes: Counter[tuple[Any, ...]] = Counter()
    for line in lines:
        shapes[tuple(value for key, value in line.items() if key != "lines")] += line["lines"]
    return shapes


def test_the_bench_of_a_day_logs_lost_requests_as_the_lab_did(work: Path) -> None:
    day.write_day(work / "day", 40_000)
    columns = (
        "outcome",
        "flags",
        "response_code",
        "response_code_details",
        "upstream_transport_failure_reason",
    )
    with open_session(day.files_of(work / "day")) as session:
        made = {tuple(line[c] for c in columns) for line in session.sql(_LINES).to_pylist()}
    recorded = _pair("crash_20", work / "crash_20").lab_lines
    assert made
    assert made <= {tuple(line[c] for c in columns) for line in recorded}
