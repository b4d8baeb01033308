"""`hopline shell`: SQL, one statement after the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hopline.commands.outputs import ListFormat
from hopline.commands.sql import Timeout
from hopline.console import say
from hopline.redaction import say_unredacted
from hopline.selection import Selection, takes_logs
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis import Session


@takes_logs
def shell(selection: Selection, *, format_: ListFormat = None, timeout: Timeout = None) -> None:
    """Ask the logs one question after the other, in SQL; .help lists what else there is.

    On a terminal there are completion (Tab), history, and a pager for long answers, and Ctrl-C stops a query. From a
    pipe, statements are read from standard input, and the first that fails ends it with exit code 1:

    hopline shell logs/ < questions.sql
    """
    chosen = choose_format(format_, None)
    if any(log.rpartition("=")[2] == "-" for log in selection.merge().logs or ()):
        raise UsageError("standard input is where statements come from", hint="put the logs into a file")
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    say_unredacted(selection.configuration, "a query can take a text apart")
    with selection.open(memory=None) as session:
        if interactive:
            _converse(session, chosen, timeout)
        else:
            _run_all(session, chosen, timeout)


def _converse(session: Session, format_: TableFormat, timeout_s: float | None) -> None:
    from hopline import __version__
    from hopline.shell.interpreter import Interpreter
    from hopline.shell.prompt import converse, show_table

    (read,) = session.sql(
        "SELECT count(*) AS sources, coalesce(sum(access_log_rows), 0)::BIGINT AS entries FROM source_files"
    ).to_pylist()
    say(f"hopline {__version__}: {read['entries']:,} entries of {read['sources']:,} sources; .help lists the commands")
    converse(Interpreter(session, show_table, format_, timeout_s))


def _run_all(session: Session, format_: TableFormat, timeout_s: float | None) -> None:
    from hopline.shell.interpreter import Interpreter, LeaveError
    from hopline.shell.statements import split_statements

    shown = 0

    def show(table: pa.Table) -> None:
        nonlocal shown
        if shown:  # a line between two tables
            sys.stdout.write("\n")
            sys.stdout.flush()
        shown += 1
        write_table(table, TableFormat.TABLE)

    interpreter = Interpreter(session, show, format_, timeout_s)
    try:
        for statement in split_statements(sys.stdin):
            interpreter.run(statement)
    except LeaveError:
        return
