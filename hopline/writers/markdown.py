"""A table for a wiki, an issue or a chat."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa

from hopline.console import make_printable
from hopline.writers.cells import read_columns
from hopline.writers.values import is_number

_ACTIVE = re.compile(r"([\\`*\[\]|~])")


def write_markdown(table: pa.Table, stream: BinaryIO) -> None:
    """Write a pipe table, in which no text of a log can become markup; numbers stand to the right, NULL is empty."""
    _write_line(stream, [_escape(make_printable(name)) for name in table.column_names])
    _write_line(stream, ["---:" if is_number(type_) else "---" for type_ in table.schema.types])
    for row in zip(*read_columns(table, null=""), strict=True):
        _write_line(stream, map(_escape, row))


def _write_line(stream: BinaryIO, cells: Iterable[str]) -> None:
    stream.write(f"| {' | '.join(cells)} |\n".encode("utf-8", "backslashreplace"))


def _escape(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
