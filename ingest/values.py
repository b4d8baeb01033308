"""Texts of one field to values of one column, for a whole block at a time.

`-` is NULL; "" is NULL for numbers, addresses and hosts. A text that cannot be a value of its type is told
apart from an absent one: it means that the line was cut at the wrong places.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from ingest.flags import load_flags
from ingest.masks import make_mask
from ingest.times import parse_times

FLAGS = pl.List(pl.String)

_FLAG = re.compile(r"[A-Z][A-Z0-9]*")


def convert(texts: pl.Series, type_: str, *, strftime: str | None = None) -> tuple[pl.Series, pl.Series]:
    """Return the values of one column, and for each whether its text was a good one.

    `type_` is a type of `operators.toml`; `strftime` is the argument of START_TIME, where it has one.
    """
    if type_ == "timestamp":
        times = parse_times(texts, strftime or None)
        return times, times.is_not_null() | _is_absent(texts)
    return _CONVERTERS.get(type_, _convert_string)(texts)


def _is_absent(texts: pl.Series) -> pl.Series:
    return texts.is_null() | (texts == "-").fill_null(value=True) | (texts == "").fill_null(value=True)


def _nothing_wrong(texts: pl.Series) -> pl.Series:
    return make_mask(True, len(texts))


def _convert_string(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    if not (texts == "-").any():
        return texts, _nothing_wrong(texts)
    return texts.set(texts == "-", None), _nothing_wrong(texts)


def _convert_address(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    return texts.set((texts == "-") | (texts == ""), None), _nothing_wrong(texts)


def _convert_cluster(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    # Some 1.24 proxies print the alternative stat name, which ends in a semicolon.
    if texts.str.ends_with(";").any():
        texts = texts.str.strip_suffix(";")
    return _convert_address(texts)


def _convert_int64(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    numbers = texts.cast(pl.Int64, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers, _nothing_wrong(texts)
    return numbers, numbers.is_not_null() | _is_absent(texts)


def _convert_int32(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    numbers = texts.cast(pl.Int32, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers, _nothing_wrong(texts)
    return numbers, numbers.is_not_null() | _is_absent(texts)


def _convert_flags(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    return _convert_few(texts, _split_flags)


def _convert_flags_long(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    return _convert_few(texts, _split_long_flags)


def _split_flags(text: str) -> list[str] | None:
    if text in ("-", ""):
        return []
    flags = text.split(",")
    return flags if all(_FLAG.fullmatch(flag) for flag in flags) else None


def _split_long_flags(text: str) -> list[str] | None:
    if text in ("-", ""):
        return []
    short = {flag.long_name: flag.code for flag in load_flags().values()}
    names = text.split(",")
    return [short.get(name, name) for name in names] if all(name.isalnum() for name in names) else None


def _convert_few(texts: pl.Series, read: Callable[[str], list[str] | None]) -> tuple[pl.Series, pl.Series]:
    """Convert texts of which there are few different ones: each is read once. NULL is an empty list."""
    different = texts.unique()
    if len(different) == 1 and different[0] in ("-", None):
        return pl.repeat([], len(texts), dtype=FLAGS, eager=True), _nothing_wrong(texts)
    values = [read(text) if text is not None else [] for text in different]
    table = pl.DataFrame(
        {
            "text": different,
            "value": pl.Series(values, dtype=FLAGS),
            "good": pl.Series([value is not None for value in values], dtype=pl.Boolean),
        }
    )
    joined = texts.alias("text").to_frame().join(table, on="text", how="left", nulls_equal=True, maintain_order="left")
    return joined["value"].fill_null(pl.Series([[]], dtype=FLAGS)), joined["good"]


_CONVERTERS: dict[str, Callable[[pl.Series], tuple[pl.Series, pl.Series]]] = {
    "string": _convert_string,
    "address": _convert_address,
    "host": _convert_address,
    "cluster": _convert_cluster,
    "int64": _convert_int64,
    "int32": _convert_int32,
    "flags": _convert_flags,
    "flags_long": _convert_flags_long,
}

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)")
_INT64_END = 2.0**63
_UNIT_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}


def _convert_milliseconds(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read `12`, `12.7` (milliseconds) and `12ms`, `1.5s`, `1m2s`; fractions of a millisecond are cut off."""
    numbers, good = _convert_int64(texts)
    if good.all():
        return numbers, good
    read = [_milliseconds(t) if n is None and t is not None else n for t, n in zip(texts, numbers, strict=True)]
    values = pl.Series(read, dtype=pl.Int64)
    return values, values.is_not_null() | _is_absent(texts)


def _milliseconds(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        if not re.fullmatch(rf"(?:{_DURATION.pattern})+", text):
            return None
        value = sum(float(number) * _UNIT_MS[unit] for number, unit in _DURATION.findall(text))
    return int(value) if abs(value) < _INT64_END else None


_CONVERTERS["milliseconds"] = _convert_milliseconds
