"""Texts of one field to Arrow values, for a whole block at a time: what `ingest.values` does, on Arrow's own arrays.

Texts of which there are few different ones come as dictionaries and are converted once each. What is not plain is
left to `ingest.values`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.pieces import EMPTY, FEW
from ingest.schema import TIMESTAMP
from ingest.values import convert

#: Types of `operators.toml` whose values are texts.
_TEXTS = frozenset({"string", "address", "host", "cluster"})
_ARROW_TYPES = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "milliseconds": pa.int64(),
    "timestamp": TIMESTAMP,
    "flags": pa.list_(pa.string()),
    "flags_long": pa.list_(pa.string()),
}
#: 2026-03-01T10:00:00.125Z
_TIME_BYTES = 24
_YEAR_ONE = -62_135_596_800_000_000


def to_values(texts: pa.Array, type_: str, strftime: str | None = None) -> tuple[pa.Array, pa.Array | None]:
    """Return the values of one column, and for each whether its text was a good one (None: all were).

    `texts` are strings or a dictionary of strings, with NULL for `-`; a column of texts may come as a dictionary.
    """
    if type_ == "string":
        return texts, None
    if texts.type == FEW:
        return _convert_few(texts, type_, strftime)
    if type_ == "timestamp" and not strftime:
        times = _read_times(texts)
        if times is not None:
            return times, None
    if type_ in ("address", "host") and not _holds_empty(texts):
        return texts, None
    values, good = convert(pl.Series(pl.from_arrow(texts), dtype=pl.String), type_, strftime=strftime)
    return to_arrow(values, _ARROW_TYPES.get(type_, pa.string())), None if good.all() else good.to_arrow()


def _convert_few(texts: pa.DictionaryArray, type_: str, strftime: str | None) -> tuple[pa.Array, pa.Array | None]:
    if type_ in ("address", "host") and not _holds_empty(texts.dictionary):
        return texts, None
    # NULL is converted as well: it may become another value, such as an empty list.
    different = (*texts.dictionary.to_pylist(), None)
    read = [_convert_one(text, type_, strftime) for text in different]
    if type_ in _TEXTS and all(value == text for (value, _), text in zip(read, different, strict=True)):
        return texts, None
    values = pa.array([value for value, _ in read], _ARROW_TYPES.get(type_, pa.string()))
    places = pc.fill_null(texts.indices, pa.scalar(len(texts.dictionary), pa.int32()))
    good = None if all(fine for _, fine in read) else pa.array([fine for _, fine in read]).take(places)
    return values.take(places), good


@lru_cache(maxsize=65536)
def _convert_one(text: str | None, type_: str, strftime: str | None) -> tuple[Any, bool]:
    values, good = convert(pl.Series([text], dtype=pl.String), type_, strftime=strftime)
    value = values[0]
    return tuple(value) if isinstance(value, pl.Series) else value, bool(good[0])


def _holds_empty(texts: pa.Array) -> bool:
    return bool(pc.equal(texts, EMPTY).true_count > 0)


def _read_times(texts: pa.Array) -> pa.Array | None:
    """Read times as Envoy prints them; None where one looks otherwise."""
    lengths = pc.min_max(pc.binary_length(texts)).as_py()
    if (
        lengths["min"] != _TIME_BYTES
        or lengths["max"] != _TIME_BYTES
        or not pc.all(pc.ends_with(texts, pattern="Z")).as_py()
    ):
        return None
    try:
        times = pc.cast(texts, TIMESTAMP)
    except pa.ArrowInvalid:
        return None
    # Arrow also reads a sign in the place of a digit: a year before the first.
    return times if pc.min(times).cast(pa.int64()).as_py() >= _YEAR_ONE else None


def to_arrow(values: pl.Series, type_: pa.DataType) -> pa.Array:
    """Return a series as an array of the type."""
    array = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    return array if array.type == type_ else array.cast(type_)


def repeat(value: str | None, count: int) -> pa.Array:
    """Return a column of one text, as a dictionary."""
    if value is None:
        return pa.nulls(count, pa.string())
    return pa.DictionaryArray.from_arrays(pa.array([], pa.int32()) if not count else zeros(count), [value])


def zeros(count: int) -> pa.Array:
    """Return so many zeros (Int32)."""
    return pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(bytes(4 * count))])
