"""Reports of all worlds, each made once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

import reports
from tests.reports.browser import Browser, find_chromium
from tests.reports.worlds import WORLDS, opened


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], reports.Report]:
    """Return a function that gives the report of a world by its name."""

    @cache
    def make(name: str) -> reports.Report:
        folder, home = tmp_path_factory.mktemp(name), Path.cwd()
        os.chdir(folder)  # sources are named as they are given, so that snapshots hold no temporary path
        try:
            with opened(WORLDS[name](), folder) as session:
                return reports.build_report(session)
        finally:
            os.chdir(home)

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a running Chromium; skip where there is none, unless HOPLINE_REQUIRE_BROWSER is set."""
    program = find_chromium()
    if program is None:
        if os.environ.get("HOPLINE_REQUIRE_BROWSER"):
            pytest.fail("no Chromium on this machine: apt-get install chromium")
        pytest.skip("no Chromium on this machine")
    with Browser(program) as running:
        yield running
