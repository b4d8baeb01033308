"""JSON and YAML documents whose values know the line they stand on.

Both read to the same shapes: Object, Array, text, or None for null. Numbers and booleans stay the text they were
written as (`5`, `true`), so that a setting can be shown as its author wrote it. An alias in YAML
stands for the value it names: it costs no memory of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

#: One token of JSON; commas and colons are skipped like space, as what tools print is well formed but for its end.
_TOKEN = re.compile(
    r'[\s,:]*+(?:([{}\[\]])|("[^"\\]*+(?:\\.[^"\\]*+)*+")|(-?[0-9][0-9.eE+-]*|true|false|null))', re.DOTALL
)
_SPACE = re.compile(r"[\s,:]*+")
#: Values nested deeper are nothing that a tool wrote; finding keys takes YAML parsers longer with every level.
MAX_DEPTH = 500
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
#: libyaml's parser where PyYAML has it: some ten times faster, with the same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DocumentError(ValueError):
    """The text is not valid; `line` (from 1) is where reading stopped."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(problem)
        self.line = line


class Object(dict[str, Any]):
    """A mapping; `line` is where it begins, and `lines` where each of its values does (from 1)."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class Array(list[Any]):
    """A list; `line` is where it begins, and `lines` where each of its items does (from 1)."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def line_of(holder: Any, name: str, default: int = 1) -> int:
    """Return the line of a field of an object; that of the object, or `default`, where there is none."""
    return holder.lines.get(name, holder.line) if isinstance(holder, Object) else default


def read_documents(text: str) -> list[Any]:
    """Return the documents of JSON (one or several on end) or YAML text; raise DocumentError where it is neither."""
    return read_json(text) if text.lstrip()[:1] in ("{", "[") else read_yaml(text)


def read_json(text: str) -> list[Any]:
    """Return the JSON documents in `text`; raise DocumentError where one is not whole."""
    builder = _Builder()
    position, line = 0, 1
    while token := _TOKEN.match(text, position):
        start = token.start(token.lastindex or 0)
        line += text.count("\n", position, start)
        bracket, string, literal = token.groups()
        if bracket is None:
            builder.add(_unquote(string, line) if string else None if literal == "null" else literal, line)
        elif bracket in "{[":
            builder.open(Object(line) if bracket == "{" else Array(line))
        elif not builder.close(Object if bracket == "}" else Array):
            raise DocumentError(f"a {bracket} that nothing opened", line)
        # A string may hold line ends of its own, though JSON forbids it.
        line += text.count("\n", start, token.end())
        position = token.end()
    rest = _SPACE.match(text, position)
    end = rest.end() if rest else position
    if end < len(text):
        raise DocumentError("not valid JSON", line + text.count("\n", position, end))
    if builder.is_open:
        raise DocumentError("not valid JSON: it ends too early", line)
    return builder.documents


def _unquote(string: str, line: int) -> str:
    if "\\" not in string:
        return string[1:-1]
    try:
        return str(json.loads(string, strict=False))
    except ValueError as error:
        raise DocumentError(f"not valid JSON: {error}", line) from error


def read_yaml(text: str) -> list[Any]:
    """Return the YAML documents in `text`; raise DocumentError where one is not valid."""
    builder = _Builder()
    line = 1
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line = event.start_mark.line + 1 if event.start_mark else line
            if isinstance(event, yaml.MappingStartEvent):
                builder.open(Object(line), event.anchor)
            elif isinstance(event, yaml.SequenceStartEvent):
                builder.open(Array(line), event.anchor)
            elif isinstance(event, yaml.ScalarEvent):
                plain = event.implicit[0] and event.value in _NULLS
                builder.add(None if plain else event.value, line, event.anchor)
            elif isinstance(event, yaml.AliasEvent):
                builder.add(builder.anchors.get(event.anchor or ""), line)
            elif isinstance(event, yaml.CollectionEndEvent):
                builder.close(Object if isinstance(event, yaml.MappingEndEvent) else Array)
    except DocumentError:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise DocumentError(f"not valid YAML: {error.problem}", mark.line + 1 if mark else line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError(
            f"not valid YAML: {str(error).splitlines()[0] if str(error) else 'too deep'}", line
        ) from error
    return builder.documents


@dataclass
class _Frame:
    """A container that is still open."""

    container: Object | Array
    anchor: str | None
    key: str = ""
    has_key: bool = False


@dataclass
class _Builder:
    """Puts documents together from their parts, without recursion."""

    documents: list[Any] = field(default_factory=list)
    #: Values by anchor, once they are whole: an alias inside its own value stands for nothing.
    anchors: dict[str, Any] = field(default_factory=dict)
    _frames: list[_Frame] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return bool(self._frames)

    def open(self, container: Object | Array, anchor: str | None = None) -> None:
        if len(self._frames) >= MAX_DEPTH:
            raise DocumentError(f"nested deeper than {MAX_DEPTH} levels", container.line)
        self._frames.append(_Frame(container, anchor))

    def close(self, kind: type) -> bool:
        if not self._frames or not isinstance(self._frames[-1].container, kind):
            return False
        frame = self._frames.pop()
        self.add(frame.container, frame.container.line, frame.anchor)
        return True

    def add(self, value: Any, line: int, anchor: str | None = None) -> None:
        if anchor is not None:
            self.anchors[anchor] = value
        if not self._frames:
            self.documents.append(value)
            return
        frame = self._frames[-1]
        container = frame.container
        if isinstance(container, Array):
            container.append(value)
            container.lines.append(line)
        elif not frame.has_key:
            frame.key, frame.has_key = value if isinstance(value, str) else "", True
        else:
            container[frame.key] = value
            container.lines[frame.key] = line
            frame.has_key = False
