"""The pages as text: snapshots, escaping, the policy, determinism, the way to JSON and back."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import reports
from reports.cards import Card
from reports.charts import palette
from reports.evidence import LONGEST_LINE
from reports.markup import _mark_line
from reports.questions import ask_questions
from reports.sentences import write_text
from reports.story import tell_story
from tests.reports.worlds import HOSTILE, WORLDS, crash, opened, several

Maker = Callable[[str], reports.Report]
GOLDEN = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compare with a golden file; HOPLINE_UPDATE_GOLDEN=1 writes it: read the difference before committing it."""
    path = GOLDEN / name
    if os.environ.get("HOPLINE_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def without_version(report: reports.Report) -> reports.Report:
    return dataclasses.replace(report, hopline_version="0.0.0")


def write_story(report: reports.Report) -> str:
    """Return everything that a report says in words."""
    story = tell_story(report)
    lines = [story.headline, story.standfirst, "", write_text(story.sentences), ""]
    for chapter in story.chapters:
        lines += [f"## {chapter.headline}", chapter.standfirst, write_text(chapter.sentences)]
        lines += [_write_card(card) for card in chapter.cards] + [""]
    lines += [f"? {question}" for question in ask_questions(report)]
    return "\n".join(lines) + "\n"


def _write_card(card: Card) -> str:
    return f"  [{card.value}] {card.label} ({card.note})"


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "hostile"])
def test_story(report_of: Maker, name: str) -> None:
    check_golden(f"{name}.story.txt", write_story(report_of(name)))


@pytest.mark.parametrize("name", ["crash", "several", "inside", "nothing", "empty"])
def test_markdown(report_of: Maker, name: str) -> None:
    check_golden(f"{name}.md", reports.to_markdown(report_of(name)))


@pytest.mark.parametrize("name", ["outage", "empty"])
def test_json(report_of: Maker, name: str) -> None:
    check_golden(f"{name}.json", reports.to_json(without_version(report_of(name))))


@pytest.mark.parametrize("name", WORLDS)
def test_json_is_what_its_schema_says(report_of: Maker, name: str) -> None:
    jsonschema.validate(json.loads(reports.to_json(report_of(name))), reports.json_schema())


@pytest.mark.parametrize("name", WORLDS)
def test_json_and_back(report_of: Maker, name: str) -> None:
    report = report_of(name)
    text = reports.to_json(report)
    assert reports.from_json(text) == report
    assert reports.to_html(reports.from_json(text)) == reports.to_html(report)
    assert reports.to_markdown(reports.from_json(text)) == reports.to_markdown(report)


def test_json_says_null_and_utc(report_of: Maker) -> None:
    failover = json.loads(reports.to_json(report_of("inside")))["failovers"][0]
    assert failover["began_before_start"] is True
    assert failover["onset_earliest"] is None
    assert failover["recovered_latest"] is None
    assert set(failover) == {field.name for field in dataclasses.fields(report_of("inside").failovers[0])}
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
        json.loads(reports.to_json(report_of("crash")))["failovers"][0]["onset_latest"],
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema_version=99), "schema_version is 99"),
        (lambda d: d["totals"].pop("requests"), "report.totals: requests is missing"),
        (lambda d: d["totals"].update(requests="many"), "report.totals.requests: expected int"),
        (lambda d: d["failovers"][0].update(onset_latest="2026-11-23T20:54:06"), "the time has no zone"),
        (lambda d: d["events"].append(7), "expected an object"),
    ],
)
def test_a_wrong_document_is_refused(report_of: Maker, change: Callable[[Any], None], message: str) -> None:
    document = json.loads(reports.to_json(report_of("crash")))
    change(document)
    with pytest.raises(reports.DocumentError, match=re.escape(message)):
        reports.from_json(json.dumps(document))
    with pytest.raises(reports.DocumentError, match="not a JSON document"):
        reports.from_json("{")


def test_json_schema_describes_every_field() -> None:
    schema = reports.json_schema()
    assert schema["$ref"] == "#/$defs/Report"
    failover = schema["$defs"]["Failover"]
    assert failover["properties"]["onset_latest"] == {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]
    }
    assert sorted(failover["required"]) == sorted(failover["properties"])


def test_the_same_session_gives_the_same_bytes(
    report_of: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with opened(several(), tmp_path) as session:
        again = reports.build_report(session)
    assert reports.to_json(again) == reports.to_json(report_of("several"))
    assert reports.to_html(again) == reports.to_html(report_of("several"))


class _Reader(HTMLParser):
    """Collects tags, attributes and ids of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]


@pytest.mark.parametrize("name", WORLDS)
def test_page_refers_to_nothing_outside(report_of: Maker, name: str) -> None:
    reader = _Reader()
    reader.feed(reports.to_html(report_of(name)))
    assert not {"iframe", "object", "embed", "link", "base", "form", "img", "audio", "video"} & set(reader.tags)
    for tag, attribute, value in reader.attributes:
        assert not attribute.startswith("on"), (tag, attribute)
        if attribute in ("src", "href", "action", "srcset", "data", "poster"):
            assert value is not None
            assert value.startswith("#"), (tag, attribute, value)
    ids = [value for _, attribute, value in reader.attributes if attribute == "id"]
    assert len(ids) == len(set(ids))
    targets = {value[1:] for tag, attribute, value in reader.attributes if attribute == "href" and value}
    assert targets <= set(ids)


@pytest.mark.parametrize("name", ["crash", "empty", "hostile"])
def test_policy_names_every_script_by_its_hash(report_of: Maker, name: str) -> None:
    page = reports.to_html(report_of(name))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy[1].replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts}
    assert set(rules["script-src"].split()) == hashes


def test_plotly_stands_in_it_once_and_only_where_there_is_a_chart(report_of: Maker) -> None:
    page = reports.to_html(report_of("several"))
    assert page.count("plotly.js v") == 1
    assert len(page) < 8_000_000
    assert "plotly.js v" not in reports.to_html(report_of("empty"))
    assert "showSendToCloud: false" in page


def test_hostile_text_is_text(report_of: Maker) -> None:
    page = reports.to_html(report_of("hostile"))
    own = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert "alert(1)" in own
    # What is indented by four stands as it is in Markdown.
    markdown = [line for line in reports.to_markdown(report_of("hostile")).splitlines() if not line.startswith("    ")]
    for text in HOSTILE[:2]:
        assert text not in own
        assert not any(text in line for line in markdown)
    assert not any(re.search(r"(?<!\\)[<\[]|https?://", line.replace("- [ ] ", "")) for line in markdown)
    for character in ("\u202e", "\u2066", "\x1b", "\x07"):
        assert character not in own
        assert character not in reports.to_markdown(report_of("hostile"))
    assert "\\u202e" in own
    assert "{{ 7*7 }}" in own.replace("%20", " ")


def test_long_lines_are_cut_in_their_middle(report_of: Maker) -> None:
    report = report_of("hostile")
    cut = [line for line in report.evidence if line.left_out]
    assert cut, "no evidence line of the hostile world is long: it no longer shows what it should"
    for line in cut:
        assert line.text is not None
        assert len(line.text) <= LONGEST_LINE + 3
        assert line.left_out > 90_000
        assert line.text.endswith(" - -")
        assert line.text.startswith("[2026-")


def test_marks_are_where_they_say(report_of: Maker) -> None:
    report = report_of("crash")
    relapse = next(event for event in report.events if event.event == "relapse")
    line = next(e for e in report.evidence if (e.source, e.line) == (relapse.source, relapse.line))
    assert line.text is not None
    marked = [line.text[begin:end] for begin, end in line.marks]
    assert "503 URX,UF" in marked
    assert any(host in marked for host in ("10.1.1.1:8080", "10.1.1.2:8080", "10.1.1.3:8080"))
    assert re.sub("</?mark>", "", _mark_line(line)).count("mark") == line.text.count("mark")


def test_every_event_has_its_line(report_of: Maker) -> None:
    for name in ("crash", "several", "outage", "days", "incidents"):
        report = report_of(name)
        known = {(line.source, line.line) for line in report.evidence if line.text is not None}
        for event in report.events:
            assert (event.source, event.line) in known, (name, event)


@pytest.mark.parametrize("name", ["crash", "several", "days", "nothing", "hostile"])
def test_bins_hold_every_request_of_their_time(report_of: Maker, name: str) -> None:
    for scene in report_of(name).scenes:
        assert 1 <= scene.bins <= 240
        for series in (*scene.groups, *scene.endpoints):
            assert len(series.requests) == len(series.failed) == scene.bins
        failed = sum(sum(g.failed) for g in scene.groups)
        assert sum(sum(s.failed) for s in scene.failures) == failed
        if scene.unknowns is None:
            assert scene.incident_id is None
        else:
            assert (sum(sum(g.requests) for g in scene.groups), failed) == (
                scene.unknowns.requests,
                scene.unknowns.failed,
            )
        for closeup in scene.closeups:
            assert closeup.bin_s < scene.bin_s
            within = [r for r in scene.single_requests if closeup.starts <= r.start_time < closeup.ends]
            assert len(within) <= sum(sum(g.requests) for g in closeup.groups)
        assert scene.ends <= scene.starts + timedelta(seconds=scene.bin_s * scene.bins)


def test_incidents_add_up(report_of: Maker) -> None:
    report = report_of("several")
    assert [i.failovers for i in report.incidents] == [6]
    assert sum(f.failed for f in report.failovers) == report.incidents[0].failed
    assert len([scene for scene in report.scenes if scene.incident_id]) == 2


def test_a_silence_is_hatched(report_of: Maker) -> None:
    report = report_of("days")
    assert any(scene.gaps for scene in report.scenes)
    page = reports.to_html(report)
    assert "silence in the log" in page
    assert "fillpattern" in page


def test_figures_can_be_copied_and_run(report_of: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_of("crash")
    monkeypatch.chdir(tmp_path)
    with opened(crash(), tmp_path) as session:
        answers = {(f.scene_id, f.name): session.sql(f.sql).to_pylist() for f in report.figures}
    scene = report.scenes[0]
    groups = answers[(scene.scene_id, "groups")]
    assert sum(row["requests"] for row in groups) == scene.unknowns.requests
    assert answers[(scene.scene_id, "unknowns")] == [dataclasses.asdict(scene.unknowns)]
    assert len(answers[(None, "failovers")]) == len(report.failovers)
    assert {"groups", "failures", "endpoint_series", "ejections", "failure_kinds"} <= {name for _, name in answers}


def test_times_are_shown_in_the_zone_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    deploy = datetime(2026, 11, 23, 20, 54, 11, tzinfo=UTC)
    with opened(crash(), tmp_path) as session:
        report = reports.build_report(
            session, tz="Asia/Kolkata", title="The night", marks=[(deploy, "<b>deploy 7</b>")]
        )
    page, text = reports.to_html(report), reports.to_markdown(report)
    assert "<h1>The night</h1>" in page
    assert "24 November 2026, 02:24:12" in page
    assert "Asia/Kolkata, UTC+05:30" in page
    assert "02:24:12" in text
    assert "<b>deploy 7</b>" not in page.split("<script")[0]
    assert "deploy 7" in page
    assert '"onset_latest": "2026-11-23T20:54:12.' in reports.to_json(report)


def test_filtered_logs_get_no_share(report_of: Maker) -> None:
    report = report_of("errors_only")
    assert "The log holds nothing but errors" in reports.to_html(report)
    summary = reports.to_markdown(report).split("\n## ")[1]
    assert "nothing but errors" in summary
    assert "%" not in summary


def test_sampled_logs_keep_their_story_but_get_no_share(report_of: Maker) -> None:
    report = report_of("sampled")
    assert [scene.coverage for scene in report.scenes] == ["sampled"]
    assert "began to fail" in write_story(report)
    assert "the log is a sample" in write_story(report)
    assert "%" not in write_text(tell_story(report).sentences)


@pytest.mark.parametrize("name", [name for name in WORLDS if name != "empty"])
def test_every_colour_has_a_counterpart_for_dark_pages(report_of: Maker, name: str) -> None:
    assert len(set(palette.DARK.values()) | set(palette.DARK)) > len(palette.DARK)
    for figure in re.findall(r'class="figure"[^>]*>(.*?)</script>', reports.to_html(report_of(name)), re.DOTALL):
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", figure)) <= set(palette.DARK)


def test_further_groups_get_colours_of_their_own() -> None:
    groups = [("a", "primary"), *((f"g{n}", "secondary") for n in range(6)), (None, "none")]
    colours = palette.assign_colours(groups)
    assert colours[("a", "primary")] == palette.PRIMARY
    assert colours[("g0", "secondary")] == palette.SECONDARY
    assert len(set(colours.values())) == len(groups)
    assert set(colours.values()) <= set(palette.PALE)
