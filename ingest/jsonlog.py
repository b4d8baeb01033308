"""Access-log entries that are JSON objects or key=value pairs: keys to columns, the rest to `extra`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from ingest.anchored import read_line
from ingest.formats import LogFormat
from ingest.pattern import Pattern
from ingest.raw_bytes import repair_json

#: An object is an access-log entry only with one of these columns, whose names are Envoy's alone, and with at least so
#: many columns in all; or with so many that no other program would call them all as Envoy does.
_TELLING = frozenset(
    {
        "response_flags",
        "upstream_host",
        "upstream_cluster",
        "downstream_remote_address",
        "downstream_local_address",
        "response_code_details",
        "upstream_service_time_ms",
    }
)
_FEWEST = 3
_ENOUGH = 6

_decode = json.JSONDecoder().raw_decode

#: Keys that are Envoy's own name of a column up to its unit: they need no copy in `extra`.
_OWN_NAMES = {"duration": "duration_ms", "upstream_service_time": "upstream_service_time_ms"}


@dataclass(frozen=True, eq=False)  # one object per shape: compared and hashed by identity
class Shape:
    """What to do with the keys of one kind of object: `columns[i]` of `keys[i]`, kept in `extra` or not."""

    format: LogFormat
    keys: tuple[str, ...]
    columns: tuple[str | None, ...]
    kept: tuple[bool, ...]


@lru_cache(maxsize=4096)
def shape_of(keys: tuple[str, ...], formats: tuple[LogFormat, ...], encoding: str = "json") -> Shape | None:
    """Return what an object with these keys is; None where it is no access-log entry."""
    known = [f for f in formats if f.encoding == encoding]
    generic = _generic_keys(formats)
    best, best_score = None, (0, False, 0)
    for candidate in known:
        if candidate.template and candidate.template.issuperset(keys):
            best = candidate
            break
        if candidate.requires and not candidate.requires.intersection(keys):
            continue
        matched = sum(1 for key in keys if key in candidate.keys or key in candidate.requires)
        score = (matched, bool(candidate.requires), -candidate.rank)
        if score > best_score and matched:
            best, best_score = candidate, score
    columns: list[str | None] = []
    taken: set[str] = set()
    named = [best.keys.get(key) if best else None for key in keys]
    # A key that is the column's own name wins over another key for the same column.
    own = {c for key, c in zip(keys, named, strict=True) if c is not None and _is_own(key, c)}
    for key, column in zip(keys, named, strict=True):
        wanted = column or (None if best and best.template else generic.get(key.lower()))
        if wanted in taken or (wanted in own and wanted is not None and not _is_own(key, wanted)):
            wanted = None
        if wanted is not None:
            taken.add(wanted)
        columns.append(wanted)
    if best is None:
        return None
    if not best.template and not _tells(taken):
        return None
    kept = tuple(c is None or not _is_own(key, c) for key, c in zip(keys, columns, strict=True))
    return Shape(best, keys, tuple(columns), kept)


def _tells(columns: Collection[str]) -> bool:
    if not _TELLING.isdisjoint(columns):
        return len(columns) >= _FEWEST
    return len(columns) >= _ENOUGH and "response_code" in columns


def _is_own(key: str, column: str) -> bool:
    return key == column or _OWN_NAMES.get(key) == column


@lru_cache(maxsize=64)
def _generic_keys(formats: tuple[LogFormat, ...]) -> Mapping[str, str]:
    generic: dict[str, str] = {}
    for known in formats:
        if known.encoding == "json" and not known.requires:
            for key, column in known.keys.items():
                generic.setdefault(key.lower(), column)
    return generic


def flatten(entry: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return an object without nesting: `{"a": {"b": 1}}` is `{"a.b": 1}`."""
    flat: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, dict) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def to_text(value: object) -> str | None:
    """Return a JSON value as text; None for null. Whole floats are printed as integers."""
    if value is None or isinstance(value, str):
        return _printable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return _printable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _printable(text: str | None) -> str | None:
    """Replace lone surrogates, which JSON can spell and UTF-8 cannot."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def load_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object that a line is; None where it is none."""
    try:
        entry, end = _decode(line)
        if not isinstance(entry, dict) or end != len(line):
            return None
        # Most objects hold no other: one search is cheaper than a look at every value.
        return flatten(entry) if line.find("{", 1) >= 0 else entry
    except (ValueError, RecursionError):
        repaired = repair_json(line)
        return None if repaired is None else load_object(repaired)


#: Values of keys, by column and by key in `extra`: texts, or numbers where all are whole numbers.
Values = Mapping[str, pl.Series]


def transpose(entries: Sequence[Mapping[str, Any]], shape: Shape) -> tuple[Values, Values]:
    """Return the values of entries that all have the keys of `shape`, in its order."""
    columns: dict[str, pl.Series] = {}
    extra: dict[str, pl.Series] = {}
    values = zip(*(entry.values() for entry in entries), strict=True)
    for key, column, kept, mine in zip(shape.keys, shape.columns, shape.kept, values, strict=True):
        pattern = shape.format.composed.get(key)
        if pattern is not None:
            _take_apart(mine, pattern, columns, extra, key)
            continue
        series = _to_series(mine)
        if column is not None:
            columns[column] = series
        if kept:
            extra[key] = series
    return columns, extra


def _to_series(values: Sequence[object]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {int}:
            return pl.Series(values, dtype=pl.Int64)
        if kinds <= {str}:
            return pl.Series(values, dtype=pl.String)
    except (UnicodeEncodeError, OverflowError, TypeError):
        pass  # lone surrogates, or numbers beyond 64 bits
    return pl.Series([to_text(value) for value in values], dtype=pl.String)


def _take_apart(
    values: Sequence[object],
    pattern: Pattern,
    columns: dict[str, pl.Series],
    extra: dict[str, pl.Series],
    key: str,
) -> None:
    """Cut values that hold several operators; a value that does not fit stays whole, in `extra`."""
    texts = [to_text(value) for value in values]
    readings = [None if text is None else read_line(pattern, text) for text in texts]
    for index, spec in enumerate(pattern.fields):
        parts = [None if reading is None else reading.texts[index] for reading in readings]
        table, name = (extra, spec.key) if spec.column is None else (columns, spec.column)
        table[name] = pl.Series(parts, dtype=pl.String)
    whole = [text if reading is None else None for text, reading in zip(texts, readings, strict=True)]
    if any(text is not None for text in whole):
        extra[key] = pl.Series(whole, dtype=pl.String)
