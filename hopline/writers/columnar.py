"""Parquet and Arrow: the rows as they are, types and all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from hopline.writers.values import make_plain, name_uniquely

#: Rows in a row group, at least, but for the last.
_GROUP_ROWS = 250_000


def write_parquet(rows: pa.Table | pa.RecordBatchReader, stream: BinaryIO) -> None:
    """Write one Parquet file, zstd inside."""
    sink = pa.PythonFile(stream, mode="w")
    schema = _name_uniquely(pa.schema([_without_interval(field) for field in rows.schema]))
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for table in group_rows(rows):
            writer.write_table(_without_intervals(table).rename_columns(schema.names))


def write_arrow(rows: pa.Table | pa.RecordBatchReader, stream: BinaryIO) -> None:
    """Write one Arrow IPC file (also known as Feather 2)."""
    sink = pa.PythonFile(stream, mode="w")
    schema = _name_uniquely(rows.schema)
    with pyarrow.ipc.new_file(sink, schema) as writer:
        for table in group_rows(rows):
            writer.write_table(table.rename_columns(schema.names))


def group_rows(rows: pa.Table | pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Yield the rows in tables of about a row group, one at least."""
    if isinstance(rows, pa.Table):
        yield rows
        return
    held: list[pa.RecordBatch] = []
    for batch in rows:
        held.append(batch)
        if sum(part.num_rows for part in held) >= _GROUP_ROWS:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _name_uniquely(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [field.with_name(name) for field, name in zip(schema, name_uniquely(schema.names), strict=True)],
        schema.metadata,
    )


def _without_interval(field: pa.Field) -> pa.Field:
    """Parquet has no type for calendar intervals: they become text, as in CSV."""
    return field.with_type(pa.string()) if pa.types.is_interval(field.type) else field


def _without_intervals(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_interval(field.type):
            texts = pa.array([make_plain(value) for value in table.column(index).to_pylist()], pa.string())
            table = table.set_column(index, field.name, texts)
    return table
