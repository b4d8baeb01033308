"""Objectives in the report: one row per verdict in every format, and not a word where nothing was asked."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

import analysis
import reports
from reports.model import Verdict
from reports.objectives import describe_measure, describe_objective
from tests.reports.test_pages import Maker, check_golden
from tests.reports.worlds import START, WORLDS, opened

ASKED = analysis.Objectives(max_failover_s=30, max_failed=5, slo=99.95, fault_at=START + timedelta(seconds=11.9))


def make_report(
    world: str, folder: Path, monkeypatch: pytest.MonkeyPatch, asked: analysis.Objectives
) -> reports.Report:
    monkeypatch.chdir(folder)
    with opened(WORLDS[world](), folder, analysis.Options(objectives=asked)) as session:
        return reports.build_report(session)


def read_rows(page: str) -> list[list[str]]:
    """Return the cells of the table of objectives."""
    table = page.split('<h2 id="objectives">')[1].split("</table>", maxsplit=1)[0].split("<tbody>")[1]
    return [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd][ >].*?</t[hd]>", row)]
        for row in table.split("<tr>")[1:]
    ]


def test_verdicts_stand_in_every_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = make_report("crash", tmp_path, monkeypatch, ASKED)
    assert [(v.objective, v.verdict) for v in report.verdicts] == [
        ("max_failed", "missed"),
        ("max_failover_seconds", "met"),
        ("slo", "missed"),
    ]
    page, text = reports.to_html(report), reports.to_markdown(report)
    rows = read_rows(page)
    assert [row[:3] for row in rows] == [
        ["at most 5 requests lost", "incident 1", "missed"],
        ["served again within 30 s", "incident 1", "met"],
        ["99.95% of requests not lost", "frontend.mycompany.mesh", "missed"],
    ]
    assert [row[3] for row in rows] == [verdict.note for verdict in report.verdicts]
    assert page.index("</dl>") < page.index('id="objectives"') < page.index('id="timeline-1"'), "not near the cards"
    assert "Time counts from 23 Nov 20:54:11.900 (UTC)" in page
    part = text.split("## Objectives\n")[1].split("\n## ")[0]
    check_golden("crash.objectives.md", "## Objectives\n" + part)
    document = json.loads(reports.to_json(report))
    check_golden(
        "crash.objectives.json",
        json.dumps({key: document[key] for key in ("asked", "verdicts")}, indent=1, ensure_ascii=False) + "\n",
    )
    assert reports.from_json(reports.to_json(report)) == report
    assert report.figures[0].name == "verdicts"


def test_verdicts_of_a_log_without_failover_and_of_several_incidents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    asked = analysis.Objectives(max_failed=0, slo=100)
    calm = reports.to_html(make_report("nothing", tmp_path / "a", monkeypatch, asked))
    assert [row[:3] for row in read_rows(calm)] == [
        ["at most 0 requests lost", "the whole log", "met"],
        ["100% of requests not lost", "frontend.mycompany.mesh", "met"],
    ]
    report = make_report("incidents", tmp_path / "b", monkeypatch, asked)
    assert [row[1] for row in read_rows(reports.to_html(report))] == [
        "incident 1",
        "incident 2",
        "frontend.mycompany.mesh",
    ]
    assert reports.to_markdown(report).count("## Objectives") == 1


def test_nothing_is_said_where_nothing_was_asked(report_of: Maker) -> None:
    report = report_of("crash")
    assert report.verdicts == ()
    assert "verdicts" not in {figure.name for figure in report.figures}
    assert 'id="objectives"' not in reports.to_html(report)
    assert "Objectives" not in reports.to_markdown(report)


def test_the_schema_describes_verdicts() -> None:
    schema = reports.json_schema()
    assert schema["$defs"]["Report"]["properties"]["verdicts"] == {
        "type": "array",
        "items": {"$ref": "#/$defs/Verdict"},
    }
    assert schema["$defs"]["Verdict"]["properties"]["limit_value"] == {"type": "number"}


@pytest.mark.parametrize(
    ("verdict", "objective", "measure"),
    [
        (Verdict("slo", None, "a", 99.999, 99.5, 99.5, "missed", None), "99.999% of requests not lost", "99.5%"),
        (
            Verdict("max_failover_seconds", "1", None, 2.5, 1.0, None, "undecided", None),
            "served again within 2.5 s",
            "1.00 s to unknown",
        ),
        (Verdict("max_failed", "1", None, 1.0, 0.0, 0.0, "met", None), "at most 1 request lost", "0"),
    ],
)
def test_words(verdict: Verdict, objective: str, measure: str) -> None:
    assert describe_objective(verdict) == objective
    assert describe_measure(verdict) == measure
