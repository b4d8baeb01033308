"""The gate of the SQL sandbox: only a SELECT, or the EXPLAIN of a SELECT, runs.

DuckDB's allowed paths are writable, so `COPY ... TO` and even `EXPLAIN ANALYZE COPY` could overwrite a log's tables.
Every statement is therefore parsed first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

from analysis.hints import explain_failure, find_nearest
from ingest.errors import QueryError

_EXPLAIN = re.compile(r"^\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*EXPLAIN\b(?:\s+ANALYZE\b)?(?:\s*\([^)]*\))?", re.I | re.S)


def check_statement(
    connection: duckdb.DuckDBPyConnection, query: str, params: Mapping[str, object] | None = None
) -> str:
    """Return the one statement in `query` if it may run with `params`.

    Raises QueryError when it does not parse, when there is not exactly one, when it is not a SELECT, or when its
    `$name`s are not those of `params`.
    """
    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as error:
        message, hint = explain_failure(str(error), query)
        raise QueryError(message, hint=hint) from error
    if len(statements) != 1:
        raise QueryError(
            f"expected one SQL statement, found {len(statements)}",
            hint="Run one SELECT at a time.",
        )
    statement = statements[0]
    _check_parameters(statement.named_parameters, set(params or ()))
    if statement.type == duckdb.StatementType.SELECT:
        return str(statement.query)
    if statement.type == duckdb.StatementType.EXPLAIN:
        inner = _EXPLAIN.sub("", statement.query, count=1)
        if inner != statement.query:
            check_statement(connection, inner, params)
            return str(statement.query)
    kind = str(statement.type).rpartition(".")[2]
    raise QueryError(
        f"{kind} is not allowed: hopline runs SELECT, and EXPLAIN of a SELECT",
        hint="Logs are read-only here; use -o FILE to write a result.",
    )


def _check_parameters(used: set[str], given: set[str]) -> None:
    if missing := sorted(used - given):
        name = missing[0]
        raise QueryError(
            f"${name} has no value",
            hint=f"Give it one: -p {name}=... on the command line, params={{'{name}': ...}} in Python.",
        )
    if unused := sorted(given - used):
        near = find_nearest(unused[0], used)
        known = (
            f"did you mean ${near}?" if near else f"It has {', '.join(f'${name}' for name in sorted(used)) or 'none'}."
        )
        raise QueryError(f"the query has no parameter ${unused[0]}", hint=known)


def write_literal(text: str | None) -> str:
    """Return a text as SQL writes it; NULL of the type VARCHAR for None."""
    return "CAST(NULL AS VARCHAR)" if text is None else "'" + text.replace("'", "''") + "'"
