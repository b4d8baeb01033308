"""What failovers cost, as the pages tell it: sums agree, columns say something, clocks and ejections have words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

import reports
from reports.amounts import describe_price, describe_savings, tabulate_costs, tabulate_losses
from reports.cases import find_cases
from reports.clocks import ask_about_clocks, describe_offset, tabulate_clocks
from reports.costs import EjectionEffect
from reports.ground import ClockSkew
from reports.routing import describe_return, describe_stragglers, tabulate_spills
from tests.reports.test_pages import Maker
from tests.reports.worlds import START

BACK, AGAIN = START + timedelta(seconds=8), START + timedelta(seconds=9)
EFFECT = EjectionEffect(
    "logged", "c", "g", "p", "s", 80, "10.1.1.1:80", None, START, BACK, 1, 8.0, None, None, 0, 0, None, None, 0, 0
)


def test_phases_add_up_to_their_failover(report_of: Maker) -> None:
    for world in ("crash", "several", "outage"):
        report = report_of(world)
        for failover in report.failovers:
            costs = [c for c in report.phase_costs if c.failover_id == failover.failover_id and c.phase != "healthy"]
            assert sum(c.extra_wait_s or 0 for c in costs) == pytest.approx(failover.extra_wait_s)
            assert sum(c.bytes_to_secondary for c in costs) == failover.bytes_to_secondary
            lost = [loss for loss in report.losses if loss.failover_id == failover.failover_id]
            assert sum(loss.failed for loss in lost) == failover.failed
            assert all(sum(path.failed for path in loss.most) <= loss.failed for loss in lost)


def test_columns_that_say_nothing_are_left_out(report_of: Maker) -> None:
    (case,) = find_cases(report_of("inside"))
    table = tabulate_costs(case, case.failovers[0])
    assert table is not None
    assert table.head == ("phase", "to cluster2 and back"), "the log has no time before to compare with"
    (calm,) = find_cases(report_of("scaled_to_zero"))
    assert tabulate_losses(calm, calm.failovers[0]) is None
    (sampled,) = find_cases(report_of("sampled"))
    assert describe_price(sampled.failovers, covered=sampled.covered) == ""


def test_a_retry_is_spoken_of_where_attempts_are_logged(report_of: Maker) -> None:
    report = report_of("crash")
    (case,) = find_cases(report)
    assert "attempts (%UPSTREAM_REQUEST_ATTEMPT_COUNT%) are not logged" in describe_savings(case, case.failovers[0])
    assert "saved by a retry" not in reports.to_html(report)
    told = replace(report, losses=tuple(replace(loss, saved_by_retry=loss.failed - 1) for loss in report.losses))
    (case,) = find_cases(told)
    lost = case.failovers[0].failed
    assert f"would have saved {lost - len(told.losses)} of {lost} requests" in describe_savings(case, case.failovers[0])
    for written in (reports.to_html(told), reports.to_markdown(told)):
        assert "saved by a retry" in written


def test_shares_are_compared_where_ejections_were_logged(report_of: Maker) -> None:
    (case,) = find_cases(report_of("crash"))
    table = tabulate_spills(case, case.failovers[0])
    assert table is not None
    assert [row[2:4] for row in table.rows][:2] == [("3 of 3", "100%"), ("3 of 3", "100%")]
    assert report_of("outage").spill_shares == (), "inferred ejections are no ground for an expectation"


def test_a_document_from_before_there_were_costs_is_read(report_of: Maker) -> None:
    document = json.loads(reports.to_json(report_of("crash")))
    for name in ("phase_costs", "losses", "error_budgets", "ejection_effects", "spill_shares", "clock_skews"):
        del document[name]
        assert name not in reports.json_schema()["$defs"]["Report"]["required"]
    page = reports.to_html(reports.from_json(json.dumps(document)))
    assert "What each phase cost" not in page


@pytest.mark.parametrize(
    ("change", "stragglers", "fate"),
    [
        ({"basis": "inferred"}, "", "no request tried it"),
        ({"unejected_at": None}, "no request went there any more", ""),
        (
            {"last_routed_at": START + timedelta(seconds=0.9), "stragglers": 19, "stragglers_failed": 19},
            "requests still went there for 900 ms: 19 requests, all lost",
            "no request tried it",
        ),
        (
            {"first_routed_at": BACK, "tried": 4, "tried_failed": 1, "next_ejected_at": AGAIN},
            "no request went there any more",
            "tried after 0 ms: 4 requests, 1 lost; ejected again after 1.00 s",
        ),
        (
            {"first_routed_at": AGAIN, "tried": 347},
            "no request went there any more",
            "tried after 1.00 s: 347 requests, none lost in ten seconds",
        ),
        (
            {"next_ejected_at": AGAIN},
            "no request went there any more",
            "no request tried it; ejected again after 1.00 s",
        ),
    ],
)
def test_ejections_have_words(change: dict[str, object], stragglers: str, fate: str) -> None:
    effect = replace(EFFECT, **change)  # type: ignore[arg-type]
    assert (describe_stragglers(effect), describe_return(effect)) == (stragglers, fate)


def test_each_ejection_has_its_effect_beside_it(report_of: Maker) -> None:
    report = report_of("crash")
    (case,) = find_cases(report)
    effects = [case.effect_of(case.scenes[0], ejection) for ejection in case.scenes[0].ejections]
    assert len(effects) == len(report.ejection_effects) == 6
    assert [effect.ejected_at for effect in effects if effect] == [e.ejected_at for e in case.scenes[0].ejections]
    assert "requests still went there for" in reports.to_html(report)


def make_skew(least: int, greatest: int, joins: int = 20, conflicts: int = 0) -> ClockSkew:
    return ClockSkew("c1", "ingress", "i-1", "c2", "eastwest", "e-1", "exact", least, greatest, joins, conflicts)


@pytest.mark.parametrize(
    ("least", "greatest", "words"),
    [
        (480, 520, "480 ms to 520 ms ahead"),
        (-2100, -2000, "2.00 s to 2.10 s behind"),
        (-16, 252, "between 16 ms behind and 252 ms ahead"),
        (0, 252, "at most 252 ms ahead"),
        (-16, 0, "at most 16 ms behind"),
        (0, 0, "the same"),
        (500, 500, "500 ms ahead"),
    ],
)
def test_clocks_have_words(least: int, greatest: int, words: str) -> None:
    assert describe_offset(make_skew(least, greatest)) == words


def test_clocks_that_are_wrong_or_were_set_are_asked_about(report_of: Maker) -> None:
    report = report_of("crash")
    fine = replace(report, clock_skews=(make_skew(-16, 252), make_skew(240, 260), make_skew(0, 2, 100, 4)))
    assert list(ask_about_clocks(fine)) == []
    wrong = replace(report, clock_skews=(make_skew(480, 520, 23, 1), make_skew(0, 2, 20, 9)), clock_skews_left_out=7)
    first, second = ask_about_clocks(wrong)
    assert first.startswith("Whose clock is right: beside that of c1/ingress/i-1, that of c2/eastwest/e-1 is 480 ms to")
    assert "(23 connections agree, 1 does not)" in first
    assert second.startswith("Whether a clock was set anew within the log")
    for written in (reports.to_html(wrong), reports.to_markdown(wrong)):
        assert "23 connections agree, 1 does not" in written
        assert "7 more pairs not listed here" in written
    assert tabulate_clocks(report) is None
