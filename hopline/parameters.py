"""What goes into a query: its text, and the values of its parameters."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from hopline.moments import parse_moment
from ingest.errors import SourceError, UsageError

#: A value that is a time only to us: DuckDB reads all others by itself.
_RELATIVE = re.compile(r"-(?:\d+(?:\.\d+)?[wdhms])+|now|today|yesterday", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_]\w*")


def read_query(given: str) -> str:
    """Return the SQL that `given` is: a query, `@FILE`, or `-` for standard input.

    Raises SourceError where the file cannot be read, UsageError where there is no query in it, or where a file was
    named without the `@`.
    """
    if given != "-" and not given.startswith("@"):
        if os.path.isfile(given):
            raise UsageError(f"{given} is a file, not a query", hint=f"to run what it holds: hopline sql @{given}")
        return given
    name = "standard input" if given == "-" else given[1:]
    try:
        data = sys.stdin.buffer.read() if given == "-" else Path(name).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{name}: not SQL: byte {error.start} is not UTF-8") from error
    if not text.strip():
        raise UsageError(f"{name} holds no query", hint="write one SELECT into it")
    return text


def parse_parameters(given: Iterable[str]) -> dict[str, str]:
    """Return name -> value of each `NAME=VALUE`.

    Values stay text, which DuckDB casts to what it is compared with; ages and days (`-2h`, `yesterday`) become
    RFC 3339. Raises UsageError for what is no pair, and for a name that is given twice.
    """
    values: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(f"-p {text!r} is not NAME=VALUE", hint="try -p since=2026-11-09T00:06Z, and $since in SQL")
        if name in values:
            raise UsageError(f"-p {name} is given twice", hint="a parameter has one value")
        is_time = _RELATIVE.fullmatch(value.strip())
        values[name] = parse_moment(value, argument=f"-p {name}").isoformat() if is_time else value
    return values
