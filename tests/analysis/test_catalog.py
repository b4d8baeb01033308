"""The catalog: every .sql file keeps the rules of its header, and its columns are the ones it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import Options, open_session
from analysis.catalog import closure, load_catalog, mentioned, public_relations
from tests.analysis.simulate import entry, write

#: What the table macros can be called with.
_ARGUMENTS = {"priority_load": "[2, 1], [3, 1]", "trace_of": "'r1'"}


def test_every_relation_has_the_columns_that_its_header_promises(tmp_path: Path) -> None:
    with open_session(write(tmp_path, [entry(0)]), Options()) as session:
        for relation in load_catalog().values():
            call = f"{relation.name}({_ARGUMENTS[relation.name]})" if relation.kind == "macro" else relation.name
            actual = session.sql(f"SELECT * FROM {call} LIMIT 0").schema.names
            assert actual == [column.name for column in relation.columns], relation.name


def test_every_column_and_relation_is_described() -> None:
    for relation in public_relations():
        assert relation.question.endswith("?"), relation.name
        for column in relation.columns:
            assert column.comment.endswith("."), f"{relation.name}.{column.name}: {column.comment!r}"


def test_the_catalog_carries_the_comments(tmp_path: Path) -> None:
    with open_session(write(tmp_path, [entry(0)])) as session:
        rows = session.sql(
            "SELECT comment FROM duckdb_columns() WHERE table_name = 'failovers' AND column_name = 'primary'"
        ).to_pylist()
    assert rows == [{"comment": "Endpoint group that serves in health."}]


def test_a_query_builds_only_what_it_needs() -> None:
    assert "failovers" not in closure({"requests"})
    assert mentioned("SELECT * FROM requests r JOIN nothing USING (x)") == {"requests"}


@pytest.mark.parametrize("name", ["duckdb_tables", "information_schema"])
def test_listing_tables_builds_all(name: str) -> None:
    assert mentioned(f"SELECT * FROM {name}") == set(load_catalog())
