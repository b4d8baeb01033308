"""What the documentation shows is what the program does."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.docs.consoles import HOME, find_pages, renew
from tests.docs.pages import PAGES
from tests.docs.pythons import find_blocks
from tests.once import make_once

MARKDOWN = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md"), *(HOME / "sample_logs").rglob("*.md")])


@pytest.mark.parametrize(("page", "write"), PAGES.items())
def test_generated_page_is_fresh(page: str, write: Callable[[], str]) -> None:
    assert (HOME / page).read_text() == write(), f"{page} is stale: make docs"


@pytest.fixture(scope="session")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[str, Path]]:
    """Return a function that gives the text of a page as it should be, and the folder where its commands ran."""

    def run(page: Path, folder: Path) -> tuple[str, Path]:
        work = folder / "work"
        work.mkdir()
        return renew(page, work), work

    return lambda page: make_once(
        tmp_path_factory, "page-" + "-".join(page.relative_to(HOME).parts), partial(run, page)
    )


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: str(page.relative_to(HOME)))
def test_shown_output_is_real(page: Path, renewed: Callable[[Path], tuple[str, Path]]) -> None:
    assert page.read_text() == renewed(page)[0], "the output shown is stale: make docs"


@pytest.mark.parametrize(
    "page",
    [page for page in MARKDOWN if find_blocks(page.read_text())],
    ids=lambda page: str(page.relative_to(HOME)),
)
def test_python_that_is_shown_runs(page: Path, renewed: Callable[[Path], tuple[str, Path]], tmp_path: Path) -> None:
    work = tmp_path
    if "<!-- python goes on with what commands have written -->" in page.read_text():
        work = renewed(page)[1]
    else:
        (work / "sample_logs").symlink_to(HOME / "sample_logs")
    done = subprocess.run(
        [sys.executable, "-m", "tests.docs.pythons", str(page)],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(HOME)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|src(?:set)?=\"([^\"]+)\"", page.read_text()):
        link = target[0] or target[1]
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link).exists(), f"{page.relative_to(HOME)} links to {link}"
