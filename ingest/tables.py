"""Parquet files of the public tables, written a row group at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

#: Rows in a row group, at least, but for the last.
GROUP_ROWS = 250_000
#: A group is also written when so many bytes of Arrow data are held.
GROUP_BYTES = 192 << 20

#: Columns whose values hardly repeat: a dictionary only costs time.
_NO_DICTIONARY = frozenset(
    {
        "start_time",
        "request_id",
        "upstream_local_address",
        "downstream_remote_address",
        "line",
        "raw",
        "bytes_received",
        "bytes_sent",
        "duration_ms",
        "upstream_service_time_ms",
    }
)
#: Columns that are looked up by value, and whose values are anywhere: minimum and maximum do not help.
_LOOKED_UP = frozenset({"request_id"})
#: A Bloom filter says "perhaps" of so many values that a row group does not hold.
BLOOM_FALSE_POSITIVES = 0.01


class TableWriter:
    """Writes one table to one Parquet file; the file appears with the first group, or empty at `close`.

    A `lasting` file is one to look things up in, again and again: it gets Bloom filters.
    """

    def __init__(self, path: Path, schema: pa.Schema, *, lasting: bool = False) -> None:
        self.path = path
        self._schema = schema
        self._lasting = lasting
        self._held: list[pa.Table] = []
        #: Rows added so far.
        self.rows = 0
        self._held_rows = 0
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Add rows; `table` has the schema of the file."""
        if not table.num_rows:
            return
        self._held.append(table)
        self.rows += table.num_rows
        self._held_rows += table.num_rows
        self._bytes += table.nbytes
        if self._held_rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows given as mappings from column to value."""
        if rows:
            self.add(pa.Table.from_pylist(list(rows), schema=self._schema))

    def close(self) -> Path:
        """Write what is held and return the path of the file."""
        if self._held or self._writer is None:
            self._flush()
        if self._writer is not None:
            self._writer.close()
        return self.path

    def _flush(self) -> None:
        if self._writer is None:
            blooms = _LOOKED_UP.intersection(self._schema.names) if self._lasting else ()
            self._writer = pq.ParquetWriter(
                self.path,
                self._schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=[
                    field.name
                    for field in self._schema
                    if field.name not in _NO_DICTIONARY and not pa.types.is_nested(field.type)
                ],
                write_page_index=False,
                bloom_filter_options={
                    name: {"ndv": max(self._held_rows, 1), "fpp": BLOOM_FALSE_POSITIVES} for name in blooms
                },
            )
        table = pa.concat_tables(self._held) if self._held else self._schema.empty_table()
        self._held, self._held_rows, self._bytes = [], 0, 0
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))


class HeldTable(TableWriter):
    """Keeps its rows in memory, for whoever takes them; nothing is written."""

    def __init__(self, schema: pa.Schema) -> None:
        super().__init__(Path(os.devnull), schema)

    def add(self, table: pa.Table) -> None:
        """Keep rows."""
        self._held.append(table)
        self.rows += table.num_rows

    def take(self) -> pa.Table:
        """Return what was added since it was last taken."""
        held, self._held = self._held, []
        return pa.concat_tables(held) if held else self._schema.empty_table()
