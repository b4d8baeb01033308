"""`hopline report --from`: what is made of the JSON document is what was made of the logs, to the byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from hopline.cli import run
from tests.once import make_once

HOME = Path(__file__).resolve().parents[2]


OPTIONS = ("--tz", "Europe/Berlin", "--title", "T", "--mark", "2026-11-24T02:32Z=deploy", "--max-failed", "9999")
Direct = Callable[[str], Path]


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Direct:
    """Return a function that gives the report of the crash in a format, made of its logs."""

    def write(extension: str, folder: Path) -> Path:
        report = folder / f"report.{extension}"
        assert run(["report", str(HOME / "sample_logs" / "crash"), *OPTIONS, "-o", str(report)]) == 0
        return report

    return lambda extension: make_once(tmp_path_factory, f"rendered-{extension}", partial(write, extension))


@pytest.mark.parametrize("extension", ["json", "html", "md", pytest.param("txt", marks=pytest.mark.soak)])
def test_a_document_renders_to_the_same_bytes(direct: Direct, tmp_path: Path, extension: str) -> None:
    again = tmp_path / f"again.{extension}"
    assert run(["report", "--from", str(direct("json")), "-o", str(again)]) == 0
    assert again.read_bytes() == direct(extension).read_bytes()


def test_the_zone_can_be_changed(direct: Direct, tmp_path: Path) -> None:
    again = tmp_path / "again.md"
    assert run(["report", "--from", str(direct("json")), "--tz", "Asia/Kolkata", "-o", str(again)]) == 0
    assert "Asia/Kolkata" in again.read_text()
    assert "Europe/Berlin" not in again.read_text()


def test_a_damaged_document_is_named(direct: Direct, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.json"
    damaged.write_text(direct("json").read_text().replace('"failed": ', '"failed": "', 1).replace(",", '",', 1))
    assert run(["report", "--from", str(damaged), "-o", str(tmp_path / "page.html")]) == 1
    assert str(damaged) in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
