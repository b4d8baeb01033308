"""A table for eyes: aligned columns, or one block per row where they would not fit the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import pyarrow as pa
from rich.cells import cell_len, set_cell_size

from hopline.console import PAPER, Screen, make_printable
from hopline.writers.cells import read_columns
from hopline.writers.values import is_number

#: Text columns are cut to this many cells, and not below, before a table turns into blocks.
_LEAST_TEXT_WIDTH = 16


def write_grid(table: pa.Table, stream: BinaryIO, screen: Screen | None = None) -> None:
    """Write `table` for `screen`; without one (a file), with Unicode, no colour and lines as long as they are.

    NULL is `-`. Where the columns do not fit the width, texts are cut (with a mark) down to 16 cells; where even that
    does not fit, each row becomes a block of `column  value` lines.
    """
    screen = screen or PAPER
    encoding = "utf-8" if screen.unicode else "ascii"
    names = [make_printable(name) for name in table.column_names]
    columns = read_columns(table, null="-")
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
