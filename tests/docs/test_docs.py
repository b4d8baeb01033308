"""What the documentation shows is what the program does."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs.consoles import HOME, find_pages, renew
from tests.docs.pages import PAGES

MARKDOWN = sorted([*HOME.glob("*.md"), *(HOME / "docs").rglob("*.md"), *(HOME / "sample_logs").rglob("*.md")])


@pytest.mark.parametrize(("page", "write"), PAGES.items())
def test_generated_page_is_fresh(page: str, write: Callable[[], str]) -> None:
    assert (HOME / page).read_text() == write(), f"{page} is stale: make docs"


@pytest.mark.parametrize("page", find_pages(), ids=lambda page: str(page.relative_to(HOME)))
def test_shown_output_is_real(page: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    assert page.read_text() == renew(page, work), "the output shown is stale: make docs"


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: str(page.relative_to(HOME)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|src(?:set)?=\"([^\"]+)\"", page.read_text()):
        link = target[0] or target[1]
        if not re.match(r"[a-z]+:", link):
            assert (page.parent / link).exists(), f"{page.relative_to(HOME)} links to {link}"
