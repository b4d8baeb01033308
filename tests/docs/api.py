"""The reference page of the Python API, made from signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import hopline

_NOTE = "<!-- Made by `make docs` from the program itself: change that, not this. -->\n"
_HEAD = """\
# Python

`import hopline` is the one public name, and cheap: what is heavy is imported when it is first needed. Every name below
is typed. Errors that hopline raises on purpose are children of `HoplineError`: `str(error)` is a sentence for a person,
and `error.hint`, where there is one, what to try next. The examples run in the tests, over the repository's
`sample_logs`.
"""
#: Functions first, in the order in which they are met; then what they give; then the rest.
_FIRST = (
    "open",
    "Session",
    "Result",
    "Options",
    "Objectives",
    "Network",
    "read_logs",
    "compile_format",
    "CompiledFormat",
)
#: Classes that users make values of: how is shown.
_MADE_BY_USERS = ("Options", "Objectives", "Network")
_EXAMPLE = re.compile(r"(?:^>>> .*\n(?:^(?!>>> ).+\n)*)+", re.MULTILINE)


def write_api() -> str:
    """Return the page."""
    names = [name for name in hopline.__all__ if not name.startswith("__")]
    errors = [name for name in names if _is_error(getattr(hopline, name))]
    others = [*_FIRST, *(name for name in names if name not in _FIRST and name not in errors)]
    parts = [_NOTE, _HEAD, *(_write_name(name) for name in others), "## Errors\n", _write_errors(errors)]
    return "\n".join(parts)


def _is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Exception)


def _write_name(name: str) -> str:
    value = getattr(hopline, name)
    parts = [f"## {name}\n"]
    if not inspect.isclass(value) or name in _MADE_BY_USERS:
        parts.append(_write_signature(f"hopline.{name}", value))
    parts.append(_write_prose(inspect.getdoc(value) or ""))
    if inspect.isclass(value) and name != "Report":
        parts += [_write_member(name, member, found) for member, found in _list_members(value)]
    return "\n".join(parts)


def _list_members(owner: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class defines, in its order."""
    for name, value in vars(owner).items():
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            yield name, value


def _write_member(owner: str, name: str, value: Any) -> str:
    if isinstance(value, property):
        head = f"### {owner}.{name}\n\n```text\n{name}: {_annotation(value.fget.__annotations__.get('return'))}\n```\n"
    else:
        head = f"### {owner}.{name}()\n\n{_write_signature(name, value)}"
    return f"{head}\n{_write_prose(inspect.getdoc(value) or '')}"


def _write_signature(name: str, value: Any) -> str:
    signature = inspect.signature(value)
    told, keyword_only = [], False
    for parameter in signature.parameters.values():
        if parameter.name == "self":
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            told.append("*")
            keyword_only = True
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        told.append(f"{parameter.name}: {_annotation(parameter.annotation)}{default}")
    returned = "" if inspect.isclass(value) else f" -> {_annotation(signature.return_annotation)}"
    line = f"{name}({', '.join(told)}){returned}"
    if len(line) > 110:
        line = f"{name}(\n" + "".join(f"    {part},\n" for part in told) + f"){returned}"
    return f"```text\n{line}\n```\n"


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _write_prose(text: str) -> str:
    fenced = _EXAMPLE.sub(lambda match: f"```pycon\n{match[0].rstrip()}\n```\n", f"{text}\n")
    return fenced.rstrip() + "\n"


def _write_errors(names: list[str]) -> str:
    lines = ["| error | exit code of the command line | meaning |", "|---|---|---|"]
    for name in names:
        error = getattr(hopline, name)
        meaning = (inspect.getdoc(error) or "").splitlines()[0]
        lines.append(f"| `{name}` | {error.exit_code} | {meaning} |")
    return "\n".join(lines) + "\n"
