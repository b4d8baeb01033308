"""Exports: what other tools read is what hopline says, with its comments, and wholly there or not there."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

import hopline
from analysis.catalog import load_catalog, public_relations
from hopline.cli import run
from hopline.exports import choose_tables, export_duckdb, export_parquet
from tests.once import make_once

ARTICLE = str(Path(__file__).resolve().parents[2] / "sample_logs" / "article")
NAMES = {each.name for each in public_relations() if each.kind != "macro" and not each.internal}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_once(tmp_path_factory, "exports", write_exports)


def write_exports(folder: Path) -> Path:
    assert run(["export", ARTICLE, "-o", str(folder / "incident.duckdb")]) == 0
    assert run(["export", ARTICLE, "--to", "parquet", "-o", str(folder / "incident")]) == 0
    assert {file.name for file in folder.iterdir()} == {"incident.duckdb", "incident"}, "nothing is left beside them"
    return folder


def test_both_hold_every_public_table_with_the_rows_of_the_session(made: Path) -> None:
    assert {file.stem for file in (made / "incident").iterdir()} == NAMES
    with (
        hopline.open(ARTICLE) as session,
        duckdb.connect(made / "incident.duckdb", read_only=True) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        for name in sorted(NAMES):
            expected = session.sql(f"FROM {name} ORDER BY ALL").to_arrow()
            assert connection.sql(f"FROM {name} ORDER BY ALL").to_arrow_table().to_pylist() == expected.to_pylist()
            file = pq.read_table(made / "incident" / f"{name}.parquet")
            assert file.schema.remove_metadata().equals(expected.schema), name
            assert file.num_rows == expected.num_rows, name


def test_comments_go_along(made: Path) -> None:
    requests = load_catalog()["requests"]
    with duckdb.connect(made / "incident.duckdb", read_only=True) as connection:
        told = connection.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 'requests'").fetchall()
        columns = connection.sql(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'requests' ORDER BY column_index"
        ).fetchall()
    assert told == [(requests.question,)]
    assert columns == [(column.name, column.comment) for column in requests.columns]
    schema = pq.read_schema(made / "incident" / "requests.parquet")
    assert schema.metadata[b"comment"].decode() == requests.question
    assert schema.field("duration_ms").metadata[b"comment"].decode() == dict(columns)["duration_ms"]


def test_macros_that_need_nothing_else_go_along(made: Path) -> None:
    with duckdb.connect(made / "incident.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT duration_ms FROM slowest(top := 1)").fetchall() == [(1937,)]
        assert connection.sql("SELECT requests FROM traffic_by('service')").fetchall() == [(2,)]


def test_polars_reads_the_folder(made: Path) -> None:
    frame = pl.scan_parquet(made / "incident" / "requests.parquet").select("service", "start_time").collect()
    assert frame.height == 2
    assert frame.schema["start_time"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("write", [export_duckdb, export_parquet])
def test_a_failed_export_leaves_what_was_there(write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "incident"
    if write is export_duckdb:
        target.write_text("old")
    monkeypatch.setattr("hopline.exports._rename", lambda made, target: 1 / 0)
    with hopline.open(ARTICLE) as session, pytest.raises(ZeroDivisionError):
        write(session, target, choose_tables("rejects"))  # type: ignore[operator]
    assert [file.name for file in tmp_path.iterdir()] == (["incident"] if write is export_duckdb else [])
    assert write is not export_duckdb or target.read_text() == "old"


def test_an_old_file_is_replaced_and_an_empty_folder_filled(tmp_path: Path) -> None:
    (tmp_path / "old.duckdb").write_text("no database")
    (tmp_path / "folder").mkdir()
    for name in ("old.duckdb", "folder"):
        assert run(["export", ARTICLE, "--tables", "rejects, sources", "-o", str(tmp_path / name)]) == 0
    assert {file.name for file in (tmp_path / "folder").iterdir()} == {"rejects.parquet", "sources.parquet"}
    with duckdb.connect(tmp_path / "old.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM sources").fetchall() == [(2,)]
        assert connection.sql("SELECT count(*) FROM duckdb_tables()").fetchall() == [(2,)]
