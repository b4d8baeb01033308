"""JSON: one top-level array, or one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from hopline.writers.values import name_uniquely, read_rows


def write_json_array(rows: pa.Table | pa.RecordBatchReader, stream: BinaryIO) -> None:
    """Write one array of objects, one object per line; `null` is printed, never left out."""
    stream.write(b"[")
    separator = b"\n"
    for line in _encode_rows(rows):
        stream.write(separator + line)
        separator = b",\n"
    stream.write(b"]\n" if separator == b"\n" else b"\n]\n")


def write_json_lines(rows: pa.Table | pa.RecordBatchReader, stream: BinaryIO) -> None:
    """Write one object per line."""
    for line in _encode_rows(rows):
        stream.write(line + b"\n")


def _encode_rows(rows: pa.Table | pa.RecordBatchReader) -> Iterator[bytes]:
    names = name_uniquely(rows.schema.names)
    for row in read_rows(rows):
        text = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, allow_nan=False)
        yield text.encode("utf-8", "backslashreplace")
