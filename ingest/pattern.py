"""Envoy's format language: a format string becomes fields with literal text between them.

Grammar: `%NAME%`, `%NAME(argument)%`, `%NAME(argument):Z%`, `%%` for a literal percent sign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from ingest.errors import FormatError
from ingest.operators import find_operator

_OPERATOR = re.compile(r"%(?P<name>[A-Z0-9_]+)(?:\((?P<argument>.*?)\))?(?::(?P<limit>\d+))?%", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """One operator of a format string.

    `key` is its own text (`REQ(X-FOO)`), the name it has in `extra`; `column` is the canonical column or
    None; `type` and `holds` are those of `operators.toml`; `limit` is the `:Z` of the format or None.
    """

    operator: str
    argument: str | None
    limit: int | None
    column: str | None
    type: str
    holds: str

    @property
    def key(self) -> str:
        """Name of the value in `extra`."""
        return self.operator if self.argument is None else f"{self.operator}({self.argument})"


@dataclass(frozen=True)
class Pattern:
    """A parsed format string: `literals[0] fields[0] literals[1] ... fields[-1] literals[-1]`."""

    literals: tuple[str, ...]
    fields: tuple[Field, ...]

    @cached_property
    def _hash(self) -> int:
        return hash((self.literals, self.fields))

    def __hash__(self) -> int:
        """Return what is the same for equal patterns; they are looked up for every odd line."""
        return self._hash


def parse_pattern(text: str) -> Pattern:
    """Parse an Envoy text format string; a final newline is dropped.

    Raises FormatError for an operator that Envoy does not know, a lone percent sign, or no operator at all.
    """
    text = text.rstrip("\n")
    literals, fields, literal, position = [], [], "", 0
    while position < len(text):
        percent = text.find("%", position)
        if percent < 0:
            literal += text[position:]
            break
        literal += text[position:percent]
        if text.startswith("%%", percent):
            literal += "%"
            position = percent + 2
            continue
        match = _OPERATOR.match(text, percent)
        if match is None:
            raise FormatError(
                f"format string: no operator can be read at {text[percent : percent + 30]!r}",
                hint="Write operators as %NAME% or %NAME(argument)%, and a literal percent sign as %%.",
            )
        fields.append(make_field(match["name"], match["argument"], match["limit"]))
        literals.append(literal)
        literal, position = "", match.end()
    if not fields:
        raise FormatError("format string: it holds no operator such as %START_TIME%")
    literals.append(literal)
    return Pattern(tuple(literals), _settle_columns(fields))


def make_field(name: str, argument: str | None, limit: str | None) -> Field:
    """Return the field of one operator; raises FormatError where Envoy has no such operator."""
    entry = find_operator(name, argument)
    if entry is None:
        raise FormatError(
            f"format string: %{name}% is not an Envoy operator",
            hint="See `hopline formats` for the operators that are known.",
        )
    return Field(
        operator=name,
        argument=argument,
        limit=None if limit is None else int(limit),
        column=entry.column,
        type=entry.type if entry.column else "string",
        holds=entry.holds,
    )


def _settle_columns(fields: list[Field]) -> tuple[Field, ...]:
    """Let the first field of a column have it; later ones go to `extra`."""
    taken: set[str] = set()
    settled = []
    for field in fields:
        if field.column in taken:
            field = Field(field.operator, field.argument, field.limit, None, "string", field.holds)  # noqa: PLW2901
        elif field.column:
            taken.add(field.column)
        settled.append(field)
    return tuple(settled)
