"""Parquet and Arrow: the table as it is, types and all."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from hopline.writers.values import make_plain, name_uniquely


def write_parquet(table: pa.Table, stream: BinaryIO) -> None:
    """Write one Parquet file, zstd inside."""
    sink = pa.PythonFile(stream, mode="w")
    pyarrow.parquet.write_table(_with_unique_names(_without_intervals(table)), sink, compression="zstd")


def write_arrow(table: pa.Table, stream: BinaryIO) -> None:
    """Write one Arrow IPC file (also known as Feather 2)."""
    sink = pa.PythonFile(stream, mode="w")
    named = _with_unique_names(table)
    with pyarrow.ipc.new_file(sink, named.schema) as writer:
        writer.write_table(named)


def _with_unique_names(table: pa.Table) -> pa.Table:
    return table.rename_columns(name_uniquely(table.column_names))


def _without_intervals(table: pa.Table) -> pa.Table:
    """Parquet has no type for calendar intervals: they become text, as in CSV."""
    for index, field in enumerate(table.schema):
        if pa.types.is_interval(field.type):
            texts = pa.array([make_plain(value) for value in table.column(index).to_pylist()], pa.string())
            table = table.set_column(index, field.name, texts)
    return table
