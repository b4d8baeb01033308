"""Documents that contradict themselves: each is refused with the place of the flaw, or can be shown."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import reports
from tests.reports.test_pages import Maker

PLACE = re.compile(r"report[\w.\[\]]*: |schema_version is |not a JSON document: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(time_zone="Middle/Earth"), "report.time_zone: no time zone 'Middle/Earth' is known"),
        (lambda d: d["scenes"][0]["groups"][1]["p95_ms"].pop(), "report.scenes[0].groups[1].p95_ms: expected"),
        (lambda d: d["scenes"][0].update(bin_s=1e12), "report.scenes[0].bin_s: "),
        (lambda d: d["scenes"][0].update(bins=0), "report.scenes[0].bins: "),
        (lambda d: d["scenes"][0].update(incident_id="9"), "report.scenes[0].incident_id: there is no incident '9'"),
        (lambda d: d["scenes"][0]["closeups"][0].update(bins=0), "report.scenes[0].closeups[0].bins: "),
        (lambda d: d["scenes"][0]["closeups"][0]["groups"].pop(), "report.scenes[0].closeups[0].groups: expected as"),
        (lambda d: d.update(failovers=[]), "report.events[0].failover_id: there is no failover"),
        (lambda d: d.update(phases=[]), "report.incidents[0]: expected a failover with phases"),
        (lambda d: d["incidents"].append(d["incidents"][0]), "report.incidents[1].incident_id: '1' stands there twice"),
        (lambda d: d["evidence"][0].update(marks=[[5, 2]]), "report.evidence[0].marks: "),
        (lambda d: d["totals"].update(requests=10**400), "report.totals.requests: expected a number below 1e+18"),
        (lambda d: d["scenes"][0].update(bin_s=float("nan")), "report.scenes[0].bin_s: expected a number below"),
        (lambda d: d["phases"][0].update(starts="9999-12-31T23:59:59Z"), "report.phases[0].starts: expected a year"),
    ],
)
def test_a_contradiction_is_named(report_of: Maker, change: Callable[[Any], None], message: str) -> None:
    document = json.loads(reports.to_json(report_of("crash")))
    change(document)
    with pytest.raises(reports.DocumentError, match=re.escape(message)):
        reports.from_json(json.dumps(document))


def test_a_document_that_nests_without_end_is_refused() -> None:
    with pytest.raises(reports.DocumentError, match="not a JSON document"):
        reports.from_json("[" * 200_000)


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, item in items:
        yield from list_places(item, (*place, key))


def test_damage_anywhere_is_named_or_does_not_matter(report_of: Maker) -> None:
    """One damage per document, 60 of them: no other error than DocumentError comes out of any."""
    text, chance = reports.to_json(report_of("crash")), random.Random(20261123)
    places = list(list_places(json.loads(text)))
    strange = (None, -1, 10**15, "", "x", 1.5, True, [], {}, "2026-11-23T20:54:06Z", "1900-01-01T00:00:00Z", "\ud800")
    refusals = []
    for _ in range(60):
        document = json.loads(text)
        *way, last = chance.choice(places)
        parent = document
        for key in way:
            parent = parent[key]
        if chance.random() < 0.3:
            del parent[last]
        else:
            parent[last] = chance.choice(strange)
        try:
            report = reports.from_json(json.dumps(document))
        except reports.DocumentError as error:
            refusals.append(str(error))
            continue
        reports.to_html(report)
        reports.to_markdown(report)
    assert 10 < len(refusals) < 60
    assert [refusal for refusal in refusals if not PLACE.match(refusal)] == []


def test_a_report_can_be_shown_otherwise(report_of: Maker) -> None:
    report = report_of("crash")
    moment = report.failovers[0].onset_latest
    assert moment is not None
    assert reports.adjust_report(report) == report
    other = reports.adjust_report(report, title="The night", tz="Asia/Kolkata", marks=[(moment, "page")])
    assert "The night" in reports.to_markdown(other)
    assert "Asia/Kolkata" in reports.to_markdown(other)
    assert [mark.label for mark in other.marks] == ["page"]
