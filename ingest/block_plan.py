"""The split plan of a text format on a whole block of bytes: what `ingest.plan` does, faster.

Both apply the same rule to a line. This one cuts with `ingest.pieces`, which takes no list of lines, and leaves the
values in Arrow's hands; it does not do for every text, and then there is the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.masks import make_mask
from ingest.pieces import ABSENT, DASH, FALSE, FEW, NOTHING, TEXT, cut, join, to_cut
from ingest.plan import Fixed, Plan, Split, Value

#: Texts are many where one in so many, or more, is a new one; of a few lines, as many as may be.
TOO_MANY = 4
FEW_LINES = 64


@dataclass(frozen=True)
class Cut:
    """The lines of a block that fit: `positions` (UInt32) and the text of each field, NULL for `-`.

    `various` are parts of the plan, each called by its fields, that hold many different texts.
    """

    positions: pl.Series
    fields: Mapping[int, pa.Array]
    various: Collection[tuple[int, ...]]


def suits(plan: Plan | None) -> bool:
    """Say whether a plan can run on blocks: all its separators are single characters that are no line ends."""
    if isinstance(plan, Split):
        fits = len(plan.separator) == 1 and plan.separator.isascii() and plan.separator not in "\r\n\0"
        return fits and all(not isinstance(part, Split) or suits(part) for part in plan.parts)
    return False


def run_on_block(
    plan: Plan, text: bytes, lines: int, few: Collection[int] = (), various: Collection[tuple[int, ...]] = ()
) -> Cut | None:
    """Cut the lines of UTF-8 `text`; None where it, or the plan, does not suit, or few lines fit.

    The texts of the fields in `few` come as dictionaries. A part of the plan that has only such fields is cut once for
    each of its different texts, but for those that are `various`.
    """
    whole = to_cut(text)
    if whole is None or not isinstance(plan, Split) or not suits(plan):
        return None
    run = _Run(lines, few, set(various))
    return Cut(run.positions, run.fields, run.various) if run.split(plan, whole) else None


class _Run:
    """The pieces of the lines that still fit; they all have the same length at any time."""

    def __init__(self, lines: int, few: Collection[int], various: set[tuple[int, ...]]) -> None:
        self.positions = pl.int_range(lines, dtype=pl.UInt32, eager=True)
        self.fields: dict[int, pa.Array] = {}
        self.various = various
        self._few = few
        self._pending: list[pa.Array] = []

    def split(self, plan: Split, text: pa.Buffer) -> bool:
        """Read one piece of every line, given as the lines of a text; False where that does not do."""
        pieces = cut(text, len(self.positions), plan.separator, [self._type_of(part) for part in plan.parts])
        if pieces is None:
            return False
        if pieces.missing:
            gone = pl.Series(pieces.missing, dtype=pl.UInt32)
            self._keep(make_mask(True, len(self.positions)).scatter(gone, values=False))
        depth = len(self._pending)
        self._pending += reversed(pieces.columns)
        for part in plan.parts:
            if not self._read(part, self._pending.pop()):
                return False
        del self._pending[depth:]
        return True

    def _type_of(self, plan: Plan) -> pa.DataType:
        if isinstance(plan, Split):
            fields = _fields_of(plan)
            return FEW if fields not in self.various and all(field in self._few for field in fields) else TEXT
        return FEW if isinstance(plan, Value) and plan.field in self._few and not _has_frame(plan) else TEXT

    def _read(self, plan: Plan, texts: pa.Array) -> bool:
        if isinstance(plan, Split):
            if texts.type == FEW and self._split_different(plan, texts):
                return True
            return not len(texts) or self.split(plan, join(texts))
        if isinstance(plan, Fixed):
            good = (
                pc.is_null(texts)
                if plan.text == ABSENT
                else pc.fill_null(pc.equal(texts, pa.scalar(plan.text, TEXT)), FALSE)
            )
            self._keep_good(good)
            return True
        self.fields[plan.field] = self._read_value(plan, texts) if _has_frame(plan) else texts
        return True

    def _split_different(self, plan: Split, texts: pa.DictionaryArray) -> bool:
        """Read a piece of every line by its different texts; False where there are too many of them, or that fails."""
        different = texts.dictionary
        if len(different) * TOO_MANY > len(texts) > FEW_LINES:
            self.various.add(_fields_of(plan))
            return False
        run = _Run(len(different), self._few, self.various)
        if not len(different) or not run.split(plan, join(different)):
            return False
        rows = texts.indices
        if len(run.positions) < len(different):
            places = pl.int_range(len(run.positions), dtype=pl.Int32, eager=True)
            found = pl.repeat(None, len(different), dtype=pl.Int32, eager=True).scatter(run.positions, places)
            rows = found.to_arrow().take(rows)
        rows = self._keep_good(pc.is_valid(rows), rows)
        self.fields |= {field: values.take(rows) for field, values in run.fields.items()}
        return True

    def _read_value(self, plan: Value, texts: pa.Array) -> pa.Array:
        if texts.null_count:
            texts = pc.fill_null(texts, DASH)
        prefix, suffix = plan.prefix.encode(), plan.suffix.encode()
        # Prefix and suffix must not share bytes: the text `"` does not begin and end a quoted value.
        good = pc.greater_equal(pc.binary_length(texts), pa.scalar(len(prefix) + len(suffix), pa.int32()))
        good = pc.and_(good, pc.starts_with(texts, pattern=plan.prefix))
        good = pc.and_(good, pc.ends_with(texts, pattern=plan.suffix))
        texts = self._keep_good(good, texts)
        stop = -len(suffix) if suffix else None
        bare = pc.binary_slice(texts.view(pa.binary()), len(prefix), stop).view(TEXT)
        absent = pc.equal(bare, DASH)
        return pc.if_else(absent, NOTHING, bare) if absent.true_count else bare

    def _keep_good(self, good: pa.Array, texts: pa.Array | None = None) -> pa.Array:
        """Drop the lines that are not good; returns `texts` without them."""
        if good.true_count == len(good):
            return texts
        self._keep(pl.Series(pl.from_arrow(good)))
        return None if texts is None else texts.filter(good)

    def _keep(self, good: pl.Series) -> None:
        mask = good.to_arrow()
        self.positions = self.positions.filter(good)
        self.fields = {index: values.filter(mask) for index, values in self.fields.items()}
        self._pending = [values.filter(mask) for values in self._pending]


def _fields_of(plan: Plan) -> tuple[int, ...]:
    if isinstance(plan, Split):
        return tuple(field for part in plan.parts for field in _fields_of(part))
    return (plan.field,) if isinstance(plan, Value) else ()


def _has_frame(plan: Value) -> bool:
    return bool(plan.prefix or plan.suffix)
