"""A table for a wiki, an issue or a chat."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO

import pyarrow as pa

from hopline.console import make_printable
from hopline.writers.values import is_number, read_rows

_ACTIVE = re.compile(r"([\\`*\[\]|~])")


def write_markdown(table: pa.Table, stream: BinaryIO) -> None:
    """Write a pipe table, in which no text of a log can become markup; numbers stand to the right, NULL is empty."""
    numeric = [is_number(type_) for type_ in table.schema.types]
    _write_line(stream, [_escape(name) for name in table.column_names])
    _write_line(stream, ["---:" if right else "---" for right in numeric])
    for row in read_rows(table):
        _write_line(stream, [_write_cell(value) for value in row])


def _write_line(stream: BinaryIO, cells: list[str]) -> None:
    stream.write(f"| {' | '.join(cells)} |\n".encode("utf-8", "backslashreplace"))


def _write_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return _escape(
            ", ".join(item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in value)
        )
    return _escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _escape(text: str) -> str:
    escaped = _ACTIVE.sub(r"\\\1", make_printable(text.replace("\n", " ")))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
