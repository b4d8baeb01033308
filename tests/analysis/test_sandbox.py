"""The sandbox: a query reads the logs it was given, and nothing else, and writes nothing at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from analysis import Session, open_session
from ingest.errors import QueryError
from tests.analysis.simulate import entry, write


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return open_session(write(tmp_path / "store", [entry(i / 10) for i in range(30)]))


def _hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


FORBIDDEN = [
    "COPY (SELECT 1) TO '{file}'",
    "COPY access_log_files TO '{file}' (FORMAT parquet)",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
    "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{file}'",
    "/* harmless */ EXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
    "-- harmless\nEXPLAIN ANALYZE COPY (SELECT 1) TO '{file}'",
    "explain analyze /* x */ copy (SELECT 1) to '{file}'",
    "ATTACH '{folder}/other.duckdb' AS other",
    "EXPORT DATABASE '{folder}/export'",
    "IMPORT DATABASE '{folder}/export'",
    "PRAGMA database_list",
    "PRAGMA enable_external_access=true",
    "SET enable_external_access = true",
    "RESET allowed_paths",
    "SET VARIABLE since = NULL",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CREATE TABLE t AS SELECT 1",
    "DROP VIEW access_log",
    "INSERT INTO response_flags VALUES ('X', 'X', 'X', 'X', 'X', 1)",
    "DELETE FROM response_flags",
    "CALL pragma_version()",
    "VACUUM",
    "CHECKPOINT",
    "SELECT 1; COPY (SELECT 1) TO '{file}'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/hostname')",
    "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM '{folder}/secret.csv'",
    "",
    "SELEC 1",
]


@pytest.mark.parametrize("query", FORBIDDEN)
def test_what_is_not_a_select_over_the_logs_is_refused(query: str, session: Session, tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / "secret.csv").write_text("a,b\n1,2\n")
    before = _hashes(store)
    text = query.format(file=store / "access_log.parquet", folder=store)
    with session, pytest.raises(QueryError) as caught:
        session.sql(text)
    assert str(caught.value)
    assert _hashes(store) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) AS n FROM access_log",
        "FROM access_log SELECT count(*) AS n",
        "WITH a AS (SELECT * FROM access_log) SELECT count(*) AS n FROM a;",
        "-- how many?\nSELECT count(*) AS n FROM access_log",
    ],
)
def test_selects_run(query: str, session: Session) -> None:
    with session:
        assert session.sql(query).to_pylist() == [{"n": 30}]


@pytest.mark.parametrize("query", ["EXPLAIN SELECT * FROM requests", "EXPLAIN ANALYZE SELECT 1", "DESCRIBE requests"])
def test_plans_and_descriptions_run(query: str, session: Session) -> None:
    with session:
        assert session.sql(query).num_rows > 0


def test_parameters_are_values_not_text(session: Session) -> None:
    with session:
        rows = session.sql(
            "SELECT $x AS x, count(*) AS n FROM access_log WHERE method = $m", {"x": "'; --", "m": "GET"}
        )
    assert rows.to_pylist() == [{"x": "'; --", "n": 30}]


def test_sums_are_integers(session: Session) -> None:
    with session:
        table = session.sql("SELECT sum(bytes_sent) AS bytes FROM access_log")
    assert str(table.schema.field("bytes").type) == "int64"


def test_an_unknown_column_is_named_with_duckdbs_own_words(session: Session) -> None:
    with session, pytest.raises(QueryError, match="respons_code"):
        session.sql("SELECT respons_code FROM access_log")
