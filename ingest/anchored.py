"""The careful path: one line that did not fit the split plan, read from both ends.

Text logs escape nothing, so a header that the client chose can hold quotes, or the tail of a whole log line.
Fields that cannot hold the text next to them are read from the left up to the first that can, and from the
right down to the last that can: the real head and the real tail always win. What lies between is divided in
every way that fits; where there are two, the row is ambiguous.

All work is by plain searches: linear in the length of the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ingest.pattern import Field, Pattern

_PROTOCOL = re.compile(r"HTTP/\d(?:\.\d)?")
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_FLAGS = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:,[A-Za-z][A-Za-z0-9]*)*")
_TIME_CHARACTERS = frozenset("0123456789-:.,+ /TZtzABCDEFGHIJKLMNOPQRSUVWXYabcdefghijklmnopqrsuvwxy")


def _is_time(text: str) -> bool:
    return len(text) <= 48 and any(c.isdigit() for c in text) and _TIME_CHARACTERS.issuperset(text)


_CHECKS: dict[str, Callable[[str], bool]] = {
    "number": lambda text: text in ("-", "") or (text.isascii() and text.isdigit() and len(text) < 20),
    "time": lambda text: text in ("-", "") or _is_time(text),
    "method": lambda text: _METHOD.fullmatch(text) is not None,
    "protocol": lambda text: text == "-" or _PROTOCOL.fullmatch(text) is not None,
    "flags": lambda text: text in ("-", "") or _FLAGS.fullmatch(text) is not None,
    "address": lambda text: " " not in text and '"' not in text,
    "token": lambda text: " " not in text and '"' not in text,
    "path": lambda text: " " not in text,
    "phrase": lambda text: '"' not in text,
    "text": lambda text: True,
}

#: Characters that a value of the kind can never hold: text next to it that holds one ends the value.
_NEVER: dict[str, Callable[[str], bool]] = {
    "number": lambda literal: any(not c.isdigit() and c != "-" for c in literal),
    "time": lambda literal: any(c not in _TIME_CHARACTERS for c in literal),
    "method": lambda literal: " " in literal or '"' in literal,
    "protocol": lambda literal: " " in literal or '"' in literal,
    "flags": lambda literal: any(not c.isalnum() and c not in ",-" for c in literal),
    "address": lambda literal: " " in literal or '"' in literal,
    "token": lambda literal: " " in literal or '"' in literal,
    "path": lambda literal: " " in literal,
    "phrase": lambda literal: '"' in literal,
    "text": lambda literal: False,
}

#: Kinds whose rules hold whatever happens; a line that breaks them is not of this format.
_STRICT = frozenset({"number", "time", "method", "protocol", "flags"})


@dataclass(frozen=True)
class Reading:
    """The text of every field of a line; `ambiguous` where another division would have fitted as well."""

    texts: tuple[str, ...]
    ambiguous: bool


@lru_cache(maxsize=256)
def relax(pattern: Pattern) -> Pattern:
    """Return the pattern with the kinds that its own quotes allow: spaces cannot end a value in quotes."""
    fields = []
    for index, field in enumerate(pattern.fields):
        quoted = pattern.literals[index].endswith('"') and pattern.literals[index + 1].startswith('"')
        holds = "phrase" if quoted and field.holds in ("address", "token") else field.holds
        fields.append(replace(field, holds=holds))
    return Pattern(pattern.literals, tuple(fields))


def read_line(pattern: Pattern, line: str) -> Reading | None:
    """Return the reading of one line by a format; None where it is not of this format."""
    pattern = relax(pattern)
    if not _is_framed(pattern, line):
        return None
    return _read_by_rule(pattern, line) or _read_with_one_exception(pattern, line)


def read_line_by_rule(pattern: Pattern, line: str) -> Reading | None:
    """Return the reading of one line in which every field keeps its kind's rule; None where one breaks it."""
    pattern = relax(pattern)
    return _read_by_rule(pattern, line) if _is_framed(pattern, line) else None


def _is_framed(pattern: Pattern, line: str) -> bool:
    first, last = pattern.literals[0], pattern.literals[-1]
    return len(line) >= len(first) + len(last) and line.startswith(first) and line.endswith(last)


def _read_by_rule(pattern: Pattern, line: str) -> Reading | None:
    """Read a line in which only fields that hold free text hold the text next to them."""
    literals, fields = pattern.literals, pattern.fields
    count = len(fields)
    first, last = _open_fields(pattern)
    start, end = len(literals[0]), len(line) - len(literals[-1])
    head = _scan_right(pattern, line, start, end, range(first))
    if head is None:
        return None
    texts, position = head
    if first == count:
        return Reading(tuple(texts), ambiguous=False) if position == end else None
    tail = _scan_left(pattern, line, position, end, range(count - 1, last, -1))
    if tail is None:
        return None
    tail_texts, end = tail
    middle = _divide(pattern, line, position, end, first=first, last=last)
    if middle is None:
        return None
    return Reading((*texts, *middle.texts, *reversed(tail_texts)), middle.ambiguous)


@lru_cache(maxsize=256)
def _open_fields(pattern: Pattern) -> tuple[int, int]:
    """Return the first and the last field whose ends the text beside them does not tell; their count where all do."""
    literals, fields = pattern.literals, pattern.fields
    count = len(fields)
    first = next((i for i, field in enumerate(fields) if not _ends(field, literals[i + 1], i == count - 1)), count)
    backwards = range(count - 1, first, -1)
    return first, next((i for i in backwards if not _ends(fields[i], literals[i], False)), first)


def _ends(field: Field, literal: str, is_last: bool) -> bool:
    """Say whether `literal` beside a value of the field must be where the value ends."""
    if is_last:
        return _NEVER[field.holds](" ") if not literal else _NEVER[field.holds](literal)
    return bool(literal) and _NEVER[field.holds](literal)


def _scan_right(pattern: Pattern, line: str, position: int, end: int, indexes: range) -> tuple[list[str], int] | None:
    """Read fields from the left, each up to the first place where the text after it stands."""
    texts = []
    last = len(pattern.fields) - 1
    for i in indexes:
        literal = pattern.literals[i + 1]
        stop = end if i == last else line.find(literal, position, end)
        if stop < position or (not literal and i != last):
            return None
        text = line[position:stop]
        if not _CHECKS[pattern.fields[i].holds](text):
            return None
        texts.append(text)
        position = stop if i == last else stop + len(literal)
    return texts, position


def _scan_left(pattern: Pattern, line: str, start: int, end: int, indexes: range) -> tuple[list[str], int] | None:
    """Read fields from the right, each back to the last place where the text before it stands."""
    texts = []
    for i in indexes:
        literal = pattern.literals[i]
        stop = line.rfind(literal, start, end)
        if stop < 0 or not literal:
            return None
        text = line[stop + len(literal) : end]
        if not _CHECKS[pattern.fields[i].holds](text):
            return None
        texts.append(text)
        end = stop
    return texts, end


def _divide(pattern: Pattern, line: str, start: int, end: int, *, first: int, last: int) -> Reading | None:
    """Divide `line[start:end]` among the fields `first` to `last`, once from each side."""
    if start > end:
        return None
    if first == last:
        text = line[start:end]
        return Reading((text,), ambiguous=False) if _CHECKS[pattern.fields[first].holds](text) else None
    readings = []
    head = _scan_right(pattern, line, start, end, range(first, last))
    if head is not None and head[1] <= end and _CHECKS[pattern.fields[last].holds](line[head[1] : end]):
        readings.append((*head[0], line[head[1] : end]))
    tail = _scan_left(pattern, line, start, end, range(last, first, -1))
    if tail is not None and _CHECKS[pattern.fields[first].holds](line[start : tail[1]]):
        readings.append((line[start : tail[1]], *reversed(tail[0])))
    if not readings:
        return None
    return Reading(readings[0], ambiguous=len(readings) == 1 or readings[0] != readings[1])


def _read_with_one_exception(pattern: Pattern, line: str) -> Reading | None:
    """Read a line in which one field breaks its own rule, such as a masked name with spaces in it."""
    readings = list(dict.fromkeys(_readings_with_one_exception(pattern, line)))
    if len(readings) > 1:
        # A cut through brackets is a wrong one: `{connection termination}`, `<some host name>`.
        whole = [texts for texts in readings if all(_is_balanced(text) for text in texts)]
        readings = whole or readings
    return Reading(readings[0], ambiguous=len(readings) > 1) if readings else None


def _readings_with_one_exception(pattern: Pattern, line: str) -> Iterator[tuple[str, ...]]:
    start, end = len(pattern.literals[0]), len(line) - len(pattern.literals[-1])
    count = len(pattern.fields)
    for odd in range(count):
        if pattern.fields[odd].holds in _STRICT:
            continue
        head = _scan_right(pattern, line, start, end, range(odd))
        if head is None:
            return
        tail = _scan_left(pattern, line, head[1], end, range(count - 1, odd, -1))
        if tail is None or tail[1] < head[1]:
            continue
        texts = (*head[0], line[head[1] : tail[1]], *reversed(tail[0]))
        if all(_is_likely_address(t) for t, f in zip(texts, pattern.fields, strict=True) if f.holds == "address"):
            yield texts


def _is_balanced(text: str) -> bool:
    return all(text.count(left) == text.count(right) for left, right in ("{}", "[]", "<>", "()"))


def _is_likely_address(text: str) -> bool:
    return text in ("-", "") or (not any(c in text for c in '|" ') and any(c in text for c in ":./@"))
