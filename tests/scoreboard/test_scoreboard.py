"""Every incident of the scoreboard is told rightly, but for those known to be wrong; and the judge can say no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.scoreboard.expectations import Incident, load_incidents
from tests.scoreboard.judging import judge_incident, judge_instant
from tests.scoreboard.known import KNOWN_WRONG
from tests.scoreboard.truth import Moment, find_instants, read_record, told_instants

INCIDENTS = load_incidents()
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def ms(count: float) -> timedelta:
    return timedelta(milliseconds=count)


@pytest.mark.parametrize(
    "incident", [one for one in INCIDENTS if one.name not in KNOWN_WRONG], ids=lambda one: one.name
)
def test_incident_is_told_rightly(incident: Incident) -> None:
    assert judge_incident(incident).faults == []


def test_what_is_known_to_be_wrong_is_on_the_scoreboard() -> None:
    assert set(KNOWN_WRONG) <= {one.name for one in INCIDENTS}


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
