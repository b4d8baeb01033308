"""`hopline report --tables`: the tables beside the report, the same rows in both formats."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hopline.cli import run
from tests.once import make_once

CRASH = str(Path(__file__).resolve().parents[2] / "sample_logs" / "crash")
NAMES = ("endpoints", "failover_events", "failover_phases", "failovers", "incidents", "sources")
ADDRESS = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the crash, as they are; the report stands beside them."""
    return make_once(tmp_path_factory, "tables", write_tables)


def write_tables(made: Path) -> Path:
    assert run(["report", CRASH, "-o", str(made / "page.html"), "--tables", str(made / "tables")]) == 0
    assert (made / "page.html").read_bytes().lstrip().startswith(b"<!doctype html>")
    return made / "tables"


def test_each_table_is_there_in_both_formats(folder: Path) -> None:
    wanted = {f"{name}.{extension}" for name in NAMES for extension in ("csv", "parquet")}
    assert {file.name for file in folder.iterdir()} == wanted


@pytest.mark.parametrize("name", NAMES)
def test_both_formats_hold_the_same_rows(folder: Path, name: str) -> None:
    table = pq.read_table(folder / f"{name}.parquet")
    with (folder / f"{name}.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert table.num_rows == len(rows) > 0
    assert list(rows[0]) == table.column_names
    for column in ("failover_id", "seq", "requests", "incident_id", "endpoint", "source"):
        if column in table.column_names:
            texts = ["" if value is None else str(value) for value in table.column(column).to_pylist()]
            assert [row[column] for row in rows] == texts


def test_tables_are_redacted_as_the_report_is(folder: Path, tmp_path: Path) -> None:
    options = ["--redact", "ip", "--redact-key", "0123456789abcdef"]
    for name in ("a", "b"):
        page, tables = str(tmp_path / f"{name}.json"), str(tmp_path / name)
        assert run(["report", CRASH, *options, "-o", page, "--tables", tables]) == 0
    assert ADDRESS.search((folder / "endpoints.csv").read_bytes())
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
        plain, hidden = (
            pq.read_table(folder / f"{file.stem}.parquet"),
            pq.read_table(tmp_path / "a" / f"{file.stem}.parquet"),
        )
        assert hidden.schema.equals(plain.schema)
        assert hidden.num_rows == plain.num_rows
        if file.suffix == ".csv":
            assert not ADDRESS.search(file.read_bytes()), file.name
    names = set(re.findall(r"ip-[0-9a-f]{10}", (tmp_path / "a" / "endpoints.csv").read_text()))
    assert len(names) > 3
    assert names <= set(re.findall(r"ip-[0-9a-f]{10}", (tmp_path / "a.json").read_text()))
