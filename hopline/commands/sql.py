"""`hopline sql`: ad hoc SQL over logs."""

from __future__ import annotations

from typing import Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.selection import Selection, takes_logs
from hopline.writers import choose_format, write_table


@takes_logs
def sql(
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="One SELECT, in DuckDB's SQL; `hopline schema` lists the tables."),
    ],
    selection: Selection,
    output: Output = None,
    format_: ListFormat = None,
) -> None:
    """Ask the logs a question in SQL.

    hopline sql "SELECT endpoint, count(*) FROM requests GROUP BY ALL" logs/
    """
    chosen = choose_format(format_, output)
    selection.refuse_to_overwrite(output)
    with selection.open() as session:
        write_table(session.sql(query), chosen, output)
