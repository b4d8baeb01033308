"""The catalog: every table, view and macro that hopline's SQL sees, with its question and its columns.

One file in `analysis/sql/` defines one relation and opens with a header:

    -- Which endpoint did the proxy send each entry to?
    -- More words, as many lines as it takes.
    -- needs: access_log, cluster_names
    -- columns:
    --   access_log.*
    --   service: Host of the service that was asked for.
    CREATE VIEW hops AS ...

The first line is the question it answers. `needs` lists the relations that must exist first; the session builds
only what a query needs. `name.*` stands for all columns of another relation, in order and with their comments
(`name.* except a, b` leaves some out).
The same parse feeds `hopline schema`, `COMMENT ON` and the reference page, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

import pyarrow as pa

from ingest import schema

Kind = Literal["view", "table", "macro"]

_ALL_COLUMNS = re.compile(r"(\w+)\.\*(?: except ([\w, ]+))?")
_CREATE = re.compile(r"^CREATE (VIEW|TABLE|MACRO) (\w+)\s*(?:\((.*?)\))?", re.MULTILINE)


class CatalogError(Exception):
    """A file in `analysis/sql/` breaks the rules of its header: a mistake of ours, never of the user."""


@dataclass(frozen=True)
class Column:
    """One column and what it means."""

    name: str
    comment: str


@dataclass(frozen=True)
class Relation:
    """One table, view or table macro.

    `statement` is the SQL that creates it; None for the base tables that ingest writes. `internal` relations are
    steps on the way: users may read them, but the reference lists them last.
    """

    name: str
    kind: Kind
    question: str
    description: str
    needs: tuple[str, ...]
    columns: tuple[Column, ...]
    statement: str | None
    internal: bool = False


def _base(name: str, question: str, columns: tuple[tuple[str, object, str], ...]) -> Relation:
    described = tuple(Column(column, comment) for column, _, comment in columns)
    return Relation(name, "table", question, "", (), described, None)


#: The flag table of ingest as SQL sees it.
FLAG_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("code", pa.string(), "The flag as logged, such as UF."),
    ("long_name", pa.string(), "Its long form, as printed by %RESPONSE_FLAGS_LONG%."),
    ("meaning", pa.string(), "What it means."),
    ("side", pa.string(), "Who is at fault: client, upstream, gateway, policy or none."),
    ("outcome", pa.string(), "Outcome that it implies; NULL where the flag alone does not say."),
    ("rank", pa.int64(), "Of several flags on one entry the lowest rank names the outcome."),
)

_BASE = (
    _base("access_log_files", "What does every access-log entry say?", schema.ACCESS_LOG_COLUMNS),
    _base("rejects", "Which lines could not be read, and why?", schema.REJECT_COLUMNS),
    _base("source_files", "Which files were read, and what was in them?", schema.SOURCE_COLUMNS),
    _base("inventory", "Which endpoints were declared, or known to Envoy, and when?", schema.INVENTORY_COLUMNS),
    _base(
        "outlier_events",
        "Which endpoints did Envoy's outlier detection eject or take back?",
        schema.OUTLIER_EVENT_COLUMNS,
    ),
    _base("response_flags", "What does each of Envoy's response flags mean?", FLAG_COLUMNS),
)

#: Base tables and tables filled by Python that are not meant for users' queries.
_PLUMBING = frozenset({"access_log_files", "source_files"})


@cache
def load_catalog() -> Mapping[str, Relation]:
    """Return every relation by name, in an order in which they can be created.

    Raises CatalogError when a header is incomplete, names an unknown relation, or the needs form a circle.
    """
    found = {relation.name: relation for relation in _BASE}
    texts: dict[str, str] = {}
    for file in sorted(resources.files("analysis").joinpath("sql").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".sql"):
            texts[file.name.removesuffix(".sql")] = file.read_text(encoding="utf-8")
    waiting = {name: _parse(name, text) for name, text in texts.items()}
    while waiting:
        ready = [name for name, (relation, _) in waiting.items() if all(n in found for n in relation.needs)]
        if not ready:
            raise CatalogError(f"needs form a circle or name an unknown relation: {sorted(waiting)}")
        for name in ready:
            relation, lines = waiting.pop(name)
            columns = tuple(_expand(relation.name, lines, found))
            found[name] = Relation(
                relation.name,
                relation.kind,
                relation.question,
                relation.description,
                relation.needs,
                columns,
                relation.statement,
                relation.internal,
            )
    return found


def public_relations() -> tuple[Relation, ...]:
    """Return the relations that the reference shows, in the order of their names."""
    catalog = load_catalog()
    return tuple(catalog[name] for name in sorted(catalog) if name not in _PLUMBING)


def closure(names: set[str]) -> tuple[str, ...]:
    """Return `names` and everything they need, in an order in which they can be created."""
    catalog = load_catalog()
    wanted: set[str] = set()
    pending = [name for name in names if name in catalog]
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend(catalog[name].needs)
    return tuple(name for name in catalog if name in wanted)


def mentioned(query: str) -> set[str]:
    """Return the relations that a query may refer to: every known name that stands in it as a word.

    Too many is harmless (something is built that was not needed), too few would be an error.
    """
    words = {word.lower() for word in re.findall(r"\w+", query)}
    catalog = load_catalog()
    if words & {
        "information_schema",
        "duckdb_tables",
        "duckdb_views",
        "duckdb_columns",
        "duckdb_functions",
        "tables",
        "pg_catalog",
    }:
        return set(catalog)
    return words & set(catalog)


def _parse(file_stem: str, text: str) -> tuple[Relation, list[str]]:
    """Split one .sql file into its relation (columns not yet expanded) and the lines of its column list."""
    head, _, _ = text.partition("\nCREATE ")
    lines = [line.removeprefix("--").removeprefix(" ") for line in head.splitlines()]
    if not lines or not lines[0].endswith("?"):
        raise CatalogError(f"{file_stem}.sql: the first line must be the question it answers, ending with '?'")
    match = _CREATE.search(text)
    if match is None or match.group(2) != file_stem:
        raise CatalogError(f"{file_stem}.sql: expected one CREATE VIEW, TABLE or MACRO named {file_stem}")
    needs: tuple[str, ...] | None = None
    internal = False
    prose: list[str] = []
    column_lines: list[str] | None = None
    for line in lines[1:]:
        if column_lines is not None:
            column_lines.append(line)
        elif line.startswith("needs:"):
            needs = tuple(name.strip() for name in line.removeprefix("needs:").split(",") if name.strip())
        elif line.strip() == "internal":
            internal = True
        elif line.startswith("columns:"):
            column_lines = []
        else:
            prose.append(line.strip())
    if needs is None or column_lines is None:
        raise CatalogError(f"{file_stem}.sql: the header must have 'needs:' and 'columns:'")
    kind: Kind = {"VIEW": "view", "TABLE": "table", "MACRO": "macro"}[match.group(1)]  # type: ignore[assignment]
    relation = Relation(file_stem, kind, lines[0].strip(), " ".join(prose).strip(), needs, (), text, internal=internal)
    return relation, column_lines


def _expand(name: str, lines: list[str], found: Mapping[str, Relation]) -> Iterator[Column]:
    """Yield the columns of a header, `other.*` replaced by the columns of the other relation."""
    for line in (text.strip() for text in lines):
        if not line:
            continue
        if match := _ALL_COLUMNS.fullmatch(line):
            other, left_out = match.group(1), set((match.group(2) or "").replace(",", " ").split())
            if other not in found:
                raise CatalogError(f"{name}.sql: columns of {other} are asked for, but it is not among the needs")
            yield from (column for column in found[other].columns if column.name not in left_out)
            continue
        column, separator, comment = line.partition(": ")
        if not separator or not re.fullmatch(r"\w+", column):
            raise CatalogError(f"{name}.sql: expected 'column: what it means', found {line!r}")
        yield Column(column, comment.strip())
