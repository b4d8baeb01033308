"""The gate of the SQL sandbox: only a SELECT, or the EXPLAIN of a SELECT, runs.

DuckDB's allowed paths are writable, so `COPY ... TO` and even `EXPLAIN ANALYZE COPY` could overwrite a log's tables.
Every statement is therefore parsed first.
"""

from __future__ import annotations

import re

import duckdb

from ingest.errors import QueryError

_EXPLAIN = re.compile(r"^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*EXPLAIN\b(?:\s+ANALYZE\b)?(?:\s*\([^)]*\))?", re.I | re.S)


def check_statement(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    """Return the one statement in `query` if it may run.

    Raises QueryError when it does not parse, when there is not exactly one, or when it is not a SELECT.
    """
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        raise QueryError(str(error)) from error
    if len(statements) != 1:
        raise QueryError(
            f"expected one SQL statement, found {len(statements)}",
            hint="Run one SELECT at a time.",
        )
    statement = statements[0]
    if statement.type == duckdb.StatementType.SELECT:
        return str(statement.query)
    if statement.type == duckdb.StatementType.EXPLAIN:
        inner = _EXPLAIN.sub("", statement.query, count=1)
        if inner != statement.query:
            check_statement(connection, inner)
            return str(statement.query)
    kind = str(statement.type).rpartition(".")[2]
    raise QueryError(
        f"{kind} is not allowed: hopline runs SELECT, and EXPLAIN of a SELECT",
        hint="Logs are read-only here; use -o FILE to write a result.",
    )
