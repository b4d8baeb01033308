"""Blocks of JSON lines of one shape, read as a whole: the lines that are written as the first one is, at once.

A writer of access logs prints the same keys in the same order on every line. So a line cut at its quotes has the
same pieces as another, but for its values: between keys and values only punctuation and whole numbers. A line of
which that holds, without escapes in its texts, can only be read one way, and no JSON need be parsed. Every other line
is left for `ingest.parser`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.block_plan import TOO_MANY
from ingest.columns import to_arrow, to_values
from ingest.formats import LogFormat
from ingest.jsonlog import Shape, load_object, shape_of
from ingest.masks import make_mask
from ingest.pieces import ABSENT, EMPTY, FALSE, FEW, TEXT, TRUE, Pieces, cut, to_cut
from ingest.rows import LOOSE_TYPES, extra_array
from ingest.whole_blocks import MANY_VALUES, BlockRows, filter_block_rows

#: Put in quotes where `null` stood, so that a value takes two quotes whatever it is. A block that holds it is not read
#: here. With its quotes it is as long as `null`: that is replaced in its place.
_NULL = "\1\1"
_PUNCTUATION = re.compile(r" *: *")
_NUMBER = re.compile(r"( *: *)-?\d+( *[,}] *)")
_END = re.compile(r" *[,}] *")
_SPACE, _BACKSLASH = ord(" "), ord("\\")
_NOT_BARE = r"[\x00-\x1f\\]"
#: Lines at the start of a block in which one to learn from is looked for.
_SAMPLE = 20


@dataclass(frozen=True)
class Template:
    """What the pieces of a line are, by index: text that is always the same, or the value of a key.

    A number stands between `before` and `behind` in one piece.
    """

    shape: Shape
    pieces: int
    constants: tuple[tuple[int, pa.Scalar], ...]
    texts: tuple[tuple[int, int], ...]
    numbers: tuple[tuple[int, int, str, str], ...]
    colon: str


def learn_template(line: str, formats: tuple[LogFormat, ...]) -> Template | None:
    """Return the template of lines like this one; None where it is not an access-log entry, or too involved."""
    entry = load_object(line) if line.startswith("{") and line.endswith("}") and "\\" not in line else None
    if not entry:
        return None
    shape = shape_of(tuple(entry), formats)
    if shape is None or shape.format.composed:
        return None
    colon = next(iter(re.findall(r'"( *: *)', line)), ":")
    pieces = line.replace(f"{colon}null", f'{colon}"{_NULL}"').split('"')
    constants, texts, numbers = [(0, pieces[0])], list[tuple[int, int]](), list[tuple[int, int, str, str]]()
    at = 1
    for place, key in enumerate(entry):
        if at + 1 >= len(pieces) or pieces[at] != key:
            return None
        constants.append((at, key))
        number = _NUMBER.fullmatch(pieces[at + 1])
        if number is not None:
            numbers.append((at + 1, place, number[1], number[2]))
            at += 2
        elif _PUNCTUATION.fullmatch(pieces[at + 1]) and at + 3 < len(pieces) and _END.fullmatch(pieces[at + 3]):
            constants += [(at + 1, pieces[at + 1]), (at + 3, pieces[at + 3])]
            texts.append((at + 2, place))
            at += 4
        else:
            return None
    if at != len(pieces) or pieces[0].replace(" ", "") != "{" or ABSENT in (text for _, text in constants):
        return None
    fixed = tuple((index, pa.scalar(text, TEXT)) for index, text in constants)
    return Template(shape, len(pieces), fixed, tuple(texts), tuple(numbers), colon)


@dataclass
class JsonBlockReader:
    """Reads the blocks of one log of JSON lines; it remembers how the last lines were written."""

    formats: tuple[LogFormat, ...]
    _template: Template | None = None
    _many: set[str] = field(default_factory=lambda: set(MANY_VALUES))
    _many_numbers: set[int] = field(default_factory=set)

    def read(self, text: bytes, lines: int) -> BlockRows | None:
        """Return the rows of a block of UTF-8 text; None where it does not do, or there are none."""
        if to_cut(text) is None or _NULL.encode() in text:
            return None
        rows = None if self._template is None else self._read(self._template, text, lines)
        if rows is None:
            self._template = self._learn(text)
            rows = None if self._template is None else self._read(self._template, text, lines)
        return rows

    def _learn(self, text: bytes) -> Template | None:
        sample = (line.decode() for line in text.split(b"\n", _SAMPLE)[:_SAMPLE])
        found = (learn_template(line, self.formats) for line in sample)
        return next((template for template in found if template is not None), None)

    def _read(self, template: Template, text: bytes, lines: int) -> BlockRows | None:
        pieces = self._cut(template, text, lines)
        if pieces is None or not len(pieces.columns[0]):
            return None
        good: list[pa.Array] = []
        for index, constant in template.constants:
            same = pc.equal(pieces.columns[index], constant)
            if same.true_count < len(same):
                good.append(pc.fill_null(same, FALSE))
        values: dict[int, pa.Array] = {place: pieces.columns[index] for index, place in template.texts}
        good += [bare for texts in values.values() if (bare := _find_bare(texts)) is not None]
        for index, place, before, behind in template.numbers:
            texts = pieces.columns[index]
            if texts.type == FEW and len(texts.dictionary) * TOO_MANY > lines:
                self._many_numbers.add(place)
            values[place], fine = _read_numbers(texts, before, behind)
            if fine is not None:
                good.append(fine)
        rows = self._convert(template.shape, pieces, values, lines)
        for mask in good[1:]:
            good[0] = pc.and_(good[0], mask)
        return filter_block_rows(rows, good[0]) if good else rows

    def _cut(self, template: Template, text: bytes, lines: int) -> Pieces | None:
        marked = text.replace(f"{template.colon}null".encode(), f'{template.colon}"{_NULL}"'.encode())
        types = [TEXT] * template.pieces
        for index, place in template.texts:
            if (template.shape.columns[place] or template.shape.keys[place]) not in self._many:
                types[index] = FEW
        for index, place, *_ in template.numbers:
            if place not in self._many_numbers:
                types[index] = FEW
        return cut(pa.py_buffer(marked), lines, '"', types, absent=(ABSENT, _NULL))

    def _convert(self, shape: Shape, pieces: Pieces, values: dict[int, pa.Array], lines: int) -> BlockRows:
        positions = pl.int_range(lines, dtype=pl.UInt32, eager=True)
        if pieces.missing:
            gone = pl.Series(pieces.missing, dtype=pl.UInt32)
            positions = positions.filter(make_mask(True, lines).scatter(gone, values=False))
        columns: dict[str, pa.Array] = {}
        extra: dict[str, pl.Series] = {}
        for place, (key, column, kept) in enumerate(zip(shape.keys, shape.columns, shape.kept, strict=True)):
            texts = values[place]
            if texts.type == FEW and len(texts.dictionary) * TOO_MANY > lines:
                self._many.add(column or key)
            if column is not None:
                columns[column] = _to_column(texts, column, shape.format.strftime)
            if kept and texts.null_count < len(texts):
                extra[key] = pl.Series(pl.from_arrow(texts.cast(TEXT)), dtype=pl.String)
        return BlockRows(shape.format.name, positions, columns, extra_array(extra, len(positions)))


def _to_column(values: pa.Array, column: str, strftime: str | None) -> pa.Array:
    type_ = LOOSE_TYPES.get(column, "string")
    if pa.types.is_integer(values.type):
        if type_ in ("int64", "milliseconds"):
            return values
        values = values.cast(TEXT)
    return to_values(values, type_, strftime if column == "start_time" else None)[0]


def _read_numbers(texts: pa.Array, before: str, behind: str) -> tuple[pa.Array, pa.Array | None]:
    """Return the numbers between two texts, and where a piece is one as JSON spells it (None: everywhere)."""
    if texts.type == FEW:
        numbers, fine = _read_numbers(texts.dictionary, before, behind)
        good = pc.is_valid(texts) if fine is None else pc.fill_null(fine.take(texts.indices), FALSE)
        return numbers.take(texts.indices), None if good.true_count == len(good) else good
    if texts.null_count:
        texts = pc.fill_null(texts, EMPTY)
    bare = pc.binary_slice(texts.view(pa.binary()), len(before), -len(behind)).view(TEXT)
    numbers = pl.Series(pl.from_arrow(bare), dtype=pl.String).cast(pl.Int64, strict=False)
    # Spelled again, a number is the whole piece again.
    spelled = pc.binary_join_element_wise(before, to_arrow(numbers.cast(pl.String), TEXT), behind, "")
    good = pc.fill_null(pc.equal(spelled, texts), FALSE)
    return to_arrow(numbers, pa.int64()), None if good.true_count == len(good) else good


def _find_bare(texts: pa.Array) -> pa.Array | None:
    """Return where texts of JSON stand for themselves, without escapes and control characters (None: everywhere)."""
    if texts.type == FEW:
        bare = _find_bare(texts.dictionary)
        return None if bare is None else pc.fill_null(bare.take(texts.indices), TRUE)
    data = texts.buffers()[2]
    if data is None or not data.size:
        return None
    codes = pl.Series(pl.from_arrow(pa.Array.from_buffers(pa.uint8(), data.size, [None, data])))
    if not ((codes < _SPACE) | (codes == _BACKSLASH)).any():
        return None
    return pc.fill_null(pc.invert(pc.match_substring_regex(texts, _NOT_BARE)), TRUE)
