"""Timestamps: the shapes that Envoy and its users print, to UTC microseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import polars as pl

TIME = pl.Datetime("us", "UTC")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: What Python's own times can be (of UTC, without saying so).
_EARLIEST, _LATEST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?")
#: Fractions are cut to microseconds, and commas made dots: fromisoformat differs in both between versions.
_FRACTION = re.compile(r"(:\d\d)[.,](\d+)")
_DIRECTIVE = re.compile(r"%([1-9]?f|[a-zA-Z%])")
_ENVOY_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "m": r"(?P<m>\d\d)",
    "d": r"(?P<d>\d\d)",
    "H": r"(?P<H>\d\d)",
    "M": r"(?P<M>\d\d)",
    "S": r"(?P<S>\d\d)",
    "e": r"(?P<d> ?\d{1,2})",
    "y": r"(?P<y>\d\d)",
    "b": r"(?P<b>[A-Za-z]{3})",
    "h": r"(?P<b>[A-Za-z]{3})",
    "z": r"(?P<z>Z|[+-]\d\d:?\d\d)",
    "Z": r"(?P<Z>[A-Za-z]+)",
    "s": r"(?P<s>\d{1,12})",
    "T": r"(?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)",
    "F": r"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)",
    "D": r"(?P<m>\d\d)/(?P<d>\d\d)/(?P<y>\d\d)",
    "R": r"(?P<H>\d\d):(?P<M>\d\d)",
    "a": r"[A-Za-z]{3}",
    "A": r"[A-Za-z]+",
    "n": r"\n",
    "t": r"\t",
    "%": "%",
}
_MONTHS = {
    m: i for i, m in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
}


def parse_times(texts: pl.Series, strftime: str | None = None) -> pl.Series:
    """Return `texts` as UTC timestamps (microseconds); NULL where a text is not a time.

    Without `strftime` the texts are RFC 3339 as Envoy prints it by default, or near it (no zone = UTC, a
    comma for the dot, epoch seconds, milliseconds, microseconds or nanoseconds).
    """
    if strftime is not None:
        read = _reader_of(strftime)
        return pl.Series(texts.name, [None if t is None else read(t) for t in texts], dtype=TIME)
    seconds = texts.str.head(19).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    millis = texts.str.slice(20, 3).cast(pl.Int16, strict=False)
    plain = (
        (texts.str.len_bytes() == 24)
        & (texts.str.slice(19, 1) == ".")
        & (texts.str.slice(23, 1) == "Z")
        & seconds.is_between(_EARLIEST, _LATEST)
        & millis.is_between(0, 999)
    ).fill_null(value=False)
    fast = (seconds + (millis.cast(pl.Int64) * 1000).cast(pl.Duration("us"))).dt.replace_time_zone("UTC")
    if plain.all():
        return fast
    slow = pl.Series([None if p or t is None else parse_time(t) for t, p in zip(texts, plain, strict=True)], dtype=TIME)
    return pl.select(pl.when(plain).then(fast).otherwise(slow).alias(texts.name)).to_series()


@lru_cache(maxsize=65536)
def parse_time(text: str) -> datetime | None:
    """Return one time in UTC; None where `text` is not a time."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        whole, _, fraction = text.partition(".")
        scale = {13: 3, 16: 6, 19: 9}.get(len(whole), 0)
        if len(whole) > 11 and not scale:
            return None
        micros = int(whole) * 10**6 // 10**scale + int((fraction + "000000")[:6] or 0) // 10**scale
        return _EPOCH + timedelta(microseconds=micros)
    if len(text) < 10:
        return None
    try:
        time = datetime.fromisoformat(_FRACTION.sub(lambda m: f"{m[1]}.{(m[2] + '000000')[:6]}", text))
    except ValueError:
        return None
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        return None


class _Reader:
    """Reads times printed with one strftime format of Envoy's (`%s`, `%f` and `%1f` to `%9f` included)."""

    def __init__(self, strftime: str) -> None:
        seen: set[str] = set()
        parts, last = [], 0
        for match in _DIRECTIVE.finditer(strftime):
            parts.append(re.escape(strftime[last : match.start()]))
            parts.append(self._expression(match[1], seen))
            last = match.end()
        parts.append(re.escape(strftime[last:]))
        self.expression = re.compile("".join(parts))

    @staticmethod
    def _expression(directive: str, seen: set[str]) -> str:
        if directive.endswith("f"):
            digits = directive[:-1] or "9"
            text = rf"(?P<f>\d{{{digits}}})"
        else:
            text = _ENVOY_DIRECTIVES.get(directive, r".+?")
        names = set(re.findall(r"\(\?P<(\w)>", text))
        if names & seen:
            return re.sub(r"\?P<\w>", "?:", text)
        seen.update(names)
        return text

    def __call__(self, text: str) -> datetime | None:
        match = self.expression.fullmatch(text)
        if match is None:
            return None
        got = match.groupdict()
        micros = int(((got.get("f") or "0") + "000000")[:6])
        try:
            if got.get("s"):
                return _EPOCH + timedelta(seconds=int(got["s"]), microseconds=micros)
            year = int(got["Y"]) if got.get("Y") else 2000 + int(got["y"])
            month = int(got["m"]) if got.get("m") else _MONTHS[got["b"].lower()]
            hour, minute, second = (int(got.get(part) or 0) for part in "HMS")
            time = datetime(year, month, int(got["d"]), hour, minute, second, micros, tzinfo=UTC)
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        zone = got.get("z")
        if zone and zone != "Z":
            minutes = int(zone[1:3]) * 60 + int(zone[-2:])
            time -= timedelta(minutes=minutes if zone[0] == "+" else -minutes)
        return time


@lru_cache(maxsize=64)
def _reader_of(strftime: str) -> _Reader:
    return _Reader(strftime)
