"""The page in a real Chromium: drawn, silent, alone, and in the hands of a keyboard."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import reports
from tests.reports.browser import Browser

pytestmark = pytest.mark.browser

Maker = Callable[[str], reports.Report]


@pytest.fixture(scope="module")
def page_of(report_of: Maker, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("pages")

    def write(name: str) -> Path:
        path = folder / f"{name}.html"
        if not path.exists():
            path.write_text(reports.to_html(report_of(name)), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("crash", 390),
        ("several", 1280),
        ("empty", 390),
        pytest.param("crash", 1280, marks=pytest.mark.soak),
        pytest.param("several", 390, marks=pytest.mark.soak),
        pytest.param("empty", 1280, marks=pytest.mark.soak),
    ],
)
def test_page_is_drawn_without_a_complaint_and_fits(
    browser: Browser, page_of: Callable[[str], Path], name: str, width: int
) -> None:
    with browser.open(page_of(name), width=width) as page:
        charts = page.run("document.querySelectorAll('.chart').length")
        assert charts == {"crash": 1, "several": 2, "empty": 0}[name]
        drawn = page.run("[...document.querySelectorAll('.chart')].map((c) => c.querySelectorAll('path').length)")
        assert all(paths > 50 for paths in drawn)
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.complaints == []
        assert page.requests == []


def test_no_script_of_a_log_runs(browser: Browser, page_of: Callable[[str], Path]) -> None:
    with browser.open(page_of("hostile")) as page:
        page.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        assert page.run("document.title").startswith("Two services")
        assert page.run("document.images.length") == 0
        assert page.run("[...document.querySelectorAll('main a')].every((a) => a.getAttribute('href')[0] === '#')")
        assert page.run("document.querySelectorAll('svg a').length") == 0
        assert page.run("document.querySelectorAll('script').length") == page.run(
            "document.querySelectorAll('script.figure, script.closeup, #swatches').length + 2"
        )
        assert page.complaints == []
        assert page.requests == []


def test_policy_forbids_what_is_not_ours(browser: Browser, page_of: Callable[[str], Path]) -> None:
    """The policy is no decoration: a script and a picture put into the page do not run and do not load."""
    with browser.open(page_of("crash")) as page:
        page.run(
            "(() => { const s = document.createElement('script'); s.textContent = 'window.owned = 1';"
            " document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x.png';"
            " document.body.append(i); })()"
        )
        assert page.run("typeof window.owned") == "undefined"
        page.wait("true")
        assert any("Content Security Policy" in text for text in page.complaints)


def test_evidence_opens_from_the_keyboard(browser: Browser, page_of: Callable[[str], Path]) -> None:
    with browser.open(page_of("crash")) as page:
        assert not page.run("document.querySelector('#event-1\\\\.1-1 details').open")
        page.run("document.querySelector('#event-1\\\\.1-1 summary').focus()")
        page.press("Enter", "\r")
        assert page.run("document.querySelector('#event-1\\\\.1-1 details').open")
        text = page.run("document.querySelector('#event-1\\\\.1-1 .lines').innerText")
        assert "503 URX,UF" in text
        marked = page.run("[...document.querySelectorAll('#event-1\\\\.1-1 mark')].map((m) => m.textContent)")
        assert "503 URX,UF" in marked


def test_a_link_to_an_event_opens_it(browser: Browser, page_of: Callable[[str], Path]) -> None:
    with browser.open(page_of("crash"), fragment="#event-1.1-4") as page:
        assert page.run("[...document.querySelectorAll('details.evidence[open]')].length") == 1
        assert page.run("document.activeElement.id") == "event-1.1-4"


def test_every_lane_zooms_together(browser: Browser, page_of: Callable[[str], Path]) -> None:
    axis = "document.querySelector('.chart')._fullLayout.xaxis.range.map((t) => +new Date(t + 'Z'))"
    with browser.open(page_of("crash")) as page:
        whole = page.run(axis)
        page.click("button[data-zoom=in]")
        closer = page.run(axis)
        assert closer[1] - closer[0] == pytest.approx((whole[1] - whole[0]) / 2, rel=0.01)
        assert (
            page.run("Object.keys(document.querySelector('.chart')._fullLayout).filter((k) => /^xaxis/.test(k)).length")
            == 1
        )
        page.run("document.querySelector('button[data-zoom=reset]').focus()")
        page.press("Enter", "\r")
        assert page.run(axis) == whole
        assert page.run("document.getElementById('status').textContent").startswith("Showing")


def test_legend_hides_a_group_everywhere(browser: Browser, page_of: Callable[[str], Path]) -> None:
    traces = "document.querySelector('.chart')._fullData"
    shown = f"{traces}.filter((t) => t.legendgroup === 'group0' && t.visible === true).length"
    with browser.open(page_of("crash")) as page:
        assert page.run(shown) >= 2
        page.run("document.querySelector('button[data-group=group0]').focus()")
        page.press(" ", " ")
        assert page.run("document.querySelector('button[data-group=group0]').ariaPressed") == "false"
        assert page.run(shown) == 0


def test_every_control_is_reached_by_tab(browser: Browser, page_of: Callable[[str], Path]) -> None:
    with browser.open(page_of("crash")) as page:
        wanted = page.run("[...document.querySelectorAll('button, summary')].filter((e) => e.checkVisibility()).length")
        for _ in range(200):
            page.press("Tab")
            page.run("document.activeElement.dataset.met = 1")
            if page.run("document.activeElement === document.body"):
                break
        assert page.run("document.querySelectorAll('button[data-met], summary[data-met]').length") == wanted


@pytest.mark.parametrize("dark", [False, True])
def test_colours_follow_the_reader(browser: Browser, page_of: Callable[[str], Path], dark: bool) -> None:
    with browser.open(page_of("crash"), dark=dark) as page:
        bars = page.run(
            "document.querySelector('.chart')._fullData.find((t) => t.legendgroup === 'group0').marker.color"
        )
        assert bars == ("#3d9fdb" if dark else "#0072b2")
        paper = page.run("getComputedStyle(document.querySelector('main')).backgroundColor")
        assert paper == ("rgb(22, 27, 34)" if dark else "rgb(255, 255, 255)")


def test_prints_to_pdf_with_its_evidence(browser: Browser, page_of: Callable[[str], Path]) -> None:
    with browser.open(page_of("crash"), dark=True) as page:
        data = base64.b64decode(page.call("Page.printToPDF", preferCSSPageSize=True)["data"])
        assert data.startswith(b"%PDF")
        assert 2 <= data.count(b"/Type /Page\n") + data.count(b"/Type /Page ") <= 12
        page.call(
            "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        paper = page.run("getComputedStyle(document.querySelector('main')).backgroundColor")
        assert paper == "rgb(255, 255, 255)", "a browser that prefers dark prints on dark paper"
        shown = "[...document.querySelectorAll('button, .sql, .setting')].filter((e) => e.checkVisibility()).length"
        legend = "document.querySelectorAll('.keys button').length"
        assert page.run(shown) == page.run(legend), "paper has controls that nobody can press"
        assert page.complaints == []


def test_closer_bars_are_finer_and_dots_are_single_requests(browser: Browser, page_of: Callable[[str], Path]) -> None:
    traces = "document.querySelector('.chart')._fullData"
    bin_width = f"{traces}.find((t) => t.type === 'bar' && t.orientation !== 'h').width"
    with browser.open(page_of("crash")) as page:
        dots = f"{traces}.filter((t) => t.mode === 'markers' && /single|one request/.test(t.hovertemplate)).length"
        whole = page.run(f"[].concat({bin_width})[0]")
        assert page.run(dots) == 0
        page.run("document.querySelector('#event-1\\\\.1-1 .show').focus()")
        page.press("Enter", "\r")
        page.wait(f"[].concat({bin_width})[0] < {whole}")
        assert page.run(dots) > 0
        assert page.run("document.querySelector('figcaption .bin').textContent") == "100 ms"
        page.click("button[data-zoom=reset]")
        page.wait(f"[].concat({bin_width})[0] === {whole}")
        assert page.run("document.querySelector('figcaption .bin').textContent") != "100 ms"
        assert page.complaints == []


def test_a_click_on_a_mark_leads_to_its_lines(browser: Browser, page_of: Callable[[str], Path]) -> None:
    """An event's name, a failure's bar, the interval of an event in its band: each opens the row that proves it."""
    with browser.open(page_of("crash")) as page:
        for emitted, row in (
            ("'plotly_clickannotation', {annotation: {name: 'event event-1.1-3'}}", "event-1.1-3"),
            (
                "'plotly_click', {points: [{data: d._fullData.find((t) => /^kind-/.test(t.meta)), customdata: 7}]}",
                "kind-1-1-1",
            ),
            (
                "'plotly_click', {points: [{data: {meta: 'anchored'}, customdata: [0, 0, 0, 0, 'ejection-1-1-2']}]}",
                "ejection-1-1-2",
            ),
        ):
            page.run(f"(() => {{ const d = document.querySelector('.chart'); d.emit({emitted}); }})()")
            assert page.run("document.activeElement.id") == row
            assert page.run(f"document.getElementById('{row}').querySelector('details.evidence').open")
            assert page.run(f"document.getElementById('{row}').checkVisibility()")
        assert page.run("document.querySelectorAll('tr.found').length") == 1


def test_a_click_with_the_mouse_on_a_failure_leads_to_its_lines(
    browser: Browser, page_of: Callable[[str], Path]
) -> None:
    with browser.open(page_of("crash")) as page:
        bar = page.run(
            "(() => { const d = document.querySelector('.chart');"
            " d.scrollIntoView({block: 'start', behavior: 'instant'});"
            " const n = d._fullData.findIndex((t) => /^kind-/.test(t.meta));"
            " const bars = [...d.querySelectorAll(`.${d._fullData[n].xaxis}${d._fullData[n].yaxis} .point path`)]"
            ".map((p) => p.getBoundingClientRect()).filter((r) => r.height > 8);"
            " return [bars[0].x + bars[0].width / 2, bars[0].y + bars[0].height / 2]; })()"
        )
        place: dict[str, Any] = {"x": bar[0], "y": bar[1], "button": "left", "clickCount": 1}
        page.call("Input.dispatchMouseEvent", type="mouseMoved", **place)
        page.wait("(document.querySelector('.chart')._hoverdata || []).length")
        page.call("Input.dispatchMouseEvent", type="mousePressed", buttons=1, **place)
        page.call("Input.dispatchMouseEvent", type="mouseReleased", **place)
        page.wait("document.activeElement.id.startsWith('kind-1-1-')")


def test_the_index_of_a_batch_stands_alone(browser: Browser, sample_page: Callable[[str], Path]) -> None:
    for width in (1280, 390):
        with browser.open(sample_page("index"), width=width) as page:
            assert page.run("document.scripts.length") == 0
            assert page.run("document.querySelectorAll('tbody a').length") == 2
            assert page.run("document.documentElement.scrollWidth") <= width
            assert page.run("document.querySelector('meta[http-equiv]').content").startswith("default-src 'none'")
            assert page.complaints == []
            assert page.requests == []
