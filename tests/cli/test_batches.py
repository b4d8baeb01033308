"""`hopline report --each`: units, names that stay, runs that change nothing, reports of logs that are gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import reports
from hopline.cli import run
from tests.reports.worlds import incidents, opened

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"


def read_folder(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def read_units(folder: Path) -> list[dict[str, Any]]:
    summary = json.loads((folder / "summary.json").read_text())
    jsonschema.validate(summary, reports.batch_schema())
    return list(summary["units"])


def test_a_second_run_changes_nothing_and_earlier_reports_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLES / "crash" / "cluster1", "logs/cluster1")
    argv = ["report", "logs", "--each", "incident", "-o", "out", "-f", "json"]
    assert run(argv) == 0
    first = read_folder(Path("out"))
    assert run(argv) == 0
    assert read_folder(Path("out")) == first
    assert capsys.readouterr().err.endswith("nothing new to report: out holds it all\n")
    (unit,) = read_units(Path("out"))
    assert (unit["failed"], unit["kind"], unit["open_at_end"]) == (113, "complete", False)

    shutil.rmtree("logs")
    shutil.copytree(SAMPLES / "scale_to_zero" / "cluster1", "logs/cluster1")
    assert run(argv) == 0
    assert [u["started"][:19] for u in read_units(Path("out"))] == ["2026-11-24T02:32:15", "2026-11-24T02:44:13"]
    assert Path("out", unit["file"]).read_bytes() == first[unit["file"]][0]
    Path("out", unit["file"]).unlink()  # whoever clears away old reports clears them from the table
    assert run(argv) == 0
    assert len(read_units(Path("out"))) == 1


def test_days_are_those_of_the_zone_and_services_have_their_own_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The crash is at 02:32 in UTC: midnight is at 02:30 in the Marquesas, half an hour off every full hour."""
    monkeypatch.chdir(tmp_path)
    argv = ["report", str(SAMPLES / "crash" / "cluster1"), "-f", "json"]
    assert run([*argv, "--each", "day", "-o", "days", "--tz", "Pacific/Marquesas"]) == 0
    assert [unit["unit"] for unit in read_units(Path("days"))] == ["2026-11-23"]
    assert run([*argv, "--each", "service", "-o", "services"]) == 0
    (unit,) = read_units(Path("services"))
    report = reports.from_json(Path("services", unit["file"]).read_text())
    assert (unit["unit"], unit["requests"]) == ("frontend.mycompany.mesh", report.totals.requests)
    assert report.choices.service == "frontend.mycompany.mesh"
    assert run([*argv, "--each", "day", "-o", "services"]) == 2
    assert "services holds one report per service, not per day" in capsys.readouterr().err


def test_a_cut_incident_is_a_report_of_its_own(report_of_incidents: reports.Report) -> None:
    whole = report_of_incidents
    for incident in whole.incidents:
        part = reports.cut_incident(whole, incident.incident_id)
        assert reports.from_json(reports.to_json(part)) == part  # nothing in it points at what was left out
        assert part.incidents == (incident,)
        assert {f.incident_id for f in part.failovers} == {incident.incident_id}
        assert 0 < len(part.evidence) < len(whole.evidence)
        assert reports.name_incident(part).startswith(f"{incident.started_latest:%Y%m%dT%H%M%S}Z-")


@pytest.fixture
def report_of_incidents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> reports.Report:
    monkeypatch.chdir(tmp_path)
    with opened(incidents(), tmp_path) as session:
        return reports.build_report(session)


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a.b", "a.b", "A.B"], ["a.b", "a.b-2", "A.B-3"]),
        (["../../etc/passwd", "</script>", "", "x" * 300], ["etc-passwd", "script", "unnamed", "x" * 80]),
    ],
)
def test_names_are_files_and_nothing_else(names: list[str], unique: list[str]) -> None:
    assert reports.make_unique(map(reports.make_file_name, names)) == unique
