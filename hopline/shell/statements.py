"""Where a statement ends: at a semicolon that stands in no text, name or comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

#: What a semicolon may stand in, and the semicolon itself; an opening without an end runs to the end of the text.
_PIECE = re.compile(
    r"'(?:[^']|'')*(?P<text>'|\Z)"
    r'|"(?:[^"]|"")*(?P<name>"|\Z)'
    r"|\$(?P<tag>\w*)\$.*?(?P<dollars>\$(?P=tag)\$|\Z)"
    r"|--[^\n]*"
    r"|/\*.*?(?P<comment>\*/|\Z)"
    r"|(?P<end>;)",
    re.DOTALL,
)


def find_end(text: str) -> int | None:
    """Return where the first statement of a text ends (behind its semicolon); None where it goes on."""
    return next((match.end() for match in _PIECE.finditer(text) if match["end"]), None)


def is_command(text: str) -> bool:
    """Say whether a text is a command of the shell: it begins with a full stop, and ends with its line."""
    return text.lstrip().startswith(".")


def is_complete(text: str) -> bool:
    """Say whether a text can be run as it is: a command, or a statement with its semicolon, or nothing at all."""
    return not text.strip() or is_command(text) or find_end(text) is not None


def split_statements(lines: Iterable[str]) -> Iterator[str]:
    """Yield each command and statement of a text, as soon as it is whole; the last may lack its semicolon."""
    held = ""
    for line in lines:
        if not held.strip() and is_command(line):
            yield line.strip()
            continue
        held += line
        while (end := find_end(held)) is not None:
            statement, held = held[:end].strip(), held[end:]
            if strip_comments(statement) != ";":
                yield statement
        if is_command(held):
            yield held.strip()
            held = ""
    if strip_comments(held):
        yield held.strip()


def strip_comments(text: str) -> str:
    """Return what a text says without its comments and the white space around it."""
    return _PIECE.sub(lambda match: "" if match[0].startswith(("--", "/*")) else match[0], text).strip()
