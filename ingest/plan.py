"""The split plan: a format string compiled to splits on its most selective literal characters.

A line fits where every split finds exactly as many separators as the format's own text holds: then no value
contains one, and there is only one way to read the line. No regular expression is run. Lines that do not fit
are left to the anchored path (`ingest.anchored`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from ingest.pattern import Pattern

#: Separators in the order in which they are tried: the rarer in values, the better.
_SEPARATORS = '"\t|; '


@dataclass(frozen=True)
class Fixed:
    """A piece that is always the same text."""

    text: str


@dataclass(frozen=True)
class Value:
    """A piece that holds one field between a prefix and a suffix."""

    field: int
    prefix: str
    suffix: str


@dataclass(frozen=True)
class Split:
    """A piece that is cut at every `separator` into exactly `parts`."""

    separator: str
    parts: tuple[Plan, ...]


Plan = Fixed | Value | Split


def compile_plan(pattern: Pattern) -> Plan | None:
    """Return the split plan of a format; None where two fields touch with no text between them."""
    return _compile(list(pattern.literals), list(range(len(pattern.fields))))


def _compile(literals: list[str], fields: list[int]) -> Plan | None:
    """Compile `literals[0] field literals[1] field ... literals[-1]`."""
    if not fields:
        return Fixed(literals[0])
    if len(fields) == 1:
        return Value(fields[0], literals[0], literals[1])
    between = literals[1:-1]
    if not all(between):
        return None
    separator = next((c for c in _SEPARATORS if any(c in text for text in between)), None)
    if separator is None:
        odd = [c for text in between for c in text if not c.isalnum()]
        separator = odd[0] if odd else between[0]
    parts: list[Plan] = []
    piece_literals, piece_fields = [""], list[int]()
    for index, literal in enumerate(literals):
        first, *others = literal.split(separator)
        piece_literals[-1] += first
        for text in others:
            part = _compile(piece_literals, piece_fields)
            if part is None:
                return None
            parts.append(part)
            piece_literals, piece_fields = [text], []
        if index < len(fields):
            piece_fields.append(fields[index])
            piece_literals.append("")
    part = _compile(piece_literals, piece_fields)
    return None if part is None else Split(separator, (*parts, part))


def run_plan(plan: Plan, lines: pl.Series) -> tuple[pl.Series, dict[int, pl.Series]]:
    """Return the positions (UInt32) of the lines that fit, and the text of each field of those lines."""
    frame = pl.DataFrame({"": lines, "@": pl.int_range(len(lines), dtype=pl.UInt32, eager=True)})
    frame = _run(plan, frame, "", "")
    positions = frame["@"]
    fields = {int(name[1:]): frame[name] for name in frame.columns if name.startswith("f")}
    return positions, fields


def _run(plan: Plan, frame: pl.DataFrame, column: str, path: str) -> pl.DataFrame:
    """Replace `column` by the fields in it, keeping only the rows that fit."""
    texts = frame[column]
    if isinstance(plan, Fixed):
        return _keep(frame.drop(column), texts == plan.text)
    if isinstance(plan, Value):
        return _run_value(plan, frame, column)
    count = len(plan.parts)
    pieces = texts.str.split_exact(plan.separator, count).struct.unnest()
    names = [f"{path}.{index}" for index in range(count)]
    surplus = pieces[f"field_{count}"]
    good = pieces[f"field_{count - 1}"].is_not_null() & surplus.is_null()
    pieces = pieces.drop(f"field_{count}")
    pieces.columns = names
    frame = _keep(frame.drop(column).hstack(pieces), good)
    for part, name in zip(plan.parts, names, strict=True):
        frame = _run(part, frame, name, name)
    return frame


def _run_value(plan: Value, frame: pl.DataFrame, column: str) -> pl.DataFrame:
    texts, name = frame[column], f"f{plan.field}"
    if plan.prefix or plan.suffix:
        # Prefix and suffix must not share bytes: `[]` does not fit the text `[` once for each.
        good = texts.str.len_bytes() >= len((plan.prefix + plan.suffix).encode())
        if plan.prefix:
            good &= texts.str.starts_with(plan.prefix)
        if plan.suffix:
            good &= texts.str.ends_with(plan.suffix)
        frame = _keep(frame, good)
        texts = frame[column]
        if plan.prefix:
            texts = texts.str.strip_prefix(plan.prefix)
        if plan.suffix:
            texts = texts.str.strip_suffix(plan.suffix)
    return frame.drop(column).with_columns(texts.alias(name))


def _keep(frame: pl.DataFrame, good: pl.Series) -> pl.DataFrame:
    return frame if good.all() else frame.filter(good)
