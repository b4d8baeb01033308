"""The public Python name."""

import inspect
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pyarrow as pa
import pytest

import hopline
from hopline.selection import Selection

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"


def test_open_answers_sql_and_cleans_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with hopline.open(SAMPLES / "article") as session:
        result = session.sql("SELECT service, duration_ms FROM requests ORDER BY start_time")
        assert isinstance(result.to_arrow(), pa.Table)
        assert result.to_pylist() == [
            {"service": "frontend.mycompany.mesh", "duration_ms": 81},
            {"service": "frontend.mycompany.mesh", "duration_ms": 1937},
        ]
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())


def test_open_takes_one_or_several_and_options() -> None:
    options = hopline.Options(service="nobody.example")
    with hopline.open([str(SAMPLES / "article")], options=options) as session:
        assert session.sql("SELECT 1 FROM requests").num_rows == 0


def test_errors_have_one_base_and_an_exit_code() -> None:
    with pytest.raises(hopline.SourceError, match=r"nowhere\.log") as caught, hopline.open("nowhere.log"):
        pass
    assert isinstance(caught.value, hopline.HoplineError)
    assert caught.value.exit_code == 1


def test_thresholds_on_the_command_line_are_those_of_the_analysis() -> None:
    options = hopline.Options()
    assert Selection().make_options() == options
    pairs = {
        "hold_down": "hold_down_s",
        "hold_down_requests": "hold_down_requests",
        "merge_gap": "merge_gap_s",
        "full_share": "full_share",
    }
    hints = get_type_hints(Selection, include_extras=True)
    for flag, option in pairs.items():
        (shown,) = [said.show_default for said in get_args(hints[flag]) if hasattr(said, "show_default")]
        assert float(shown) == getattr(options, option)
        assert getattr(Selection(**{flag: 0}).make_options(), option) == 0
    others = {"primary", "primaries", "since", "until", "service", "objectives", "networks"}
    assert {field.name for field in fields(options)} <= {*pairs.values(), *others}, (
        "a new option of the analysis needs a flag, or a place in hopline.toml"
    )


def test_every_public_name_is_documented() -> None:
    for name in hopline.__all__:
        if not name.startswith("__"):
            assert inspect.getdoc(getattr(hopline, name)), f"hopline.{name} has no docstring"
