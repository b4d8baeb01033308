"""Labels of a store joined to its rows: the names of a source can change, its files never do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

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


def label_rows(table: str, rows: str) -> str:
    """Return the SELECT that puts labels on the rows of a SELECT, whose `source` is an id."""
    names = _NAMES if table == "access_log_files" else ""
    return (
        f"SELECT f.* REPLACE (l.source AS source{names})\n"
        f"FROM ({rows}) AS f JOIN source_labels AS l ON l.source_id = f.source"
    )
