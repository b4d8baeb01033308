"""Blocks of one text format, read as a whole: the lines that fit its split plan and hold good values, at once.

What is left is for `ingest.parser`, which reads a line of the same bytes the same way; this is only the faster one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.block_plan import TOO_MANY, run_on_block, suits
from ingest.columns import to_values
from ingest.formats import LogFormat
from ingest.masks import make_mask
from ingest.pattern import Pattern
from ingest.pieces import FEW, TEXT
from ingest.plan import Plan, compile_plan
from ingest.rows import extra_array

#: Columns whose values hardly repeat, or are long: no dictionary is made of them.
MANY_VALUES = frozenset(
    {
        "start_time",
        "user_agent",
        "request_id",
        "downstream_remote_address",
        "bytes_received",
        "bytes_sent",
        "duration_ms",
        "upstream_service_time_ms",
    }
)


@dataclass(frozen=True)
class BlockRows:
    """Rows of one block: `positions` (UInt32) of their lines, typed columns, `extra` where it is used."""

    format: str
    positions: pl.Series
    columns: Mapping[str, pa.Array]
    extra: pa.Array | None

    def left(self, lines: int) -> list[int]:
        """Return the places of the lines, of so many in the block, that are no rows."""
        if len(self.positions) == lines:
            return []
        left = make_mask(True, lines).scatter(self.positions, values=False)
        return [int(place) for place in left.arg_true()]


@dataclass
class WholeReader:
    """Reads the blocks of one log in a text format; it remembers which fields hold many different values."""

    format: LogFormat
    _many: set[int] = field(default_factory=set)
    _various: set[tuple[int, ...]] = field(default_factory=set)

    @staticmethod
    def of(known: LogFormat) -> WholeReader | None:
        """Return the reader for a format; None where its lines cannot be read this way."""
        if known.pattern is None or not suits(_plan_of(known.pattern)):
            return None
        many = {index for index, spec in enumerate(known.pattern.fields) if spec.column in MANY_VALUES}
        return WholeReader(known, many)

    def read(self, text: bytes, lines: int) -> BlockRows | None:
        """Return the rows of a block of UTF-8 text; None where it does not do, or there are none."""
        pattern = self.format.pattern
        plan = None if pattern is None else _plan_of(pattern)
        if pattern is None or plan is None:
            return None
        few = set(range(len(pattern.fields))) - self._many
        cut = run_on_block(plan, text, lines, few, self._various)
        if cut is None or not len(cut.positions):
            return None
        self._various.update(cut.various)
        columns: dict[str, pa.Array] = {}
        extra: dict[str, pl.Series] = {}
        good: pa.Array | None = None
        for index, spec in enumerate(pattern.fields):
            texts = cut.fields[index]
            if texts.type == FEW and len(texts.dictionary) * TOO_MANY > lines:
                self._many.add(index)
            values, fine = to_values(texts, spec.type, spec.argument if spec.type == "timestamp" else None)
            if spec.column is not None:
                columns[spec.column] = values
            elif values.null_count < len(values):
                extra[spec.key] = pl.Series(pl.from_arrow(values.cast(TEXT)), dtype=pl.String)
            if fine is not None:
                good = fine if good is None else pc.and_(good, fine)
        rows = BlockRows(self.format.name, cut.positions, columns, extra_array(extra, len(cut.positions)))
        return rows if good is None else filter_block_rows(rows, good)


@lru_cache(maxsize=256)
def _plan_of(pattern: Pattern) -> Plan | None:
    return compile_plan(pattern)


def filter_block_rows(rows: BlockRows, good: pa.Array) -> BlockRows:
    """Return the rows where `good` (Boolean) is true."""
    return BlockRows(
        rows.format,
        rows.positions.filter(pl.Series(pl.from_arrow(good), dtype=pl.Boolean)),
        {name: values.filter(good) for name, values in rows.columns.items()},
        None if rows.extra is None else rows.extra.filter(good),
    )
