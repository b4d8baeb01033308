"""Charts as files: laid out so that no label covers another, drawn by a real Chromium, the same each time."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime

import pytest

import reports
from hopline.charts import ChartFormat, check_renderer, draw_files
from ingest.errors import OutputError
from reports.charts.still import measure
from tests.reports.browser import Browser
from tests.reports.test_pages import Maker


@pytest.mark.parametrize("name", ["crash", "several", "incidents", "outage", "days", "hostile"])
def test_labels_of_events_stand_beside_each_other(report_of: Maker, name: str) -> None:
    for still in reports.draw_stills(report_of(name)):
        layout = still.figure["layout"]
        begin, end = map(datetime.fromisoformat, layout["xaxis"]["range"])
        inner = still.width - layout["margin"]["l"] - layout["margin"]["r"]
        taken = []
        for note in layout["annotations"]:
            if (note.get("name") or "").startswith(("event", "spell")):
                at = (datetime.fromisoformat(note["x"]) - begin) / (end - begin) * inner
                size = measure(note["text"])
                taken.append((at - size, at) if note["xanchor"] == "right" else (at, at + size))
        for (_, before), (after, _) in zip(sorted(taken)[:-1], sorted(taken)[1:], strict=True):
            assert before < after


def test_markdown_shows_the_charts_beside_it(report_of: Maker) -> None:
    report = report_of("several")
    names = {scene.scene_id: f"a chart {scene.scene_id}.svg" for scene in report.scenes}
    text = reports.to_markdown(report, names)
    shown = re.findall(r"!\[Timeline of ([^\]]*)\]\(([^)]*)\)", text)
    assert [target for _, target in shown] == ["a%20chart%201-1.svg", "a%20chart%201-2.svg"]
    assert text.replace("".join(f"![Timeline of {a}]({b})\n\n" for a, b in shown), "") == reports.to_markdown(report)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kaleido", None)
    with pytest.raises(OutputError, match="kaleido, which is not installed") as raised:
        check_renderer()
    assert raised.value.hint == "pip install 'hopline[charts]'"


@pytest.mark.browser
def test_a_real_browser_draws_them(report_of: Maker, browser: Browser) -> None:
    """`browser` is here for its skip: the same Chromium is started once more by kaleido."""
    stills = reports.draw_stills(report_of("crash"))
    (svg,) = draw_files(stills, ChartFormat.SVG)
    text = svg.decode()
    assert text.startswith("<svg")
    for words in ("on cluster2", "requests per second", "full failover", "cluster2 gateway"):
        assert words in text, words
    assert not re.search(r"<script|https?://(?!www\.w3\.org/)", text)
    assert not re.search(r"(defs|clip|trace)-?[0-9a-f]{6}", text), (
        "names that plotly.js draws by lot are another each time"
    )
    (png,) = draw_files(stills, ChartFormat.PNG)
    assert png.startswith(b"\x89PNG")
    size = [int.from_bytes(png[at : at + 4], "big") for at in (16, 20)]
    assert size == [2 * stills[0].width, 2 * stills[0].height]
    assert json.dumps(stills[0].figure) == json.dumps(reports.draw_stills(report_of("crash"))[0].figure)
