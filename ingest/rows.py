"""Rows on their way to Arrow: typed columns of the entries of one block that one format could read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from ingest import schema
from ingest.access_log import Origin, make_table
from ingest.columns import to_arrow
from ingest.masks import make_mask
from ingest.operators import load_operators
from ingest.pattern import Field, Pattern
from ingest.values import convert

_COLUMN_TYPES = {entry.column: entry.type for entry in load_operators()[::-1] if entry.column}
#: In JSON and pairs a duration may carry a unit.
LOOSE_TYPES = {**_COLUMN_TYPES, "duration_ms": "milliseconds", "upstream_service_time_ms": "milliseconds"}


@dataclass(frozen=True)
class Rows:
    """Entries of one block read by one format.

    `positions` (UInt32) are their places in the block; `columns` are typed; `extra` is texts by key (NULL =
    no such key on this row); `ambiguous` is Boolean; `names` holds columns that the envelope gave per entry.
    """

    format: str
    positions: pl.Series
    columns: Mapping[str, pl.Series]
    extra: Mapping[str, pl.Series]
    ambiguous: pl.Series
    names: Mapping[str, pl.Series] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.positions)


def rows_of_texts(
    name: str, pattern: Pattern, positions: pl.Series, texts: Mapping[int, pl.Series], ambiguous: pl.Series
) -> tuple[Rows, pl.Series]:
    """Return the rows of lines cut by a text format, and for each row whether every value was a good one."""
    columns: dict[str, pl.Series] = {}
    extra: dict[str, pl.Series] = {}
    good: pl.Series | None = None
    for index, spec in enumerate(pattern.fields):
        values, fine = convert(texts[index], spec.type, strftime=_strftime(spec))
        if spec.column is None:
            extra[spec.key] = values
        else:
            columns[spec.column] = values
        if not fine.all():
            good = fine if good is None else good & fine
    if good is None:
        good = make_mask(True, len(positions))
    return Rows(name, positions, columns, extra, ambiguous), good


def rows_of_entries(
    name: str,
    positions: Sequence[int],
    columns: Mapping[str, pl.Series],
    extra: Mapping[str, pl.Series],
    strftime: str | None = None,
) -> Rows:
    """Return the rows of JSON objects or pairs; a value that is none of its type is NULL."""
    return Rows(
        name,
        pl.Series(positions, dtype=pl.UInt32),
        {column: _convert_loosely(column, values, strftime) for column, values in columns.items()},
        {key: convert(_as_text(values), "string")[0] for key, values in extra.items()},
        make_mask(False, len(positions)),
    )


def _convert_loosely(column: str, values: pl.Series, strftime: str | None) -> pl.Series:
    type_ = LOOSE_TYPES.get(column, "string")
    if values.dtype == pl.Int64 and type_ in ("int64", "milliseconds"):
        return values
    return convert(_as_text(values), type_, strftime=strftime if column == "start_time" else None)[0]


def _as_text(values: pl.Series) -> pl.Series:
    return values if values.dtype == pl.String else values.cast(pl.String)


def _strftime(spec: Field) -> str | None:
    return spec.argument if spec.type == "timestamp" else None


def filter_rows(rows: Rows, keep: pl.Series) -> Rows:
    """Return the rows where `keep` (Boolean) is true."""
    return Rows(
        rows.format,
        rows.positions.filter(keep),
        {name: values.filter(keep) for name, values in rows.columns.items()},
        {name: values.filter(keep) for name, values in rows.extra.items()},
        rows.ambiguous.filter(keep),
        {name: values.filter(keep) for name, values in rows.names.items()},
    )


def to_table(rows: Rows, lines: pl.Series, origin: Origin) -> pa.Table:
    """Return rows as an Arrow table of the public schema; `lines` (Int64) are their line numbers."""
    return make_table(
        rows.format,
        {name: to_arrow(values, schema.ACCESS_LOG.field(name).type) for name, values in rows.columns.items()},
        to_arrow(lines, pa.int64()),
        origin,
        extra=extra_array(rows.extra, len(rows)),
        ambiguous=to_arrow(rows.ambiguous, pa.bool_()),
        names={name: to_arrow(values, pa.string()) for name, values in rows.names.items()},
    )


def extra_array(extra: Mapping[str, pl.Series], count: int) -> pa.Array | None:
    """Return the column `extra` out of texts by key; None where there are none."""
    used = {key: texts for key, texts in extra.items() if texts.null_count() < count}
    if not used:
        return None
    frame = pl.DataFrame([texts.alias(f"k{i}") for i, texts in enumerate(used.values())])
    lengths = frame.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int32))).to_series()
    offsets = pl.concat([pl.Series([0], dtype=pl.Int32), lengths.cum_sum().cast(pl.Int32)])
    # A JSON key may hold half of a surrogate pair, which is no text.
    keys = [key.encode("utf-8", "backslashreplace").decode() for key in used]
    names = pl.DataFrame({"variable": [f"k{i}" for i in range(len(used))], "key": keys})
    long = (
        frame.with_row_index("@")
        .unpivot(index="@", variable_name="variable", value_name="value")
        .drop_nulls("value")
        .join(names, on="variable", how="left", maintain_order="left")
        .sort("@", maintain_order=True)
    )
    return pa.MapArray.from_arrays(
        to_arrow(offsets, pa.int32()),
        to_arrow(long["key"], pa.string()),
        to_arrow(long["value"], pa.string()),
    )
