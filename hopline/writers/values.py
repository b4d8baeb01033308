"""Arrow values as plain Python values and as text, the same in every format."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

#: Rows that are turned into Python values at once: bounds memory, whatever the size of the table.
_BATCH_ROWS = 10_000


def read_batches(rows: pa.Table | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the rows in batches small enough to be turned into Python values."""
    if isinstance(rows, pa.Table):
        yield from rows.to_batches(max_chunksize=_BATCH_ROWS)
        return
    for batch in rows:
        yield from (batch.slice(start, _BATCH_ROWS) for start in range(0, batch.num_rows, _BATCH_ROWS))


def read_rows(rows: pa.Table | pa.RecordBatchReader) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as plain values: see `make_plain`."""
    types = rows.schema.types
    for batch in read_batches(rows):
        columns = [
            [make_plain(value, type_) for value in column.to_pylist()]
            for column, type_ in zip(batch.columns, types, strict=True)
        ]
        yield from zip(*columns, strict=True)


def name_uniquely(names: Sequence[str]) -> list[str]:
    """Return the names with `_1`, `_2` behind those that came before: an object holds a key once only."""
    taken: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 0
        while candidate in taken or (number and candidate in names):
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def make_plain(value: Any, type_: pa.DataType | None = None) -> Any:
    """Return `value` as None, bool, int, float, str, list or dict, fit for JSON.

    Times are RFC 3339 in UTC with microseconds, bytes are text with `\\xNN` for what is not UTF-8, maps are objects,
    decimals without a fraction are integers, and a float that is no number is None.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if type_ is not None and pa.types.is_map(type_):
        return {str(make_plain(key)): make_plain(item, type_.item_type) for key, item in value}
    if isinstance(value, Mapping):
        item_types = _field_types(type_)
        return {key: make_plain(item, item_types.get(key)) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "nanoseconds"):
        return _write_interval(value)
    if isinstance(value, list | tuple):
        item_type = type_.value_type if type_ is not None and _is_list(type_) else None
        return [make_plain(item, item_type) for item in value]
    return _make_plain_scalar(value)


def _make_plain_scalar(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    match value:
        case float():
            plain: Any = value if math.isfinite(value) else None
        case int():
            plain = value
        case datetime():
            plain = write_time(value)
        case date() | time():
            plain = value.isoformat()
        case timedelta():
            plain = value.total_seconds()
        case bytes():
            plain = value.decode("utf-8", "backslashreplace")
        case _:
            plain = str(value)
    return plain


def write_time(value: datetime) -> str:
    """Return RFC 3339 with microseconds: in UTC with a Z, or without a zone where the value has none."""
    if value.tzinfo is None:
        return value.isoformat(timespec="microseconds")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def is_number(type_: pa.DataType) -> bool:
    """Say whether values of this type are numbers: they stand to the right in tables."""
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def _write_interval(value: Any) -> str:
    months, days, nanoseconds = value.months, value.days, value.nanoseconds
    parts = [f"{months} months"] if months else []
    parts += [f"{days} days"] if days else []
    if nanoseconds or not parts:
        sign = "-" if nanoseconds < 0 else ""
        seconds, rest = divmod(abs(nanoseconds) // 1000, 1_000_000)
        clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        parts.append(f"{clock}.{rest:06}" if rest else clock)
    return " ".join(parts)


def _is_list(type_: pa.DataType) -> bool:
    return bool(pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_))


def _field_types(type_: pa.DataType | None) -> dict[str, pa.DataType]:
    if type_ is None or not pa.types.is_struct(type_):
        return {}
    return {type_.field(index).name: type_.field(index).type for index in range(type_.num_fields)}
