"""Reference pages, each a pure function of the program's own tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import typer

from analysis.catalog import Relation, public_relations
from analysis.column_types import column_types
from hopline.cli import app
from hopline.selection import Selection
from ingest.containers import CONTAINERS
from ingest.envelopes import ENVELOPES
from ingest.flags import load_flags
from ingest.formats import LogFormat, load_formats
from ingest.operators import load_operators
from tests.docs.api import write_api
from tests.docs.queries import answer, open_logs

#: Rows of an example's answer that a page shows.
_MOST_EXAMPLE_ROWS = 10
_CLI = """\
Standard output carries data only; messages, warnings and progress go to standard error. `NO_COLOR`, `FORCE_COLOR` and
`COLUMNS` are honoured; `HOPLINE_DEBUG=1` adds the traceback of an error that should not be.

| exit code | meaning |
|---|---|
| 0 | ok; a source that could not be read among others that could is a warning |
| 1 | nothing could be read, the query failed, or the output could not be written |
| 2 | usage: an argument is wrong |
| 3 | an objective that was asked for was missed, or the logs cannot show that it was met |
| 130 | interrupted |

**Times** (`--since`, `--until`, `--mark`) are RFC 3339 (`2026-11-09T00:06:19Z`, `2026-11-09T01:06+01:00`), a date
(its midnight), `now`, `today`, `yesterday`, or an age such as `-2h` or `-1d12h`, counted from now. Without a zone they
are UTC. `--until` itself is outside the window.

**JSON** prints null, never leaves a key out, and writes times as RFC 3339 in UTC. **CSV** writes NULL as nothing and
the empty text as `""`; lists and objects are JSON; a text that a spreadsheet would run as a formula gets an apostrophe
in front.
"""
_CLI_COLUMNS = ("argument or option", "meaning", "default")
_TABLES = """\
What `hopline sql` sees; `hopline schema` shows the same. Times are TIMESTAMP WITH TIME ZONE in UTC, to the microsecond.
An instant `x` is `x_earliest` and `x_latest`, both NULL when it did not happen; a duration `d` is `d_min_s` and
`d_max_s`. `-` in a log and JSON null are NULL.
"""
_FORMATS = """\
hopline finds out the format of every line by itself; `hopline formats --detect FILE` says what a file is. For a format
of your own, give Envoy's format string or its JSON template (`--log-format`), or the file that sets it
(`--log-format-from`): a MeshConfig, IstioOperator or the istio ConfigMap (`accessLogFormat`), an extension provider's
`logFormat`, an EnvoyFilter's access log, or a `/config_dump`. Of several formats in it, all are tried.
"""
_AROUND = """\
What lies around the lines is found out by content as well, and may be nested.

**Compression and archives**: gzip, zstd, bzip2, xz; tar and zip, in which each file is a source of its own, named
`ARCHIVE!PATH`. Whatever ends early yields what it holds and is marked `truncated`. UTF-16 is read where a byte-order
mark says so.

**Containers**: one entry of a container is one line, counted from 1 in the order of the file. They are read as a
stream; one entry may be 64 MiB long.
"""
_ENVELOPES = """\
**Envelopes** around single lines; pod, namespace, container, node and cluster are taken from them:
"""
_FLAGS = """\
Envoy's short word on what went wrong. The set is open: extensions register more, and hopline keeps what it does not
know. Side says who is at fault; the outcome is what the column `outcome` says of such a request.
"""
_OPERATORS = """\
Where the value of each operator of Envoy's access-log format goes. What has no column of its own is kept in `extra`,
under the operator's own text; so is an operator that is not in this table.
"""
_NOTE = "<!-- Made by `make docs` from the program itself: change that, not this. -->\n"


def write_cli() -> str:
    """Return the page of verbs and options."""
    group: Any = typer.main.get_command(app)
    shared = {field.name for field in fields(Selection)} - {"logs"}
    parts = [f"# Command line\n\n{_CLI}"]
    shared_rows: list[Sequence[str]] = []
    for name, command in _list_commands(group):
        context = typer.Context(command, info_name=f"hopline {name}")
        parts.append(f"## hopline {name}\n")
        parts.append(f"    hopline {name} {' '.join(command.collect_usage_pieces(context))}\n")
        parts.append(_write_prose(command.help or ""))
        # Verbs that read no session have options of the same names, with a meaning of their own.
        theirs = shared if shared <= {parameter.name for parameter in command.params} else set()
        own = [parameter for parameter in command.params if parameter.name not in theirs]
        parts.append(_write_table(_CLI_COLUMNS, [_describe_parameter(parameter, context) for parameter in own]))
        if len(own) < len(command.params):
            parts.append("And the [options of every verb over logs](#options-of-every-verb-over-logs).\n")
            others = [parameter for parameter in command.params if parameter.name in theirs]
            shared_rows = [_describe_parameter(parameter, context) for parameter in others]
    parts += ["## Options of every verb over logs\n", _write_table(_CLI_COLUMNS, shared_rows)]
    return _NOTE + "\n" + "\n".join(parts)


def _list_commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the commands of a group, those of the groups in it under their full names."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _list_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def _write_prose(text: str) -> str:
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return (
        "\n\n".join(f"    {part}" if part.startswith("hopline ") else " ".join(part.split()) for part in paragraphs)
        + "\n"
    )


def _describe_parameter(parameter: Any, context: typer.Context) -> tuple[str, str, str]:
    meaning = parameter.help or ""
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`", meaning, ""
    value = parameter.metavar or (f"<{'|'.join(_choices(parameter))}>" if _choices(parameter) else "")
    flags = ", ".join(parameter.opts)
    shown = f"`{flags} {value}`" if value else f"`{flags}`"
    default = parameter.get_default(context, call=False)
    return shown, meaning, "" if default in (None, False, [], ()) else f"`{getattr(default, 'value', default)}`"


def _choices(parameter: Any) -> Sequence[str]:
    return [str(choice.value) for choice in parameter.type_descriptor.choices or ()]


def write_tables() -> str:
    """Return the page of tables and views."""
    types = column_types()
    relations = sorted(public_relations(), key=lambda relation: (relation.internal, relation.name))
    public = [relation for relation in relations if not relation.internal]
    internal = [relation for relation in relations if relation.internal]
    parts = [
        f"# Tables and views\n\n{_TABLES}",
        *(f"- [{relation.name}](#{relation.name}): {relation.question}" for relation in public),
        "",
        *(_write_relation(relation, types) for relation in public),
        "## Steps on the way\n",
        "These can be queried too, but may change in any version.\n",
        *(f"- `{relation.name}`: {relation.question}" for relation in internal),
    ]
    return _NOTE + "\n" + "\n".join(parts) + "\n"


def _write_relation(relation: Relation, types: Any) -> str:
    rows = [
        (f"`{column.name}`", types.get((relation.name, column.name), ""), column.comment) for column in relation.columns
    ]
    prose = f"{relation.description}\n\n" if relation.description else ""
    call = _write_call(relation) if relation.kind == "macro" else ""
    columns = _write_table(("column", "type", "meaning"), rows)
    return f"## {relation.name}\n\n**{relation.question}**\n\n{prose}{call}{columns}"


def _write_call(relation: Relation) -> str:
    """Return how a macro is called: its signature, its parameters, and an example with what it answers."""
    shown = answer(open_logs("sample_logs/crash"), relation.example or "", _MOST_EXAMPLE_ROWS)
    parameters = _write_table(
        ("parameter", "default", "meaning"),
        [(f"`{each.name}`", f"`{each.default}`" if each.default else "", each.comment) for each in relation.parameters],
    )
    return (
        f"```sql\nFROM {relation.signature}\n```\n\n{parameters}\n"
        f"On `sample_logs/crash`:\n\n```sql\n{relation.example}\n```\n\n```text\n{shown}```\n\n"
    )


def write_formats() -> str:
    """Return the page of log formats."""
    envelopes = [(envelope.name, envelope.title) for envelope in ENVELOPES]
    parts = [
        f"# Log formats\n\n{_FORMATS}",
        *map(_write_format, load_formats()),
        f"## Around the lines\n\n{_AROUND}",
        _write_table(("container", "what it is"), list(CONTAINERS.items())),
        _ENVELOPES,
        _write_table(("envelope", "what it is"), envelopes),
    ]
    return _NOTE + "\n" + "\n".join(parts)


def _write_format(known: LogFormat) -> str:
    lines = [f"## {known.name}\n", f"{known.title}. {known.description}\n"]
    if known.pattern_text:
        lines += ["```text", known.pattern_text.rstrip("\n"), "```\n"]
    if known.keys:
        lines.append(
            _write_table(("key", "column"), [(f"`{key}`", f"`{column}`") for key, column in known.keys.items()])
        )
    if known.samples:
        lines += ["Such as:\n", "```text", known.samples[0].line.rstrip("\n"), "```\n"]
    return "\n".join(lines)


def write_flags() -> str:
    """Return the page of response flags."""
    rows = [
        (
            f"`{flag.code}`",
            flag.long_name,
            flag.scope,
            flag.side,
            f"`{flag.outcome}`" if flag.outcome else "",
            flag.meaning,
        )
        for flag in load_flags().values()
    ]
    text = f"# Response flags\n\n{_FLAGS}\n"
    return _NOTE + "\n" + text + _write_table(("flag", "long name", "scope", "side", "outcome", "meaning"), rows)


def write_operators() -> str:
    """Return the page of format operators."""
    rows = [
        (
            f"`%{operator.name}%`"
            if not operator.arguments
            else ", ".join(f"`%{operator.name}({argument})%`" for argument in operator.arguments),
            f"`{operator.column}`" if operator.column else "`extra`",
            operator.type,
            operator.unit or "",
            operator.meaning,
        )
        for operator in load_operators()
    ]
    text = f"# Format operators\n\n{_OPERATORS}\n"
    return _NOTE + "\n" + text + _write_table(("operator", "column", "type", "unit", "meaning"), rows)


def _write_table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


#: Page (from the root of the repository) -> what writes it.
PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/cli.md": write_cli,
    "docs/reference/tables.md": write_tables,
    "docs/reference/formats.md": write_formats,
    "docs/reference/flags.md": write_flags,
    "docs/reference/operators.md": write_operators,
    "docs/reference/python.md": write_api,
}
