"""The drawn timeline of a failover."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from analysis import Session
from hopline.console import Screen
from hopline.silence import explain_no_failover
from hopline.story import draw_story
from tests.analysis import simulate
from tests.cli.story import open_story


def screen(width: int | None, *, unicode: bool = True, colour: bool = False) -> Screen:
    return Screen(width=width, interactive=True, colour=colour, unicode=unicode)


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with open_story(tmp_path_factory.mktemp("crash")) as session:
        yield session


def test_tells_a_crash(crash: Session) -> None:
    lines = draw_story(crash, screen(120), "UTC").splitlines()
    assert explain_no_failover(crash) is None
    assert lines[0] == "frontend.mycompany.mesh:80   cluster1 -> remote   complete, connect_failure, recovered"
    assert "cluster1/ingress/ingress-1" in lines[1]
    assert re.search(r"healthy.*\u00d7.*on remote.*\u00d7.*on remote.*failback.*healthy", lines[2])
    told = {line.split("  ")[1]: line for line in lines[3:] if line.startswith("  ")}
    assert list(told) == [
        "onset",
        "first spill",
        "full failover",
        "relapse",
        "last primary error",
        "first failback",
        "recovered",
    ]
    assert re.search(r"20:54:\d\d\.\d{3} ±\d+ ms +\d+ of [23],\d{3} requests failed \(\d\.\d%\)", told["onset"])
    assert re.search(r"20:54:2\d\.\d{3} - 20:54:2\d\.\d{3}", told["relapse"])
    assert "s after onset" in told["recovered"]
    assert re.fullmatch(r"evidence: ingress-1\.log:\d+(, \d+)+", lines[-1])


def test_words_are_folded_and_none_is_lost(crash: Session) -> None:
    wide, narrow = (draw_story(crash, screen(width), "UTC") for width in (200, 80))
    told = [line for line in wide.splitlines()[3:-1] if line.startswith("  ")]
    assert len(narrow.splitlines()) > len(wide.splitlines())
    assert sorted(" ".join(told).split()) == sorted(" ".join(narrow.splitlines()[3:-1]).split())


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_fits_the_width(crash: Session, width: int) -> None:
    lines = draw_story(crash, screen(width), "UTC").splitlines()
    bar = next(line for line in lines if "│" in line)
    assert cell_len(bar) == width
    assert all(cell_len(line) <= width for line in lines[2:-1])


def test_is_ascii_where_that_is_all_there_is(crash: Session) -> None:
    text = draw_story(crash, screen(100, unicode=False), "UTC")
    assert text.isascii()
    assert "|x" in text
    assert "+-" in text


def test_has_colours_only_where_wanted(crash: Session) -> None:
    plain, coloured = (draw_story(crash, screen(100, colour=colour), "UTC") for colour in (False, True))
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_shows_times_in_the_zone_asked_for(crash: Session) -> None:
    text = draw_story(crash, screen(100), "Asia/Kolkata")
    assert "2026-11-24, times in Asia/Kolkata" in text
    assert "02:24:" in text


def test_log_text_cannot_drive_the_terminal(tmp_path: Path) -> None:
    with open_story(tmp_path, proxy="ingress\x1b[2J") as session:
        text = draw_story(session, screen(100), "UTC")
    assert "\x1b" not in text
    assert "ingress\\x1b[2J" in text


def test_a_failover_still_open(tmp_path: Path) -> None:
    with open_story(tmp_path, until=25) as session:
        text = draw_story(session, screen(100), "UTC")
    assert "still open" in text.splitlines()[0]
    assert "recovered" not in text


def test_silence_is_explained(tmp_path: Path) -> None:
    with open_story(tmp_path / "calm", simulate.healthy, until=30) as session:
        assert draw_story(session, screen(100), "UTC") == ""
        assert explain_no_failover(session) == (
            "no failover seen in 3,000 requests of 1 service from 2026-11-23T20:54:00Z to 2026-11-23T20:54:29Z; "
            "of no endpoint is it known in which cluster it is (-i FILE can say so)"
        )
    with open_story(tmp_path / "none", simulate.healthy, until=0) as session:
        assert "there is nothing in 0 sources" in (explain_no_failover(session) or "")
    with open_story(tmp_path / "blind", simulate.healthy, until=5, upstream_host=None) as session:
        assert "no entry says which endpoint" in (explain_no_failover(session) or "")
