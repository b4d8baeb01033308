"""The SQL of the report: one question per file in `reports/sql/`, bound to a scene and kept ready to copy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import resources

Scalar = str | int | datetime
Value = Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True)
class Route:
    """The requests that one timeline is about: those of one gateway to one service."""

    cluster_id: str | None
    gateway: str | None
    service: str | None
    service_port: int | None
    subset: str | None


@dataclass(frozen=True)
class Query:
    """A statement with `$name` parameters and their values; `question` and `comment` are the head of its file."""

    name: str
    question: str
    comment: str
    statement: str
    params: Mapping[str, Value]

    def over(self, held: str) -> Query:
        """Return the same question to rows of `requests` that are held under another name."""
        return replace(self, statement=re.sub(r"\bFROM requests\b", f"FROM {held}", self.statement))

    @property
    def sql(self) -> str:
        """The statement with its values put in: it runs as it is."""
        filled = re.sub(r"\$(\w+)", lambda match: write_literal(self.params[match[1]]), self.statement)
        return f"{self.comment}\n{filled}" if self.comment else filled


def load_query(name: str, params: Mapping[str, Value] | None = None, *, scene: str = "", route: str = "") -> Query:
    """Return the query of `sql/{name}.sql` with its conditions put in."""
    question, comment, statement = _read(name)
    statement = statement.replace("{scene}", scene).replace("{route}", route)
    used = set(re.findall(r"\$(\w+)", statement))
    return Query(
        name, question, comment, statement, {key: value for key, value in (params or {}).items() if key in used}
    )


def bind_route(route: Route, *, with_subset: bool = True) -> tuple[str, dict[str, Value]]:
    """Return the condition that selects a route, and its parameters."""
    columns: dict[str, Value] = {
        "cluster_id": route.cluster_id,
        "gateway": route.gateway,
        "service": route.service,
        "service_port": route.service_port,
    }
    if with_subset:
        columns["subset"] = route.subset
    conditions = [f"{name} IS NULL" if value is None else f"{name} = ${name}" for name, value in columns.items()]
    return " AND ".join(conditions), {name: value for name, value in columns.items() if value is not None}


def write_literal(value: Value) -> str:
    """Return a value as a DuckDB literal."""
    if value is None:
        return "NULL"
    if isinstance(value, tuple):
        return f"[{', '.join(map(write_literal, value))}]"
    if isinstance(value, datetime):
        return f"TIMESTAMPTZ '{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}+00'"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"


@cache
def _read(name: str) -> tuple[str, str, str]:
    """Return the question in the first line of a file, the comment below it, and the statement."""
    lines = resources.files("reports").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("--")]
    rest = "\n".join(line for line in lines if not line.startswith("--"))
    return head[0].removeprefix("-- "), "\n".join(head[1:]), rest.strip()
