"""Labels of a store joined to its rows: the names of a source can change, its files never do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from analysis.statements import write_literal

_COLUMNS = pa.schema(
    [
        pa.field("source_id", pa.string()),
        pa.field("source", pa.string()),
        pa.field("cluster_id", pa.string()),
        pa.field("gateway", pa.string()),
        pa.field("proxy", pa.string()),
        pa.field("role", pa.string()),
        pa.field("labelled", pa.bool_()),
    ]
)
#: Read apart, files of one proxy have names that are constants: filters on them, and on the role of each line, then
#: reach the Parquet files. Beyond so many proxies the plan of a query would cost more than it saves.
_MOST_READ_APART = 64

#: A label wins over what a line says; a name from a path fills in where a line says nothing.
_NAMES = """,
    CASE WHEN l.labelled THEN l.cluster_id ELSE coalesce(f.cluster_id, l.cluster_id) END AS cluster_id,
    CASE WHEN l.labelled THEN l.gateway ELSE coalesce(f.gateway, l.gateway) END AS gateway,
    coalesce(f.proxy, l.proxy) AS proxy,
    CASE WHEN l.role <> 'unknown' AND (l.labelled OR f.gateway IS NULL) THEN l.role ELSE f.role END AS role"""


def create_labels(connection: duckdb.DuckDBPyConnection, labels: Sequence[Mapping[str, Any]]) -> None:
    """Create the table of labels, one row per source of a store."""
    connection.register("label_rows", pa.Table.from_pylist(list(labels), schema=_COLUMNS))
    connection.execute("CREATE TABLE source_labels AS SELECT * FROM label_rows")
    connection.unregister("label_rows")


def label_rows(files: Iterable[Path]) -> str:
    """Return the SELECT that reads files, whose `source` is an id, with the names of their sources."""
    return _join_labels(files, "")


def label_entries(files: Sequence[Path], labels: Sequence[Mapping[str, Any]]) -> str:
    """Return the SELECT that reads the entries of access logs with the labels of their sources.

    `labels` has a row for each source; its `files` are those of its entries, and `is_named` says whether lines name
    their proxies themselves.
    """
    apart: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
    for label in labels:
        if label.get("files") and not label["is_named"]:
            names = tuple(label[name] for name in ("cluster_id", "gateway", "proxy", "role", "labelled"))
            apart.setdefault(names, []).append(label)
    if len(apart) > _MOST_READ_APART:
        apart = {}
    read = {file for group in apart.values() for label in group for file in label["files"]}
    selects = list(_read_apart(apart.values(), set(files)))
    if rest := [file for file in files if file not in read]:
        selects.append(_join_labels(rest, _NAMES))
    return "\nUNION ALL\n".join(selects)


def _read_apart(groups: Iterable[Sequence[Mapping[str, Any]]], wanted: set[Path]) -> Iterator[str]:
    for group in groups:
        files = [file for label in group for file in label["files"] if file in wanted]
        if not files:
            continue
        one = group[0]
        names = "".join(_name_column(one, name) for name in ("cluster_id", "gateway")) + (
            f",\n    coalesce(f.proxy, {write_literal(one['proxy'])}) AS proxy"
            + (f",\n    {write_literal(one['role'])} AS role" if one["role"] != "unknown" else "")
        )
        if len(group) == 1:
            yield f"SELECT f.* REPLACE ({write_literal(one['source'])} AS source{names})\nFROM {_read(files)} AS f"
        else:
            yield _join_labels(files, names)


def _name_column(label: Mapping[str, Any], name: str) -> str:
    value = write_literal(label[name])
    return f",\n    {value if label['labelled'] else f'coalesce(f.{name}, {value})'} AS {name}"


def _join_labels(files: Iterable[Path], names: str) -> str:
    return (
        f"SELECT f.* REPLACE (l.source AS source{names})\n"
        f"FROM {_read(files)} AS f JOIN source_labels AS l ON l.source_id = f.source"
    )


def _read(files: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(write_literal(str(path.resolve())) for path in files)}])"
