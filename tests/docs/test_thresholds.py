"""The table of thresholds in docs/explanation/failovers.md says what the code does, and leaves none out."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main

from analysis import Options
from analysis.failover.stretches import SECOND
from hopline.cli import app
from tests.docs.consoles import HOME

PAGE = HOME / "docs" / "explanation" / "failovers.md"
#: Numbers that are no choice: units, the resolution of Envoy's clock, the layout of hop_id.
_NO_CHOICE = {"SECOND", "START_RESOLUTION_US", "END_RESOLUTION_US", "_LINE_BITS", "_MINUTE_US"}


@dataclass(frozen=True)
class Threshold:
    what: str
    value: str
    flag: str
    code: str

    @property
    def number(self) -> float:
        found = re.fullmatch(r"([\d.]+)(%| s| ms| min)?", self.value)
        assert found, self.value
        return float(found[1]) / (100 if found[2] == "%" else 1)


def _read() -> list[Threshold]:
    section = PAGE.read_text().partition("## Every threshold")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return [Threshold(*row) for row in rows[2:]]


THRESHOLDS = _read()


@pytest.mark.parametrize("one", THRESHOLDS, ids=lambda one: one.code)
def test_value_is_that_of_the_code(one: Threshold) -> None:
    quoted = re.fullmatch(r"`([\w/]+\.(?:py|sql))`: `(.+)`", one.code)
    if quoted:
        assert quoted[2] in (HOME / "analysis" / quoted[1]).read_text()
        # The number stands in what is quoted, as it is or as a part of one.
        digits = {float(digit) for digit in re.findall(r"\d+(?:\.\d+)?", quoted[2])}
        assert one.number in digits
        return
    owner, _, name = one.code.strip("`").rpartition(".")
    if owner == "Options":
        assert getattr(Options(), name) == pytest.approx(one.number)
        return
    value = getattr(importlib.import_module(f"analysis.{owner}"), name)
    in_seconds = one.value.endswith(" s") and value >= SECOND
    assert (value / SECOND if in_seconds else value) == pytest.approx(one.number)


@pytest.mark.parametrize("one", [one for one in THRESHOLDS if one.flag != "none"], ids=lambda one: one.flag)
def test_flag_exists(one: Threshold) -> None:
    command = typer.main.get_command(app).commands["failovers"]  # type: ignore[attr-defined]
    options = {flag: parameter for parameter in command.params for flag in parameter.opts}
    shown = options[one.flag.strip("`")].show_default
    assert float(str(shown)) == pytest.approx(one.number)


@pytest.mark.parametrize("module", sorted((HOME / "analysis").glob("*/*.py")), ids=lambda path: path.stem)
def test_no_number_is_left_out(module: Path) -> None:
    """Every number with a name of its own in the modules that judge is in the table."""
    owner = f"{module.parent.name}.{module.stem}"
    names = re.findall(r"^(_?[A-Z][A-Z_]*(?:, _[A-Z_]+)*)(?:: \w+)? = ", module.read_text(), re.MULTILINE)
    values = importlib.import_module(f"analysis.{owner}")
    told = {one.code.strip("`") for one in THRESHOLDS}
    numbers = [name for group in names for name in group.split(", ") if isinstance(getattr(values, name), int | float)]
    assert [name for name in numbers if name not in _NO_CHOICE and f"{owner}.{name}" not in told] == []
