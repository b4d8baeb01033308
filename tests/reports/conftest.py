"""Reports of all worlds, each made once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import pytest

import reports
from hopline.cli import run
from tests.once import make_once
from tests.reports.browser import Browser, find_chromium
from tests.reports.worlds import WORLDS, opened

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], reports.Report]:
    """Return a function that gives the report of a world by its name."""

    def make(name: str, folder: Path) -> reports.Report:
        # Sources are named as they are given, so that snapshots hold no temporary path.
        with contextlib.chdir(folder), opened(WORLDS[name](), folder) as session:
            return reports.build_report(session)

    return cache(lambda name: make_once(tmp_path_factory, f"report-{name}", partial(make, name)))


@pytest.fixture(scope="session")
def sample_page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that gives the page of a sample by its name, or the `index` of a batch of two of them."""

    def write(name: str, folder: Path) -> Path:
        page = folder / f"{name}.html"
        if name == "index":
            logs = [str(SAMPLES / sample) for sample in ("crash", "scale_to_zero")]
            argv = [*logs, "--each", "incident", "--max-failed", "200", "-f", "json", "-o", str(folder)]
        else:
            argv = [str(SAMPLES / name), "--tz", "Europe/Berlin", "-o", str(page)]
        assert run(["report", *argv]) == 0
        return page

    return cache(lambda name: make_once(tmp_path_factory, f"page-{name}", partial(write, name)))


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
