"""`hopline sql`: ad hoc SQL over logs."""

from __future__ import annotations

from typing import Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.parameters import parse_parameters, read_query
from hopline.redaction import say_unredacted
from hopline.selection import Selection, takes_logs
from hopline.writers import choose_format, is_streamed, write_table
from ingest.errors import UsageError

Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=0.001, help="Stop a query that takes longer, and exit 1.", show_default=False),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--param",
        metavar="NAME=VALUE",
        help="The value of $NAME in the query, cast to what it is compared with; times as in --since. Repeatable.",
        show_default=False,
    ),
]


@takes_logs
def sql(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="One SELECT, in DuckDB's SQL, or @FILE that holds it, or - to read it from standard input; "
            "`hopline schema` lists the tables.",
        ),
    ],
    selection: Selection,
    *,
    output: Output = None,
    format_: ListFormat = None,
    param: Parameters = None,
    timeout: Timeout = None,
) -> None:
    """Ask the logs a question in SQL.

    hopline sql "SELECT endpoint, count(*) FROM requests GROUP BY ALL" logs/

    hopline sql @errors.sql -p since=-2h logs/
    """
    chosen = choose_format(format_, output)
    values = parse_parameters(param or ())
    if query == "-" and any(log.rpartition("=")[2] == "-" for log in selection.merge().logs or ()):
        raise UsageError("standard input is the query or the logs, not both", hint="put the query into a file: @FILE")
    text = read_query(query)
    selection.refuse_to_overwrite(output)
    say_unredacted(selection.configuration, "a query can take a text apart")
    with selection.open(memory=None) as session:
        ask = session.stream if is_streamed(chosen) else session.sql
        write_table(ask(text, values, timeout_s=timeout), chosen, output)
