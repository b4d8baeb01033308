"""Entries of key=value pairs after a time, a level and a message: ztunnel's access log."""

from __future__ import annotations

import re

_HEAD = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\s+(?P<level>trace|debug|info|warn|error)\s+access\s+"
    r"(?P<message>connection \w+)\s+(?P<pairs>\S+=.*)",
    re.DOTALL,
)
_PAIR = re.compile(r'([\w.:/-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')


def read_pairs(line: str) -> dict[str, str] | None:
    """Return the keys and values of a line, `time`, `level` and `message` among them; None if it has none."""
    match = _HEAD.fullmatch(line)
    if match is None:
        return None
    entry = {"time": match["time"], "level": match["level"], "message": match["message"]}
    position, text = 0, match["pairs"]
    while position < len(text):
        pair = _PAIR.match(text, position)
        if pair is None:
            return None
        value = pair[2]
        if value.startswith('"'):
            value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        entry[pair[1]] = value
        position = pair.end()
    return entry
