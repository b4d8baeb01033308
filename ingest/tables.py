"""Parquet files of the public tables, written a row group at a time."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.pieces import FEW

#: Rows in a row group, at least, but for the last.
GROUP_ROWS = 250_000
#: A group is also written when so many bytes of Arrow data are held.
GROUP_BYTES = 192 << 20

#: Texts that hardly repeat: a dictionary only costs time, and the least and the greatest of them help no query.
_NO_DICTIONARY = frozenset({"request_id", "downstream_remote_address", "raw"})
#: Values that a writer encodes at a time; the usual 1024 cost as much as the encoding.
_BATCH = 16_384
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
        """Add rows; `table` has the schema of the file, but its columns of texts may be dictionaries."""
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
            # Readers shall see texts, however they were handed to the writer.
            types = base64.b64encode(self._schema.serialize().to_pybytes()).decode()
            self._writer.add_key_value_metadata({"ARROW:schema": types})
            self._writer.close()
        return self.path

    def _flush(self) -> None:
        held, self._held, self._held_rows, self._bytes = self._held, [], 0, 0
        if self._writer is None:
            self._writer = self._open(held)
        table = concat(held, self._writer.schema)
        self._writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def _open(self, held: Sequence[pa.Table]) -> pq.ParquetWriter:
        fields = [
            field.with_type(FEW) if any(table.schema.field(index).type == FEW for table in held) else field
            for index, field in enumerate(self._schema)
        ]
        blooms = _LOOKED_UP.intersection(self._schema.names) if self._lasting else ()
        distinct = max(sum(table.num_rows for table in held), 1)
        numbers = [field.name for field in fields if _is_number(field.type)]
        return pq.ParquetWriter(
            self.path,
            pa.schema(fields),
            compression="zstd",
            compression_level=1,
            use_dictionary=[
                field.name
                for field in fields
                if field.type == FEW or (pa.types.is_string(field.type) and field.name not in _NO_DICTIONARY)
            ],
            # Differences are small where numbers grow, or are small themselves.
            column_encoding=dict.fromkeys(numbers, "DELTA_BINARY_PACKED"),
            write_statistics=numbers,
            write_batch_size=_BATCH,
            write_page_index=False,
            store_schema=False,
            bloom_filter_options={name: {"ndv": distinct, "fpp": BLOOM_FALSE_POSITIVES} for name in blooms},
        )


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_timestamp(type_))


def concat(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Return tables as one of the schema: columns are made dictionaries, or texts, where they are not."""
    columns = []
    for index, field in enumerate(schema):
        chunks = [chunk for table in tables for chunk in table.column(index).chunks]
        if field.type == FEW:
            chunks = [chunk if chunk.type == FEW else chunk.dictionary_encode() for chunk in chunks]
        else:
            chunks = [chunk if chunk.type == field.type else chunk.cast(field.type) for chunk in chunks]
        columns.append(pa.chunked_array(chunks, field.type).unify_dictionaries())
    return pa.Table.from_arrays(columns, schema=schema)


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
        return concat(held, self._schema)
