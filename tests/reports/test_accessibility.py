"""Accessibility by axe-core, in a real Chromium: no serious finding on any sample's report, nor on a batch's index."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import axe
from tests.reports.browser import Browser

pytestmark = pytest.mark.browser

#: Everything is opened first: what is folded away is read out as well. Evidence lines are alike: one of them will do.
_OPEN = "document.querySelectorAll('details:not(.evidence)').forEach((d) => { d.open = true; })"
_RUN = (
    "axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations"
    ".filter((v) => ['serious', 'critical'].includes(v.impact))"
    ".map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + n.html.slice(0, 150)"
    " + ' ' + (n.any[0] || {message: ''}).message).join(' | ')}`))"
)


@pytest.fixture(scope="module")
def axe_script() -> str:
    """Return axe-core; skip where it is missing, unless HOPLINE_REQUIRE_BROWSER is set."""
    if not axe.FILE.exists():
        if os.environ.get("HOPLINE_REQUIRE_BROWSER"):
            pytest.fail("axe-core is not there: make axe")
        pytest.skip("axe-core is not there: make axe")
    return axe.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "dark"),
    [
        ("crash", False),
        pytest.param("crash", True, marks=pytest.mark.soak),
        ("article", False),
        ("index", False),
        ("index", True),
        pytest.param("brownout", False, marks=pytest.mark.soak),
        pytest.param("scale_to_zero", True, marks=pytest.mark.soak),
    ],
)
def test_nothing_serious(
    browser: Browser, axe_script: str, sample_page: Callable[[str], Path], name: str, dark: bool
) -> None:
    with browser.open(sample_page(name), dark=dark) as page:
        page.run(_OPEN)
        page.run("document.querySelectorAll('details.evidence').forEach((d, n) => { d.open = n === 0; })")
        page.run(axe_script + ";0")
        assert page.run(_RUN) == []
        if name == "index":  # it would be found
            page.run("document.querySelector('main').append(document.createElement('input'))")
            assert [finding.split(":")[0] for finding in page.run(_RUN)] == ["label"]
