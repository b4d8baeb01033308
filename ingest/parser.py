"""One block of lines to rows, rejects and counts: a pure function of the lines and the formats.

Every line gets exactly one fate: a row, a reject, or a count under a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from ingest.anchored import Reading, read_line, read_line_by_rule
from ingest.formats import LogFormat, custom_formats, load_formats, without_time
from ingest.jsonlog import Shape, load_object, shape_of, transpose
from ingest.masks import make_mask
from ingest.pairs import read_pairs
from ingest.pattern import Pattern
from ingest.plan import Plan, compile_plan, run_plan
from ingest.rows import Rows, filter_rows, rows_of_entries, rows_of_texts

#: Words that only access-log entries hold: a line with one that no format reads is a reject, not another's.
_JSON_WORDS = r'"(?:response_code|response_flags|upstream_host|upstream_cluster|downstream_remote_address)"'
_TEXT_ENTRY = (
    r'^\[\d{4}-\d\d-\d\d[T ][^\]]*\]\s+"'
    r'|" ?HTTP/\d(?:\.\d)?" \d'
    r'|HTTP/\d(?:\.\d)?" (?:\d{3}|0) '
    r"|access\s+connection complete"
)
_ENVOY_MESSAGE = (
    r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\]\s*\[\d+\]\s*\["
    r"(?:trace|debug|info|warning|error|critical|off)\]"
)
_AGENT_MESSAGE = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\s+(?:trace|debug|info|warn|error|fatal)\s"

#: Different orders of keys in one block after which keys are put in order.
_MANY_SHAPES = 40

BLANK = "blank"
NOT_ACCESS_LOG = "not_access_log"


@dataclass(frozen=True)
class Parsed:
    """What became of a block: rows by format, rejected places with reasons, and counts of the rest."""

    rows: tuple[Rows, ...]
    rejects: tuple[tuple[int, str], ...]
    others: Counter[str]

    @property
    def row_count(self) -> int:
        """Number of lines that became rows."""
        return sum(len(rows) for rows in self.rows)


def parse_lines(lines: pl.Series, formats: Sequence[LogFormat]) -> Parsed:
    """Parse the lines of one block, the formats being tried in order (all of them, where need be)."""
    rows: list[Rows] = []
    left = pl.int_range(len(lines), dtype=pl.UInt32, eager=True)
    if formats and formats[0].encoding == "text":
        # Most logs are of one format: its odd lines are read before other formats are tried on them.
        rows, left = _read_planned(formats[0], lines, left)
        found, left = _read_by_rule(lines, left, formats[0])
        rows += found
    tried: set[str] = set()
    for known in formats:
        if not len(left):
            break
        if known.encoding == "text":
            found, left = _read_planned(known, lines, left)
        elif known.encoding in tried:
            continue
        else:
            # One reader serves all formats of the encoding: it tells them apart by their keys.
            tried.add(known.encoding)
            found, left = (_read_json if known.encoding == "json" else _read_pairs)(lines, left, tuple(formats))
        rows += found
    if not len(left):
        return Parsed(tuple(rows), (), Counter())
    found, left = _read_carefully(lines, left, formats)
    rows += found
    rejects, others = _classify(lines, left)
    return Parsed(tuple(rows), rejects, others)


def _texts_at(lines: pl.Series, places: pl.Series) -> pl.Series:
    return lines if len(places) == len(lines) else lines.gather(places)


@lru_cache(maxsize=256)
def _plan_of(pattern: Pattern) -> Plan | None:
    return compile_plan(pattern)


def _read_planned(known: LogFormat, lines: pl.Series, left: pl.Series) -> tuple[list[Rows], pl.Series]:
    """Read the lines that fit the split plan of a text format and hold good values."""
    assert known.pattern is not None  # noqa: S101  # a text format always has one
    plan = _plan_of(known.pattern)
    if plan is None:
        return [], left
    positions, texts = run_plan(plan, _texts_at(lines, left))
    if not len(positions):
        return [], left
    clear = make_mask(False, len(positions))
    rows, good = rows_of_texts(known.name, known.pattern, left.gather(positions), texts, clear)
    if not good.all():
        rows = filter_rows(rows, good)
        positions = positions.filter(good)
    return [rows] if len(rows) else [], _without(left, positions)


def _without(left: pl.Series, positions: pl.Series) -> pl.Series:
    if len(positions) == len(left):
        return left.clear()
    mask = make_mask(True, len(left))
    return left.filter(mask.scatter(positions, values=False))


def _read_json(lines: pl.Series, left: pl.Series, formats: tuple[LogFormat, ...]) -> tuple[list[Rows], pl.Series]:
    """Read the lines that are JSON objects of a known shape."""
    texts = _texts_at(lines, left)
    is_object = texts.str.starts_with("{") & texts.str.ends_with("}")
    if not is_object.any():
        return [], left
    return _read_entries(texts, left, is_object, read=load_object, formats=formats, encoding="json")


def _read_pairs(lines: pl.Series, left: pl.Series, formats: tuple[LogFormat, ...]) -> tuple[list[Rows], pl.Series]:
    """Read the lines that are key=value pairs of a known shape."""
    texts = _texts_at(lines, left)
    likely = texts.str.contains("connection ", literal=True)
    if not likely.any():
        return [], left
    return _read_entries(texts, left, likely, read=read_pairs, formats=formats, encoding="pairs")


def _read_entries(
    texts: pl.Series,
    left: pl.Series,
    likely: pl.Series,
    *,
    read: Callable[[str], Mapping[str, Any] | None],
    formats: tuple[LogFormat, ...],
    encoding: str,
) -> tuple[list[Rows], pl.Series]:
    by_shape: dict[Shape, tuple[list[int], list[Mapping[str, Any]]]] = {}
    shapes: dict[tuple[str, ...], Shape | None] = {}
    taken = []
    for index, place, text in zip(likely.arg_true(), left.filter(likely), texts.filter(likely), strict=True):
        entry = read(text)
        if entry is None:
            continue
        if len(by_shape) >= _MANY_SHAPES:
            # A writer that shuffles its keys: in order they are few shapes again.
            entry = dict(sorted(entry.items()))
        keys = tuple(entry)
        shape = shapes.get(keys)
        if shape is None and keys not in shapes:
            shape = shapes[keys] = shape_of(keys, formats, encoding) if keys else None
        if shape is not None:
            places, entries = by_shape.setdefault(shape, ([], []))
            places.append(place)
            entries.append(entry)
            taken.append(index)
    rows = [
        rows_of_entries(shape.format.name, places, *transpose(entries, shape), strftime=shape.format.strftime)
        for shape, (places, entries) in by_shape.items()
    ]
    return rows, _without(left, pl.Series(taken, dtype=pl.UInt32))


def _read_by_rule(lines: pl.Series, left: pl.Series, known: LogFormat) -> tuple[list[Rows], pl.Series]:
    """Read the odd lines of a format that break none of its rules."""
    if not len(left) or known.pattern is None:
        return [], left
    texts = _texts_by_place(lines, left)
    places = _begin_with(texts, known.pattern.literals[0])
    rows = _take_readable(texts, places, known.name, known.pattern, read_line_by_rule)
    return rows, pl.Series(list(texts), dtype=pl.UInt32)


def _read_carefully(lines: pl.Series, left: pl.Series, formats: Iterable[LogFormat]) -> tuple[list[Rows], pl.Series]:
    """Read lines that fit no plan one by one, anchored at both ends."""
    texts = _texts_by_place(lines, left)
    rows: list[Rows] = []
    trimmed = [without_time(known) for known in formats]
    # Most formats begin alike, and most lines that are left are of other programs.
    alike: dict[str, list[int]] = {}
    for known in (*formats, *trimmed):
        if known is None or known.pattern is None:
            continue
        first = known.pattern.literals[0]
        if first not in alike:
            alike[first] = _begin_with(texts, first)
        rows += _take_readable(texts, alike[first], known.name, known.pattern, read_line)
    return rows, pl.Series(list(texts), dtype=pl.UInt32)


def _texts_by_place(lines: pl.Series, left: pl.Series) -> dict[int, str]:
    return dict(zip(left, _texts_at(lines, left), strict=True))


def _begin_with(texts: Mapping[int, str], first: str) -> list[int]:
    return [place for place, text in texts.items() if text.startswith(first)]


def _take_readable(
    texts: dict[int, str],
    places: Sequence[int],
    name: str,
    pattern: Pattern,
    read: Callable[[Pattern, str], Reading | None],
) -> list[Rows]:
    """Read one by one those of `texts` at `places`, which begin as they must, and take them out of it."""
    last = pattern.literals[-1]
    # A reading holds all of the format's own text.
    own = [(character, sum(literal.count(character) for literal in pattern.literals)) for character in '" ']
    readings: dict[int, Reading] = {}
    for place in places:
        text = texts.get(place)
        if not text or not text.endswith(last):
            continue
        if any(text.count(character) < count for character, count in own):
            continue
        reading = read(pattern, text)
        if reading is not None:
            readings[place] = reading
    if not readings:
        return []
    for place in readings:
        del texts[place]
    columns = zip(*(reading.texts for reading in readings.values()), strict=True)
    cut = {i: pl.Series(column, dtype=pl.String) for i, column in enumerate(columns)}
    ambiguous = pl.Series([reading.ambiguous for reading in readings.values()], dtype=pl.Boolean)
    return [rows_of_texts(name, pattern, pl.Series(list(readings), dtype=pl.UInt32), cut, ambiguous)[0]]


def _classify(lines: pl.Series, left: pl.Series) -> tuple[tuple[tuple[int, str], ...], Counter[str]]:
    """Tell rejects from lines that are no access-log entries; the latter are counted by kind."""
    if not len(left):
        return (), Counter()
    text = pl.col("text")
    is_json = text.str.starts_with("{") & text.str.contains(_JSON_WORDS)
    frame = pl.DataFrame({"place": left, "text": _texts_at(lines, left)}).with_columns(
        pl.when(text.str.strip_chars() == "")
        .then(pl.lit(BLANK))
        .when(text.str.contains(_ENVOY_MESSAGE))
        .then(pl.lit("envoy_message"))
        .when(text.str.contains(_TEXT_ENTRY))
        .then(pl.lit("!no known format fits the line"))
        .when(text.str.contains(_AGENT_MESSAGE))
        .then(pl.lit("agent_message"))
        .when(is_json & text.str.ends_with("}"))
        .then(pl.lit("!no known format fits the JSON object"))
        .when(is_json)
        .then(pl.lit("!the JSON object is cut short"))
        .otherwise(pl.lit(NOT_ACCESS_LOG))
        .alias("fate")
    )
    rejected = frame.filter(pl.col("fate").str.starts_with("!"))
    counted = frame.filter(~pl.col("fate").str.starts_with("!"))["fate"].value_counts()
    others = Counter(dict(counted.iter_rows()))
    return tuple((place, fate[1:]) for place, fate in rejected.select("place", "fate").iter_rows()), others


def known_formats(given: Sequence[str] = ()) -> tuple[LogFormat, ...]:
    """Return the formats to try, those that a user gave first. Raises FormatError where one is not valid."""
    return (*custom_formats(given), *load_formats())
