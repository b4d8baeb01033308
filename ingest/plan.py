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
    """Return the positions (UInt32) of the lines that fit, and the text of each field of those lines.

    The texts are without names and in the order of the positions; where no line fits, both are empty.
    """
    run = _Run(lines)
    run.read(plan, lines)
    return run.positions, run.fields if len(run.positions) else {}


class _Run:
    """The pieces of the lines that still fit; they all have the same length at any time."""

    def __init__(self, lines: pl.Series) -> None:
        self.positions = pl.int_range(len(lines), dtype=pl.UInt32, eager=True)
        self.fields: dict[int, pl.Series] = {}
        self._pending: list[pl.Series] = []

    def read(self, plan: Plan, texts: pl.Series) -> None:
        """Read one piece of every line; nothing more is done once no line is left."""
        if not len(self.positions):
            return
        if isinstance(plan, Fixed):
            self._keep(texts == plan.text)
        elif isinstance(plan, Value):
            self._read_value(plan, texts)
        else:
            self._read_split(plan, texts)

    def _read_value(self, plan: Value, texts: pl.Series) -> None:
        # Prefix and suffix must not share bytes: the text `"` does not begin and end a quoted value.
        if plan.prefix and plan.suffix:
            texts = self._keep(texts.str.len_bytes() >= len((plan.prefix + plan.suffix).encode()), texts)
        if plan.prefix:
            texts = self._keep(texts.str.starts_with(plan.prefix), texts).str.strip_prefix(plan.prefix)
        if plan.suffix:
            texts = self._keep(texts.str.ends_with(plan.suffix), texts).str.strip_suffix(plan.suffix)
        self.fields[plan.field] = texts

    def _read_split(self, plan: Split, texts: pl.Series) -> None:
        count = len(plan.parts)
        pieces = texts.str.split_exact(plan.separator, count).struct.unnest().get_columns()
        good = pieces[count - 1].is_not_null() & pieces[count].is_null()
        depth = len(self._pending)
        self._pending += reversed(pieces[:count])
        self._keep(good)
        for part in plan.parts:
            texts = self._pending.pop()
            self.read(part, texts)
        del self._pending[depth:]

    def _keep(self, good: pl.Series, texts: pl.Series | None = None) -> pl.Series:
        """Drop the lines that are not good; returns `texts` without them."""
        if good.all():
            return self.positions if texts is None else texts
        self.positions = self.positions.filter(good)
        self.fields = {index: values.filter(good) for index, values in self.fields.items()}
        self._pending = [values.filter(good) for values in self._pending]
        return self.positions if texts is None else texts.filter(good)
