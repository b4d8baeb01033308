"""The typer app: it lists the verbs, and turns whatever ends a run into words and an exit code."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from hopline import __version__
from hopline.commands import (
    check,
    endpoints,
    export,
    failovers,
    formats,
    ingest,
    report,
    schema,
    shell,
    sql,
    store,
    trace,
)
from hopline.console import say, say_error
from hopline.destination import ReaderLeftError
from ingest.errors import HoplineError

#: What a shell reports for a program that its reader left (128 + SIGPIPE), was interrupted or was told to end.
BROKEN_PIPE, INTERRUPTED, TERMINATED = 141, 130, 143

app = typer.Typer(
    name="hopline",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hopline {__version__}")
        raise typer.Exit


@app.callback()
def hopline(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Say which endpoint, in which cluster, served every request, and what happened when that changed.

    LOGS are Envoy or Istio access logs: files, folders, globs, or - for standard input; compressed or not.
    """


#: In the order of `hopline --help`: each verb, and what it is for in words that fit into one line of 80.
_VERBS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("report", report.report, "Write a failover timeline: one page, offline."),
    ("failovers", failovers.failovers, "Show what failed over, when, at what cost."),
    ("endpoints", endpoints.endpoints, "Show who served what, and how well."),
    ("trace", trace.trace, "One request through every proxy that logged it."),
    ("check", check.check, "Say what was found wrong; why (no) failover."),
    ("sql", sql.sql, "Ask the logs a question in SQL."),
    ("shell", shell.shell, "Ask one question after the other, in SQL."),
    ("export", export.export, "Write the tables for other tools to read."),
    ("ingest", ingest.ingest, "Parse logs once into a store, to ask it often."),
    ("schema", schema.schema, "Say what the tables and their columns mean."),
    ("formats", formats.formats, "List known log formats; find out a file's."),
)
for _name, _verb, _purpose in _VERBS:
    app.command(_name, short_help=_purpose)(_verb)
app.add_typer(store.app, name="store", help="List, check or forget what hopline ingest put into a store.")


class _EndedError(BaseException):
    """SIGINT or SIGTERM arrived; raised so that temporary folders are removed on the way out.

    No KeyboardInterrupt: where one passes through an exec() of text, as in imports that make dataclasses, CPython
    remembers it as unhandled, and ends by the signal in spite of our exit code.
    """


#: The signals that have arrived: a library may turn what was raised for one into an error of its own.
_arrived: list[int] = []


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own unless given) and return its exit code.

    0 ok; 1 nothing could be read, or the query failed; 2 usage; 3 an objective was missed; 130 interrupted.
    """
    _arrived.clear()
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _end)
        signal.signal(signal.SIGINT, _end)
    try:
        result = typer.main.get_command(app).main(
            list(sys.argv[1:] if arguments is None else arguments), prog_name="hopline", standalone_mode=False
        )
        sys.stdout.flush()
        if _arrived:  # what was raised for the signal was swallowed, as some imports do
            return _explain_end()
        return result if isinstance(result, int) else 0
    except (ReaderLeftError, BrokenPipeError):
        return _leave_quietly()
    except (_EndedError, KeyboardInterrupt, typer.Abort):
        return _explain_end()
    except Exception as error:
        return _explain_end() if _arrived else _explain(error)


def _explain(error: Exception) -> int:
    if isinstance(error, HoplineError):
        say_error(str(error), error.hint)
        return error.exit_code
    if isinstance(error, typer.TyperException):
        return _explain_usage(error)
    return _explain_failure(error)


def _end(arrived: int, _frame: object) -> NoReturn:
    _arrived.append(arrived)
    raise _EndedError


def _explain_end() -> int:
    if signal.SIGTERM in _arrived:
        return TERMINATED
    say("interrupted")
    return INTERRUPTED


def _explain_usage(error: typer.TyperException) -> int:
    message = error.format_message().strip()
    context = getattr(error, "ctx", None)
    if message.startswith("Usage:"):  # `hopline` alone
        typer.echo(message)
        return 2
    hint = f"{context.command_path} --help" if context is not None else "hopline --help"
    say_error(message[:1].lower() + message[1:], hint)
    return error.exit_code


def _leave_quietly() -> int:
    """Whoever read our output has left: say nothing, and keep Python from complaining when it flushes at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _explain_failure(error: Exception) -> int:
    if os.environ.get("HOPLINE_DEBUG"):
        traceback.print_exc()
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        say_error(
            f"no space left on the device{f': {error.filename}' if error.filename else ''}",
            "the tables are built in a temporary folder; TMPDIR=/path/to/space names another",
        )
    elif isinstance(error, OSError) and error.strerror:
        say_error(f"{error.strerror}{f': {error.filename}' if error.filename else ''}")
    elif isinstance(error, MemoryError):
        say_error("out of memory", "narrow it down with --since, --until or --service")
    else:
        summary = (str(error).splitlines() or [""])[0]
        say_error(
            f"hopline failed in a way that it should not: {type(error).__name__}: {summary}",
            "this is a bug; HOPLINE_DEBUG=1 prints where, please report it with that and the command line",
        )
    return 1
