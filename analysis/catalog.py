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
(`name.* except a, b` leaves some out). A table macro also lists its parameters, each with what it means, and has an
example, a query that the tests run:

    -- parameters:
    --   since: Only requests from this time on; NULL leaves the window open.
    -- example: FROM slowest(since := '2026-11-24T02:32:15Z')

The same parse feeds `hopline schema`, `COMMENT ON` and the reference page, so that they cannot disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Literal

import pyarrow as pa

from ingest import schema

Kind = Literal["view", "table", "macro"]

_ALL_COLUMNS = re.compile(r"(\w+)\.\*(?: except ([\w, ]+))?")
_CREATE = re.compile(r'^CREATE (VIEW|TABLE|MACRO) ("?)(\w+)\2\s*(?:\(([^)]*)\))?', re.MULTILINE)


class CatalogError(Exception):
    """A file in `analysis/sql/` breaks the rules of its header: a mistake of ours, never of the user."""


@dataclass(frozen=True)
class Column:
    """One column and what it means."""

    name: str
    comment: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a table macro; `default` is SQL, None where a value must be given."""

    name: str
    default: str | None
    comment: str


@dataclass(frozen=True)
class Relation:
    """One table, view or table macro.

    `statement` is the SQL that creates it; None for the base tables that ingest writes. `internal` relations are
    steps on the way: users may read them, but the reference lists them last. Only a macro has `parameters`, and an
    `example`, a whole query. `call` is its name as SQL wants it: in quotes where it is a word of SQL.
    """

    name: str
    kind: Kind
    question: str
    description: str
    needs: tuple[str, ...]
    columns: tuple[Column, ...]
    statement: str | None
    internal: bool = False
    parameters: tuple[Parameter, ...] = ()
    example: str | None = None
    call: str = ""

    @property
    def example_call(self) -> str:
        """The call of a macro in its example, such as `slowest(top := 5)`."""
        text = self.example or ""
        start = text.index(f"{self.call}(")
        depth = 0
        for place in range(start + len(self.call), len(text)):
            depth += {"(": 1, ")": -1}.get(text[place], 0)
            if not depth:
                return text[start : place + 1]
        raise CatalogError(f"{self.name}.sql: a parenthesis is not closed in the example")

    @property
    def signature(self) -> str:
        """How a macro is called: `slowest(since := NULL, until := NULL, top := 20)`."""
        told = [p.name if p.default is None else f"{p.name} := {p.default}" for p in self.parameters]
        return f"{self.call}({', '.join(told)})"


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

#: The networks that the user named (analysis.options.Network), one row per statement about one.
NETWORK_COLUMNS: tuple[tuple[str, pa.DataType, str], ...] = (
    ("network", pa.string(), "Name of the network."),
    ("network_cluster_id", pa.string(), "Kubernetes cluster of its addresses; NULL where it is not said."),
    ("region", pa.string(), "Region of its addresses."),
    ("zone", pa.string(), "Zone of its addresses."),
    (
        "statement",
        pa.string(),
        "What this row says of it: cidr, hostname, address (of a load balancer in front of its east-west gateway) or "
        "port (of that gateway, where nothing else is said of the network).",
    ),
    ("value", pa.string(), "The same as written."),
    ("strength", pa.int64(), "Of several rows that an address fits, the highest counts."),
    ("first_key", pa.string(), "First address of the range, in hex: 8 digits for IPv4, 32 for IPv6."),
    ("last_key", pa.string(), "Last address of the range."),
    ("hostname", pa.string(), "Host name, in lower case; *.example.com stands for every name that ends so."),
    ("port", pa.int32(), "Port of the address, or the port itself."),
    ("ports", pa.list_(pa.int32()), "All ports of its east-west gateway beside 15443."),
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
    _base("mesh_config", "What do Istio's resources and Envoy's clusters set?", schema.MESH_CONFIG_COLUMNS),
    _base(
        "endpoint_counters",
        "What had Envoy counted, per endpoint and per cluster, when it was asked?",
        schema.ENDPOINT_COUNTER_COLUMNS,
    ),
    _base("networks", "Which networks did the user name, and where are their addresses?", NETWORK_COLUMNS),
    _base("response_flags", "What does each of Envoy's response flags mean?", FLAG_COLUMNS),
)

#: Base tables and tables filled by Python that are not meant for users' queries.
_PLUMBING = frozenset({"access_log_files", "source_files"})

#: Names under which DuckDB's own catalog is asked, and SHOW TABLES.
_DATABASE_CATALOG = {
    "information_schema",
    "duckdb_tables",
    "duckdb_views",
    "duckdb_columns",
    "duckdb_functions",
    "tables",
    "pg_catalog",
}


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
            found[name] = replace(relation, columns=columns)
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

    A macro is one only where it is called (`between` is a word of SQL). Too many is harmless (something is built that
    was not needed), too few would be an error.
    """
    catalog = load_catalog()
    if reads_database_catalog(query):
        return set(catalog)
    found = _words(query) & set(catalog)
    return {
        name for name in found if catalog[name].kind != "macro" or re.search(rf'\b{name}"?\s*\(', query, re.IGNORECASE)
    }


def reads_database_catalog(query: str) -> bool:
    """Say whether a query may ask DuckDB itself what there is."""
    return not _DATABASE_CATALOG.isdisjoint(_words(query))


def _words(query: str) -> set[str]:
    return {word.lower() for word in re.findall(r"\w+", query)}


def _parse(file_stem: str, text: str) -> tuple[Relation, list[str]]:
    """Split one .sql file into its relation (columns not yet expanded) and the lines of its column list."""
    head, _, _ = text.partition("\nCREATE ")
    lines = [line.removeprefix("--").removeprefix(" ") for line in head.splitlines()]
    if not lines or not lines[0].endswith("?"):
        raise CatalogError(f"{file_stem}.sql: the first line must be the question it answers, ending with '?'")
    match = _CREATE.search(text)
    if match is None or match[3] != file_stem:
        raise CatalogError(f"{file_stem}.sql: expected one CREATE VIEW, TABLE or MACRO named {file_stem}")
    header = _read_header(lines[1:])
    if header.needs is None or header.columns is None:
        raise CatalogError(f"{file_stem}.sql: the header must have 'needs:' and 'columns:'")
    kind: Kind = {"VIEW": "view", "TABLE": "table", "MACRO": "macro"}[match[1]]  # type: ignore[assignment]
    relation = Relation(
        file_stem,
        kind,
        lines[0].strip(),
        " ".join(header.prose).strip(),
        header.needs,
        (),
        text,
        header.internal,
        _read_parameters(file_stem, (kind == "macro" and match[4]) or "", header.parameters),
        header.example,
        f"{match[2]}{file_stem}{match[2]}",
    )
    return relation, header.columns


@dataclass
class _Header:
    """The parts of a header; None where a part is missing."""

    prose: list[str] = field(default_factory=list)
    needs: tuple[str, ...] | None = None
    internal: bool = False
    parameters: list[str] = field(default_factory=list)
    example: str | None = None
    columns: list[str] | None = None


def _read_header(lines: Sequence[str]) -> _Header:
    header = _Header()
    listed: list[str] | None = None  # the list that indented lines belong to
    for line in lines:
        if listed is not None and (line.startswith("  ") or not line.strip()):
            listed.append(line)
            continue
        listed = None
        if line.startswith("needs:"):
            header.needs = tuple(name.strip() for name in line.removeprefix("needs:").split(",") if name.strip())
        elif line.strip() == "internal":
            header.internal = True
        elif line.startswith("example:"):
            header.example = line.removeprefix("example:").strip()
        elif line.startswith("parameters:"):
            listed = header.parameters
        elif line.startswith("columns:"):
            listed = header.columns = []
        else:
            header.prose.append(line.strip())
    return header


def _read_parameters(name: str, signature: str, lines: Iterable[str]) -> tuple[Parameter, ...]:
    """Return the parameters in the order of the macro; raises CatalogError for a comment on one that it has not."""
    comments = dict(_read_pair(name, line) for line in lines if line.strip())
    parameters = []
    for text in filter(None, map(str.strip, signature.split(","))):
        parameter, _, default = (part.strip() for part in text.partition(":="))
        parameters.append(Parameter(parameter, default or None, comments.pop(parameter, "")))
    if comments:
        raise CatalogError(f"{name}.sql: the macro has no parameter {', '.join(comments)}")
    return tuple(parameters)


def _read_pair(name: str, line: str) -> tuple[str, str]:
    word, separator, comment = line.strip().partition(": ")
    if not separator or not re.fullmatch(r"\w+", word):
        raise CatalogError(f"{name}.sql: expected 'name: what it means', found {line.strip()!r}")
    return word, comment.strip()


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
        yield Column(*_read_pair(name, line))
