"""JSON access-log formats that a user gives as a template: `{"when": "%START_TIME%", ...}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ingest.errors import FormatError
from ingest.formats import LogFormat
from ingest.jsonlog import flatten
from ingest.pattern import Pattern, parse_pattern

_STRING_OR_OPERATOR = re.compile(r'"(?:[^"\\]|\\.)*"|%[A-Z0-9_]+(?:\([^)]*\))?(?::\d+)?%')


def has_bare_operators(text: str) -> bool:
    """Say whether text is a JSON object but for operators that stand without quotes."""
    filled = _STRING_OR_OPERATOR.sub(lambda found: found[0] if found[0].startswith('"') else "0", text)
    return filled != text and isinstance(_load(filled), dict)


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_template(text: str, name: str) -> LogFormat:
    """Return the format of a JSON template. Raises FormatError where it is none.

    A value that is one operator gives its column the value of the key; a value of several operators with text
    between them is taken apart; a value without operators says nothing.
    """
    try:
        template = json.loads(text)
    except ValueError as error:
        raise FormatError(f"log format: not a valid JSON template: {error}") from error
    if not isinstance(template, dict) or not template:
        raise FormatError("log format: a JSON template is an object with at least one key")
    keys: dict[str, str] = {}
    composed: dict[str, Pattern] = {}
    taken: set[str] = set()
    strftime = None
    for key, value in flatten(template).items():
        if not isinstance(value, str) or "%" not in value.replace("%%", ""):
            continue
        pattern = parse_pattern(value)
        field = pattern.fields[0]
        if len(pattern.fields) > 1 or any(pattern.literals):
            free = tuple(f if f.column not in taken else replace(f, column=None) for f in pattern.fields)
            composed[key] = Pattern(pattern.literals, free)
            taken.update(f.column for f in free if f.column)
        elif field.column is not None and field.column not in taken:
            keys[key] = field.column
            taken.add(field.column)
            if field.type == "timestamp" and field.argument:
                strftime = field.argument
    return LogFormat(
        name=name,
        title="given with --log-format",
        description=text,
        encoding="json",
        rank=-1,
        keys=MappingProxyType(keys),
        template=frozenset(_all_keys(template)),
        composed=MappingProxyType(composed),
        strftime=strftime,
    )


def _all_keys(template: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(flatten(template))
