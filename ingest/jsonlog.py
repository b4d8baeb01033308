"""Access-log entries that are JSON objects or key=value pairs: keys to columns, the rest to `extra`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ingest.anchored import read_line
from ingest.formats import LogFormat

#: An object is an access-log entry only with one of these columns, and with at least so many columns in all.
_TELLING = frozenset(
    {
        "response_code",
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

#: Keys that are Envoy's own name of a column up to its unit: they need no copy in `extra`.
_OWN_NAMES = {"duration": "duration_ms", "upstream_service_time": "upstream_service_time_ms"}


@dataclass(frozen=True)
class Shape:
    """What to do with the keys of one kind of object: `columns[i]` of `keys[i]`, `extra` or not."""

    format: LogFormat
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
    if not best.template and (len(taken) < _FEWEST or not (taken & _TELLING or best.requires)):
        return None
    kept = tuple(c is None or not _is_own(key, c) for key, c in zip(keys, columns, strict=True))
    return Shape(best, tuple(columns), kept)


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
        entry = json.loads(line)
        if not isinstance(entry, dict):
            return None
        return flatten(entry) if any(isinstance(value, dict) for value in entry.values()) else entry
    except (ValueError, RecursionError):
        return None


def collect(
    entries: Sequence[tuple[int, Mapping[str, Any], Shape]],
) -> tuple[list[int], dict[str, list[str | None]], dict[str, list[str | None]]]:
    """Return positions, texts by column and texts by extra key of entries of one format, in any shapes."""
    columns: dict[str, list[str | None]] = {}
    extra: dict[str, list[str | None]] = {}
    count = len(entries)

    def put(table: dict[str, list[str | None]], key: str, row: int, text: str | None) -> None:
        if key not in table:
            table[key] = [None] * count
        table[key][row] = text

    for row, (_, entry, shape) in enumerate(entries):
        composed = shape.format.composed
        for (key, value), column, kept in zip(entry.items(), shape.columns, shape.kept, strict=True):
            if value is None:
                if column is not None and column not in columns:
                    columns[column] = [None] * count
                continue
            text = to_text(value)
            pattern = composed.get(key) if composed else None
            reading = read_line(pattern, text) if pattern is not None and text is not None else None
            if pattern is not None and reading is not None:
                for spec, part in zip(pattern.fields, reading.texts, strict=True):
                    put(extra if spec.column is None else columns, spec.column or spec.key, row, part)
                continue
            if column is not None:
                put(columns, column, row, text)
            if kept:
                put(extra, key, row, text)
    return [position for position, _, _ in entries], columns, extra
