"""The catalog: every .sql file keeps the rules of its header, and its columns are the ones it promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import Options, Session, open_session
from analysis.catalog import Parameter, Relation, closure, load_catalog, mentioned, public_relations
from ingest import parse
from ingest.errors import QueryError
from tests.analysis.simulate import entry, write

MACROS = [relation for relation in load_catalog().values() if relation.kind == "macro"]
CRASH = Path(__file__).resolve().parents[2] / "sample_logs" / "crash"


def test_every_relation_has_the_columns_that_its_header_promises(tmp_path: Path) -> None:
    with open_session(write(tmp_path, [entry(0)]), Options()) as session:
        for relation in load_catalog().values():
            call = relation.example_call if relation.kind == "macro" else relation.name
            actual = session.sql(f"SELECT * FROM {call} LIMIT 0").schema.names
            assert actual == [column.name for column in relation.columns], relation.name


def test_every_column_and_relation_is_described() -> None:
    for relation in public_relations():
        assert relation.question.endswith("?"), relation.name
        for described in (*relation.columns, *relation.parameters):
            assert described.comment.endswith("."), f"{relation.name}.{described.name}: {described.comment!r}"


def test_the_catalog_carries_the_comments(tmp_path: Path) -> None:
    with open_session(write(tmp_path, [entry(0)])) as session:
        rows = session.sql(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'failovers' AND column_name = 'primary'"
        ).to_pylist()
        relations = session.sql(
            "SELECT view_name AS name, comment FROM duckdb_views() WHERE view_name = 'requests' UNION ALL "
            "SELECT table_name, comment FROM duckdb_tables() WHERE table_name = 'failovers' UNION ALL "
            "SELECT function_name, comment FROM duckdb_functions() WHERE function_name = 'slowest' ORDER BY ALL"
        ).to_pylist()
    assert rows == [{"comment": "Endpoint group that serves in health."}]
    assert relations == [
        {"name": name, "comment": load_catalog()[name].question} for name in ("failovers", "requests", "slowest")
    ]


def test_macros_are_asked_for_where_they_are_called() -> None:
    assert mentioned("SELECT * FROM access_log WHERE start_time BETWEEN $a AND $b") == {"access_log"}
    assert mentioned("""SELECT * FROM "between"('a', 'b')""") == {"between"}
    assert mentioned("FROM Traffic_By ('endpoint')") == {"traffic_by"}


def test_the_signature_of_a_macro_is_read_from_its_sql() -> None:
    macro = load_catalog()["slowest"]
    assert macro.signature == "slowest(since := NULL, until := NULL, top := 20)"
    assert macro.parameters[2] == Parameter("top", "20", "How many.")
    assert load_catalog()["between"].signature == '"between"(since, until)'


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session over a recorded failover, which the examples ask about."""
    with open_session(parse([str(CRASH)], folder=tmp_path_factory.mktemp("crash"), workers=1)) as session:
        yield session


@pytest.mark.parametrize("macro", MACROS, ids=lambda macro: macro.name)
def test_the_example_of_a_macro_answers_its_question(macro: Relation, crash: Session) -> None:
    assert macro.example is not None
    assert macro.example_call in macro.example
    assert crash.sql(macro.example).num_rows > 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("FROM traffic_by('endpont')", "there is no column 'endpont' to group by\ndid you mean endpoint?"),
        ("FROM traffic_by", "traffic_by is a macro: FROM traffic_by(column_name, since := NULL,"),
        ("FROM trafic_by('endpoint')", "did you mean traffic_by?"),
        ("FROM slowest(sinc := 1)", "slowest(since := NULL, until := NULL, top := 20); `hopline schema slowest`"),
        ("FROM between('a', 'b')", 'write "between"(since, until), in quotes'),
    ],
)
def test_a_macro_that_is_called_wrongly_says_how(query: str, words: str, crash: Session) -> None:
    with pytest.raises(QueryError) as caught:
        crash.sql(query)
    assert words in f"{caught.value}\n{caught.value.hint}"


def test_a_query_builds_only_what_it_needs() -> None:
    assert "failovers" not in closure({"requests"})
    assert mentioned("SELECT * FROM requests r JOIN nothing USING (x)") == {"requests"}


@pytest.mark.parametrize("name", ["duckdb_tables", "information_schema"])
def test_listing_tables_builds_all(name: str) -> None:
    assert mentioned(f"SELECT * FROM {name}") == set(load_catalog())
