"""CSV that a spreadsheet can open without obeying it."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO

import pyarrow as pa

from hopline.writers.values import read_rows

#: A text cell that begins so would be taken for a formula (the last four are full-width forms).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
#: What begins like one and is none: a number, or a sign and nothing else.
_HARMLESS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]")
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^$')


def write_csv(rows: pa.Table | pa.RecordBatchReader, stream: BinaryIO) -> None:
    """Write a header and one line per row.

    NULL is nothing at all, the empty text is `""`, lists and objects are JSON, and a text that a spreadsheet would run
    as a formula gets an apostrophe in front (numbers stay as they are).
    """
    header = ",".join(_quote(_defuse(name)) for name in rows.schema.names)
    stream.write(header.encode() + b"\n")
    for row in read_rows(rows):
        stream.write(",".join(map(write_cell, row)).encode("utf-8", "backslashreplace") + b"\n")


def write_cell(value: Any) -> str:
    """Return one plain value (see `make_plain`) as a CSV cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _quote(_defuse(text))


def _defuse(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not _HARMLESS.fullmatch(text) else text


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _NEEDS_QUOTES.search(text) else text
