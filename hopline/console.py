"""The terminal: what it can show, and the words on standard error."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

#: Characters that a terminal would obey rather than show, and those that turn the direction of text round.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

#: Drawn where the encoding has them all, else ASCII is.
_DRAWING = "█▓▒│─±…"


@dataclass(frozen=True)
class Screen:
    """What an output stream can show: `width` in cells, or None where lines may be as long as they are."""

    width: int | None
    interactive: bool
    colour: bool
    unicode: bool


#: What a file can show.
PAPER = Screen(width=None, interactive=False, colour=False, unicode=True)


def describe_screen(stream: TextIO | None = None) -> Screen:
    """Find out what `stream` (standard output unless given) can show.

    NO_COLOR, FORCE_COLOR, TERM and COLUMNS are honoured.
    """
    stream = sys.stdout if stream is None else stream
    interactive = stream.isatty()
    told_width = os.environ.get("COLUMNS", "")
    width = shutil.get_terminal_size((100, 24)).columns if interactive or told_width.isdecimal() else None
    forced = bool(os.environ.get("FORCE_COLOR"))
    colour = (interactive and os.environ.get("TERM") != "dumb") or forced
    if os.environ.get("NO_COLOR"):
        colour = False
    return Screen(width=width, interactive=interactive, colour=colour, unicode=_shows_unicode(stream))


def _shows_unicode(stream: TextIO) -> bool:
    if os.environ.get("LC_ALL") in ("C", "POSIX"):
        return False
    try:
        _DRAWING.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def make_printable(text: str, *, keep: str = "") -> str:
    """Return `text` with what a terminal would obey shown as escapes: log fields are text that strangers chose."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        if character in keep:
            return character
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

    return _UNPRINTABLE.sub(escape, text)


def say(message: str) -> None:
    """Write one line to standard error."""
    _write(make_printable(message))


def say_error(message: str, hint: str | None = None) -> None:
    """Write `error: message` and, where there is a hint, `hint: ...` to standard error."""
    _write(f"error: {make_printable(message, keep=chr(10))}")
    if hint:
        _write(f"hint: {make_printable(hint, keep=chr(10))}")


def say_warnings(warnings: Iterable[str]) -> None:
    """Write each warning on a line of its own to standard error."""
    for warning in warnings:
        _write(f"warning: {make_printable(warning)}")


def _write(line: str) -> None:
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stderr.flush()
