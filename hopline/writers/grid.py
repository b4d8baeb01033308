"""A table for eyes: aligned columns, or one block per row where they would not fit the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, BinaryIO

import pyarrow as pa
from rich.cells import cell_len, set_cell_size

from hopline.console import Screen, make_printable
from hopline.writers.values import is_number, read_rows

#: Text columns are cut to this many cells, and not below, before a table turns into blocks.
_LEAST_TEXT_WIDTH = 16
_PLAIN = Screen(width=None, interactive=False, colour=False, unicode=True)


def write_grid(table: pa.Table, stream: BinaryIO, screen: Screen | None = None) -> None:
    """Write `table` for `screen`; without one (a file), with Unicode, no colour and lines as long as they are.

    NULL is `-`. Where the columns do not fit the width, texts are cut (with a mark) down to 16 cells; where even that
    does not fit, each row becomes a block of `column  value` lines.
    """
    screen = screen or _PLAIN
    encoding = "utf-8" if screen.unicode else "ascii"
    names = [make_printable(name) for name in table.column_names]
    columns = _read_columns(table)
    rows = list(zip(*columns, strict=True))
    widths = [max(map(cell_len, (name, *cells))) for name, cells in zip(names, columns, strict=True)]
    numeric = [is_number(type_) for type_ in table.schema.types]
    fitted = _fit(widths, numeric, screen.width)
    lines = _draw_blocks(names, rows) if fitted is None else _draw_columns(names, rows, fitted, numeric, screen)
    for line in lines:
        stream.write(line.encode(encoding, "backslashreplace") + b"\n")


def _fit(widths: Sequence[int], numeric: Sequence[bool], limit: int | None) -> list[int] | None:
    """Return widths that fit `limit`, cutting the widest texts first; None when they cannot."""
    if limit is None:
        return list(widths)
    fitted = [min(width, limit) for width in widths]
    while sum(fitted) + 2 * (len(fitted) - 1) > limit:
        cuttable = [index for index, right in enumerate(numeric) if not right and fitted[index] > _LEAST_TEXT_WIDTH]
        if not cuttable:
            return None
        fitted[max(cuttable, key=fitted.__getitem__)] -= 1
    return fitted


def _draw_columns(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int],
    numeric: Sequence[bool],
    screen: Screen,
) -> list[str]:
    mark, rule = ("…", "─") if screen.unicode else ("~", "-")
    bold, plain = ("\x1b[1m", "\x1b[0m") if screen.colour else ("", "")

    def draw(cells: Sequence[str]) -> str:
        parts = []
        for cell, width, right in zip(cells, widths, numeric, strict=True):
            fits = cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + mark
            padding = " " * (width - cell_len(fits))
            parts.append(padding + fits if right else fits + padding)
        return "  ".join(parts).rstrip()

    return [bold + draw(names) + plain, "  ".join(rule * width for width in widths), *map(draw, rows)]


def _draw_blocks(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    width = max(map(cell_len, names))
    lines = []
    for number, row in enumerate(rows, start=1):
        lines.append(f"-- row {number} " + "-" * max(0, width - 6))
        lines += [
            f"{name}{' ' * (width - cell_len(name))}  {cell}".rstrip() for name, cell in zip(names, row, strict=True)
        ]
    return lines or ["(no rows)"]


def _read_columns(table: pa.Table) -> list[list[str]]:
    """Return the cells of each column as text."""
    columns = [list(column) for column in zip(*read_rows(table), strict=True)] or [[] for _ in table.column_names]
    return [
        _write_times(values) if pa.types.is_timestamp(type_) else [_write_cell(value) for value in values]
        for values, type_ in zip(columns, table.schema.types, strict=True)
    ]


def _write_times(values: Sequence[str | None]) -> list[str]:
    """Times to the millisecond where that is all there is; the whole column alike, digits below digits."""
    digits = 26 if any(value is not None and value[23:26] != "000" for value in values) else 23
    return ["-" if value is None else value[:digits].replace("T", " ") for value in values]


def _write_cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "true" if value else "false"
        case float():
            rounded = f"{value:.3f}".rstrip("0").rstrip(".")
            return rounded if rounded not in ("0", "-0") or value == 0 else f"{value:.2g}"
        case list():
            return ", ".join(_write_cell(item) for item in value)
        case dict():
            return make_printable(json.dumps(value, ensure_ascii=False))
    return make_printable(str(value))
