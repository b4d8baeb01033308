"""Every incident of the scoreboard is told rightly, but for those known to be wrong; and the judge can say no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from tests.once import make_once
from tests.scoreboard.expectations import Incident, load_incidents
from tests.scoreboard.judging import Result, judge_incident, judge_instant
from tests.scoreboard.known import KNOWN_WRONG
from tests.scoreboard.page import PAGE, render
from tests.scoreboard.truth import Moment, find_instants, read_record, told_instants

INCIDENTS = load_incidents()
Judge = Callable[[str], Result]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """Return a function that judges an incident by its name, once."""

    def run(name: str) -> Result:
        number = [one.name for one in INCIDENTS].index(name)
        return make_once(tmp_path_factory, f"judged-{number}", lambda _: judge_incident(INCIDENTS[number]))

    return cache(run)


def ms(count: float) -> timedelta:
    return timedelta(milliseconds=count)


@pytest.mark.parametrize(
    "incident", [one for one in INCIDENTS if one.name not in KNOWN_WRONG], ids=lambda one: one.name
)
def test_incident_is_told_rightly(incident: Incident, judge: Judge) -> None:
    assert judge(incident.name).faults == []


@pytest.mark.parametrize("name", KNOWN_WRONG)
def test_what_is_known_to_be_wrong_is_still_wrong(name: str, judge: Judge) -> None:
    assert judge(name).faults, f"{name} is right now: take it out of KNOWN_WRONG"


def test_the_page_is_fresh(judge: Judge) -> None:
    assert PAGE.read_text() == render([judge(one.name) for one in INCIDENTS]), "docs/accuracy.md: make scoreboard"


@pytest.mark.parametrize(
    "incident", [one for one in INCIDENTS if one.failovers and not one.cut], ids=lambda one: one.name
)
def test_the_truth_is_the_one_that_the_lab_wrote_down(incident: Incident) -> None:
    if len(incident.failovers) > 1:
        pytest.skip("the lab writes down the instants of all gateways together")
    (expected,) = incident.failovers
    told = told_instants(incident.folder)
    pairs = {
        "first_spill": ("first_by_cluster2", "sent_at"),
        "last_primary_error": ("last_failed", "answered_at"),
        "full_failover": ("first_by_cluster2_only", "sent_at"),
        "first_failback": ("first_by_cluster1_again", "sent_at"),
    }
    for name, found in find_instants(read_record(incident.folder), expected).items():
        which, when = pairs.get(name, ("", ""))
        if which and name not in expected.absent and found:
            assert found.at == datetime.fromisoformat(told[which][when]), name


@pytest.mark.parametrize(
    ("low", "high", "ok"),
    [
        (-10, 10, True),
        (-30, 1, True),
        (-40, 10, False),
        (-30, -8, False),
        (8, 20, False),
        (None, None, False),
    ],
)
def test_the_judge_wants_the_truth_inside_and_the_interval_narrow(low: int | None, high: int | None, ok: bool) -> None:
    truth = Moment(NOON, ms(10))
    mark = judge_instant(None if low is None else NOON + ms(low), None if high is None else NOON + ms(high), truth)
    assert mark.ok is ok, mark


def test_an_instant_that_did_not_happen_must_not_be_told() -> None:
    assert judge_instant(None, None, None).ok
    assert not judge_instant(NOON, NOON + ms(1), None).ok
