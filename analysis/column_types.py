"""The SQL type of every column, found out by building every relation over empty files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.catalog import load_catalog
from analysis.session import open_session
from ingest import schema

_TABLES = {
    "access_log": schema.ACCESS_LOG,
    "rejects": schema.REJECTS,
    "sources": schema.SOURCES,
    "inventory": schema.INVENTORY,
    "outlier_events": schema.OUTLIER_EVENTS,
    "mesh_config": schema.MESH_CONFIG,
    "endpoint_counters": schema.ENDPOINT_COUNTERS,
}


@dataclass(frozen=True)
class _EmptyParse:
    """What a parse of nothing leaves."""

    access_log: tuple[Path, ...]
    rejects: tuple[Path, ...]
    sources: tuple[Path, ...]
    inventory: tuple[Path, ...]
    outlier_events: tuple[Path, ...]
    mesh_config: tuple[Path, ...]
    endpoint_counters: tuple[Path, ...]
    warnings: tuple[str, ...] = ()

    @property
    def evidence(self) -> _EmptyParse:
        return self

    def read_lines(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """There are no lines."""
        return {}


@cache
def column_types() -> Mapping[tuple[str, str], str]:
    """Return the SQL type of each (relation, column), such as TIMESTAMP WITH TIME ZONE or VARCHAR[]."""
    query = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    with (
        tempfile.TemporaryDirectory(prefix="hopline-") as folder,
        open_session(_write_nothing(Path(folder))) as session,
    ):
        types = {(row["table_name"], row["column_name"]): row["data_type"] for row in session.sql(query).to_pylist()}
        # A macro has no columns in DuckDB's catalog: a call of it has.
        for macro in (relation for relation in load_catalog().values() if relation.kind == "macro"):
            for row in session.sql(f"DESCRIBE FROM {macro.example_call}").to_pylist():
                types[macro.name, row["column_name"]] = row["column_type"]
            if any(parameter.name == "column_name" for parameter in macro.parameters):
                types[macro.name, "value"] = "that of the column"
    return types


def _write_nothing(folder: Path) -> _EmptyParse:
    def write(name: str, kind: pa.Schema) -> tuple[Path, ...]:
        path = folder / f"{name}.parquet"
        pq.write_table(kind.empty_table(), path)
        return (path,)

    files = {name: write(name, kind) for name, kind in _TABLES.items()}
    return _EmptyParse(
        access_log=files["access_log"],
        rejects=files["rejects"],
        sources=files["sources"],
        inventory=files["inventory"],
        outlier_events=files["outlier_events"],
        mesh_config=files["mesh_config"],
        endpoint_counters=files["endpoint_counters"],
    )
