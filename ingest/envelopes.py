"""What wraps an access-log line on its way to a file: container runtimes, kubectl, stern, compose, shippers.

An envelope is taken off per line, and only where it fits; they may be nested. Each gives the inner line, and
what it says about who wrote it. A runtime that cuts long lines into parts says so (`partial`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ingest.wrapped_json import open_json

#: What an access-log line can begin with, so that a word before it can be told from its own first word.
_START = r'(?:\[|\{|"|ACCESS \[|\d{4}-\d\d-\d\dT)'
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_COLOUR = r"(?:\x1b\[[0-9;]*m)?"

#: Deepest nesting of envelopes that is looked for.
MAX_DEPTH = 5


@dataclass(frozen=True)
class Opened:
    """Lines without an envelope: `fits` (Boolean) where there was one, `inner` the lines.

    Lines that did not fit are in `inner` as they were.

    `partial` (Boolean) marks lines that go on in the next one of the same `stream`; `names` says who wrote a
    line: pod, namespace, container, cluster, node (NULL where not said).
    """

    fits: pl.Series
    inner: pl.Series
    partial: pl.Series | None = None
    stream: pl.Series | None = None
    names: Mapping[str, pl.Series] = field(default_factory=dict)


@dataclass(frozen=True)
class Envelope:
    """One kind of envelope."""

    name: str
    title: str
    open: Callable[[pl.Series], Opened]


def _open_cri(lines: pl.Series) -> Opened:
    parts = lines.str.splitn(" ", 4).struct.unnest().get_columns()
    time, stream, tag, rest = parts
    fits = ((stream == "stdout") | (stream == "stderr")) & (
        (tag == "F") | (tag == "P") | tag.str.starts_with("F:") | tag.str.starts_with("P:")
    )
    fits = (fits & (time.str.slice(10, 1) == "T") & (time.str.slice(4, 1) == "-")).fill_null(value=False)
    inner = rest.fill_null("") if fits.all() else _choose(fits, rest.fill_null(""), lines)
    return Opened(fits, inner, fits & tag.str.starts_with("P").fill_null(value=False), stream)


def _opener(pattern: str, names: Sequence[str]) -> Callable[[pl.Series], Opened]:
    """Return the opener of an envelope that one expression describes: named groups, then the inner line."""

    def open_(lines: pl.Series) -> Opened:
        groups = lines.str.extract_groups(pattern).struct.unnest().get_columns()
        inner = groups[-1]
        fits = inner.is_not_null()
        given = {name: values for name, values in zip(names, groups, strict=False) if name}
        return Opened(fits, _choose(fits, inner, lines), names=given)

    return open_


def _choose(fits: pl.Series, inner: pl.Series, lines: pl.Series) -> pl.Series:
    if fits.all():
        return inner
    return pl.select(pl.when(fits).then(inner).otherwise(lines)).to_series()


def _open_docker(lines: pl.Series) -> Opened:
    return _open_objects(lines, lines.str.starts_with('{"log":"'))


def _open_shipper(lines: pl.Series) -> Opened:
    return _open_objects(lines, lines.str.starts_with("{") & lines.str.ends_with("}"))


def _open_objects(lines: pl.Series, likely: pl.Series) -> Opened:
    """Open JSON objects that hold a log line as a string (or object) beside facts about who wrote it."""
    opened = [open_json(text) if hit and text else None for text, hit in zip(lines, likely, strict=True)]
    fits = pl.Series([entry is not None for entry in opened], dtype=pl.Boolean)
    inner = pl.Series(
        [line if entry is None else entry.inner for entry, line in zip(opened, lines, strict=True)],
        dtype=pl.String,
    )
    partial = pl.Series([entry is not None and entry.partial for entry in opened], dtype=pl.Boolean)
    stream = pl.Series([None if entry is None else entry.stream for entry in opened], dtype=pl.String)
    keys = {key for entry in opened if entry is not None for key in entry.names}
    names = {
        key: pl.Series([None if entry is None else entry.names.get(key) for entry in opened], dtype=pl.String)
        for key in sorted(keys)
    }
    return Opened(fits, inner, partial, stream, names)


#: The last to be looked for.
SHIPPER = Envelope("json-shipper", "JSON of a log shipper or store", _open_shipper)

ENVELOPES: tuple[Envelope, ...] = (
    Envelope("cri", "container runtime (CRI) log file", _open_cri),
    Envelope("docker-json-file", "Docker json-file log", _open_docker),
    Envelope(
        "kubectl-prefix",
        "kubectl logs --prefix",
        _opener(r"(?s)^\[pod/([^/\]]+)/([^\]]+)\] (.*)$", ["pod", "container"]),
    ),
    Envelope(
        "compose",
        "docker compose logs",
        _opener(rf"(?s)^{_COLOUR}([A-Za-z0-9][\w.-]*?[-_]\d+) +\| ?{_COLOUR}(.*)$", ["pod"]),
    ),
    Envelope(
        "stern",
        "stern",
        _opener(
            rf"(?s)^{_COLOUR}(?:([a-z0-9][a-z0-9-]*){_COLOUR} {_COLOUR})?"
            rf"([a-z0-9][a-z0-9.-]*-[a-z0-9.-]+){_COLOUR} "
            rf"{_COLOUR}([a-z0-9][a-z0-9-]*){_COLOUR} ({_START}.*)$",
            ["namespace", "pod", "container"],
        ),
    ),
    Envelope("kubectl-timestamps", "kubectl logs --timestamps", _opener(rf"(?s)^({_TIME}) ({_START}.*)$", [""])),
    Envelope(
        "syslog",
        "syslog",
        _opener(
            rf"(?s)^(?:<\d{{1,3}}>)?(?:1 {_TIME}|[A-Z][a-z][a-z] [ \d]\d \d\d:\d\d:\d\d|{_TIME}) ([\w.-]+) "
            rf"(?:[\w./-]+(?:\[\d+\])?:|[\w./-]+ \S+ \S+ (?:-|\[.*?\])) ({_START}.*)$",
            ["node"],
        ),
    ),
    SHIPPER,
)


def find_envelopes(
    lines: pl.Series, count_entries: Callable[[pl.Series], int], *, depth: int = MAX_DEPTH
) -> tuple[Envelope, ...]:
    """Return the envelopes around the lines of a sample, outermost first.

    `count_entries` says how many of some lines are access-log entries as they are. Where it is not plain what is around
    the lines, the envelope wins in which the most entries are: lines of other programs have no vote.
    """
    filled = lines.filter(lines.str.strip_chars() != "")
    if not depth or not len(filled):
        return ()
    candidates: list[tuple[Envelope, pl.Series]] = []
    most = None
    for envelope in ENVELOPES:
        opened = envelope.open(filled)
        if opened.fits.any():
            candidates.append((envelope, opened.inner.filter(opened.fits)))
            if most is None and len(candidates[-1][1]) > len(filled) // 2:
                most = candidates[-1]
    if not candidates:
        return ()
    if most is None or len(candidates) > 1:
        inside = [_count_inside(inner, count_entries, depth - 1) for _, inner in candidates]
        if any(inside):
            most = candidates[inside.index(max(inside))]
        elif most is None and candidates[-1][0] is SHIPPER and not count_entries(filled):
            # The first access-log entry among those of a log store may come late.
            most = candidates[-1]
    return () if most is None else (most[0], *find_envelopes(most[1], count_entries, depth=depth - 1))


def _count_inside(lines: pl.Series, count_entries: Callable[[pl.Series], int], depth: int) -> int:
    for envelope in find_envelopes(lines, count_entries, depth=depth):
        lines = envelope.open(lines).inner
    return count_entries(lines)
