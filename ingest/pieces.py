"""Lines cut at every separator into exactly so many pieces, by Arrow's CSV reader without quotes.

Without a quote and an escape character that reader only looks for separators and line ends, and tells which lines
have another number of pieces: it proves by itself, line by line, that a cut is the only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

#: Text of a value that is absent; it is read as NULL.
ABSENT = "-"
TEXT = pa.string()
#: Values to compare with: Arrow would first find out the type of Python's own, each time.
DASH, EMPTY, NOTHING = pa.scalar(ABSENT, TEXT), pa.scalar("", TEXT), pa.scalar(None, TEXT)
FALSE, TRUE = pa.scalar(value=False), pa.scalar(value=True)
#: Texts of which there are few different ones.
FEW = pa.dictionary(pa.int32(), pa.string())

_BOM = b"\xef\xbb\xbf"
#: The reader passes lines of another shape one by one; where they are more than one in so many, it does not pay.
_FEWEST = 8


@dataclass(frozen=True)
class Pieces:
    """The pieces of lines: `columns[i]` holds the i-th of each, NULL for `-`.

    `missing` are the indexes, ascending, of lines that have more or fewer pieces; they are not in the columns.
    """

    columns: tuple[pa.Array, ...]
    missing: tuple[int, ...]

    @property
    def lines(self) -> int:
        """Return how many lines there were."""
        return len(self.columns[0]) + len(self.missing)


def to_cut(text: bytes) -> pa.Buffer | None:
    """Return a text as `cut` takes it; None where it cannot: the reader also ends lines at a carriage return."""
    return None if not text or b"\r" in text or text.startswith(_BOM) else pa.py_buffer(text)


def cut(
    text: pa.Buffer, lines: int, separator: str, types: Sequence[pa.DataType], absent: Sequence[str] = (ABSENT,)
) -> Pieces | None:
    """Cut the `lines` lines of a text of `to_cut` or `join` at each `separator` into as many pieces as types.

    The text is UTF-8; the separator is one ASCII character; there are at least two types, each TEXT or FEW; pieces
    that are one of `absent` are NULL. Returns None where too many lines have another number of pieces.
    """
    if text.size >= len(_BOM) and text.slice(0, len(_BOM)).to_pybytes() == _BOM:
        # The reader takes it for the mark of a file and drops it: once.
        text = pa.py_buffer(_BOM + text.to_pybytes())
    most = lines // _FEWEST + _FEWEST
    pieces = _cut(text, separator, types, absent, most)
    if pieces is not None and (pieces.lines != lines or _may_hold_blank_lines(pieces)):
        # The reader takes a blank line for one of empty pieces, and does not see one at the end.
        pieces = _cut(_mark_blank_lines(text), separator, types, absent, most)
    return pieces if pieces is not None and pieces.lines == lines else None


def _cut(
    text: pa.Buffer, separator: str, types: Sequence[pa.DataType], absent: Sequence[str], most_missing: int
) -> Pieces | None:
    names = [str(i) for i in range(len(types))]
    missing: list[int] = []

    def skip(row: csv.InvalidRow) -> str:
        missing.append(row.number - 1)
        return "skip" if len(missing) <= most_missing else "error"

    try:
        table = csv.read_csv(
            text,
            read_options=csv.ReadOptions(use_threads=False, block_size=text.size + 1, column_names=names),
            parse_options=csv.ParseOptions(
                delimiter=separator,
                quote_char=False,
                double_quote=False,
                escape_char=False,
                newlines_in_values=False,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            convert_options=csv.ConvertOptions(
                check_utf8=False,
                column_types=dict(zip(names, types, strict=True)),
                null_values=list(absent),
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return Pieces(tuple(_whole(column) for column in table.columns), tuple(missing))


def _may_hold_blank_lines(pieces: Pieces) -> bool:
    empty: pa.Array | None = None
    for column in pieces.columns:
        texts = column.dictionary if column.type == FEW else column
        if not pc.equal(texts, EMPTY).true_count:
            return False
        found = pc.equal(column.cast(TEXT), EMPTY)
        empty = found if empty is None else pc.and_(empty, found)
    return empty is not None and bool(empty.true_count)


def _mark_blank_lines(text: pa.Buffer) -> pa.Buffer:
    """Return the text with a character on every blank line."""
    marked = b"\n" + text.to_pybytes() + b"\n"
    # Twice: of three line ends the one in the middle belongs to two blank lines.
    marked = marked.replace(b"\n\n", b"\n\0\n").replace(b"\n\n", b"\n\0\n")
    return pa.py_buffer(marked[1:-1])


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def join(pieces: pa.Array) -> pa.Buffer:
    """Return pieces (TEXT or FEW) as the lines of a text for `cut`."""
    if pieces.type == FEW:
        pieces = pieces.cast(TEXT)
    if pieces.null_count:
        pieces = pc.fill_null(pieces, DASH)
    together = pa.ListArray.from_arrays(pa.array([0, len(pieces)], pa.int32()), pieces)
    joined = pc.binary_join(together, "\n")
    size = pc.binary_length(joined)[0].as_py()
    return joined.buffers()[2].slice(0, size)
