"""The page about checks names every check, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from analysis import open_session
from tests.analysis.simulate import entry, write
from tests.docs.consoles import HOME


def test_every_check_has_its_section(tmp_path: Path) -> None:
    with open_session(write(tmp_path, [entry(0)])) as session:
        checks = session.sql("SELECT check_id FROM checks").column("check_id").to_pylist()
        files = {path.stem.removeprefix("check_") for path in (HOME / "analysis" / "sql").glob("check_*.sql")}
    page = (HOME / "docs" / "explanation" / "checks.md").read_text()
    assert set(re.findall(r"^### (\w+)$", page, re.MULTILINE)) == set(checks) == files
