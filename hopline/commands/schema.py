"""`hopline schema`: what the tables mean."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.writers import choose_format, write_table
from ingest.errors import UsageError


def schema(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="A table or view; without it, all are listed.", show_default=False
        ),
    ] = None,
    output: Output = None,
    format_: ListFormat = None,
) -> None:
    """List the tables and views that `hopline sql` sees, or the columns of one and what they mean."""
    chosen = choose_format(format_, output)
    import pyarrow as pa  # noqa: PLC0415

    from analysis import catalog  # noqa: PLC0415

    relations = {relation.name: relation for relation in catalog.relations()}
    if name is None:
        rows = [{"name": each.name, "question": each.question} for each in relations.values()]
        write_table(pa.Table.from_pylist(rows), chosen, output)
        return
    if name not in relations:
        near = get_close_matches(name, relations, n=1)
        raise UsageError(
            f"there is no table or view {name!r}",
            hint=f"did you mean {near[0]}?" if near else "`hopline schema` lists them",
        )
    columns = [
        {"column": column.name, "type": column.type, "meaning": column.comment}
        for column in relations[name].columns
    ]
    write_table(pa.Table.from_pylist(columns), chosen, output)
