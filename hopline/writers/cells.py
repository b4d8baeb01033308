"""Values for eyes: what a table shows of them, on a terminal or in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from hopline.console import make_printable
from hopline.writers.values import read_rows


def read_columns(table: pa.Table, *, null: str) -> list[list[str]]:
    """Return the cells of each column as text: NULL as `null`, numbers to three digits, control characters escaped."""
    columns = [list(column) for column in zip(*read_rows(table), strict=True)] or [[] for _ in table.column_names]
    return [
        _write_times(values, null) if pa.types.is_timestamp(type_) else [_write_cell(value, null) for value in values]
        for values, type_ in zip(columns, table.schema.types, strict=True)
    ]


def _write_times(values: Sequence[str | None], null: str) -> list[str]:
    """Times to the millisecond where that is all there is; the whole column alike, digits below digits."""
    digits = 26 if any(value is not None and value[23:26] != "000" for value in values) else 23
    return [null if value is None else value[:digits].replace("T", " ") for value in values]


def _write_cell(value: Any, null: str) -> str:
    match value:
        case None:
            return null
        case bool():
            return "true" if value else "false"
        case float():
            rounded = f"{value:.3f}".rstrip("0").rstrip(".")
            return rounded if rounded not in ("0", "-0") or value == 0 else f"{value:.2g}"
        case list():
            return ", ".join(_write_cell(item, null) for item in value)
        case dict():
            return make_printable(json.dumps(value, ensure_ascii=False))
    return make_printable(str(value))
