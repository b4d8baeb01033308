"""Known log formats: one TOML file each, tested by its own samples. A new format is one new file.

name         unique name
title        one line for people
description  where the format is found
encoding     text | json | pairs
era          what tells it from its neighbours in time, where that matters
rank         order in which formats are tried where nothing else decides (lower first)
pattern      text: Envoy's own format string
[keys]       json and pairs: key -> column; other keys go to `extra`
requires     json and pairs: an entry is of this format only with one of these keys
[[samples]]  line = the entry, row = the columns it must give (NULL where not named: not compared)
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ingest.errors import FormatError
from ingest.pattern import Pattern, parse_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TIME_PREFIX = "[%START_TIME%] "


@dataclass(frozen=True)
class Sample:
    """One line of a format, and the columns that it must give."""

    line: str
    row: Mapping[str, Any]


@dataclass(frozen=True, eq=False)  # one object per format: compared and hashed by identity
class LogFormat:
    """One known log format; see the module for the meaning of the members."""

    name: str
    title: str
    description: str
    encoding: str
    rank: int
    era: str | None = None
    pattern: Pattern | None = None
    pattern_text: str | None = None
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    requires: frozenset[str] = frozenset()
    #: All keys of a template that a user gave: an object with no others is of this format.
    template: frozenset[str] = frozenset()
    composed: Mapping[str, Pattern] = field(default_factory=lambda: MappingProxyType({}))
    strftime: str | None = None
    samples: tuple[Sample, ...] = ()


@cache
def load_formats() -> tuple[LogFormat, ...]:
    """Return the formats that come with hopline, in the order in which they are tried."""
    files = [entry for entry in resources.files("ingest.formats").iterdir() if entry.name.endswith(".toml")]
    formats = [read_format(entry.read_text(encoding="utf-8"), entry.name) for entry in files]
    return tuple(sorted(formats, key=lambda known: (known.rank, known.name)))


def read_format(text: str, origin: str) -> LogFormat:
    """Read one format file. Raises FormatError, naming `origin`, where it is not a valid one."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"{origin}: not valid TOML: {error}") from error
    missing = {"name", "title", "description", "encoding"} - table.keys()
    if missing:
        raise FormatError(f"{origin}: a format needs {', '.join(sorted(missing))}")
    encoding, pattern_text = table["encoding"], table.get("pattern")
    if encoding not in ("text", "json", "pairs"):
        raise FormatError(f"{origin}: encoding must be text, json or pairs, not {encoding!r}")
    if (encoding == "text") != (pattern_text is not None):
        raise FormatError(f"{origin}: a text format has a pattern, and no other format has one")
    return LogFormat(
        name=table["name"],
        title=table["title"],
        description=table["description"],
        encoding=encoding,
        rank=table.get("rank", 500),
        era=table.get("era"),
        pattern=None if pattern_text is None else parse_pattern(pattern_text),
        pattern_text=pattern_text,
        keys=MappingProxyType(table.get("keys", {})),
        requires=frozenset(table.get("requires", ())),
        samples=tuple(Sample(entry["line"], MappingProxyType(entry["row"])) for entry in table.get("samples", ())),
    )


@cache
def without_time(known: LogFormat) -> LogFormat | None:
    """Return the format without the time at its front, as people publish it; None where it has none."""
    if known.pattern_text is None or not known.pattern_text.startswith(_TIME_PREFIX):
        return None
    text = known.pattern_text.removeprefix(_TIME_PREFIX)
    return LogFormat(
        name=f"{known.name}-no-time",
        title=f"{known.title}, time trimmed off",
        description=known.description,
        encoding="text",
        rank=known.rank + 1000,
        era=known.era,
        pattern=parse_pattern(text),
        pattern_text=text,
    )


def custom_formats(texts: Iterable[str]) -> tuple[LogFormat, ...]:
    """Return the formats that a user gave, named custom, custom-2 and so on in their order. Raises FormatError."""
    return tuple(custom_format(text, f"custom-{i}" if i > 1 else "custom") for i, text in enumerate(texts, start=1))


def custom_format(text: str, name: str = "custom") -> LogFormat:
    """Return the format that a user gave as Envoy format string or JSON template. Raises FormatError.

    Text that is JSON but for operators without quotes (`{"code": %RESPONSE_CODE%}`) is a format string.
    """
    if text.lstrip().startswith("{"):
        from ingest.template import has_bare_operators, read_template  # noqa: PLC0415  # only who needs it pays

        if not has_bare_operators(text):
            return read_template(text, name)
    return LogFormat(
        name=name,
        title="given with --log-format",
        description=text.rstrip("\n"),
        encoding="text",
        rank=-1,
        pattern=parse_pattern(text),
        pattern_text=text.rstrip("\n"),
    )
