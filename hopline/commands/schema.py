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
        typer.Argument(metavar="NAME", help="A table or view; without it, all are listed.", show_default=False),
    ] = None,
    output: Output = None,
    format_: ListFormat = None,
) -> None:
    """List the tables and views that `hopline sql` sees, or the columns of one and what they mean."""
    chosen = choose_format(format_, output)
    import pyarrow as pa

    from analysis.catalog import public_relations
    from analysis.column_types import column_types

    relations = {relation.name: relation for relation in public_relations()}
    if name is None:
        rows = [
            {"name": each.name, "kind": each.kind, "question": each.question}
            for each in relations.values()
            if not each.internal
        ]
        write_table(pa.Table.from_pylist(rows), chosen, output)
        return
    if name not in relations:
        near = get_close_matches(name, relations, n=1)
        raise UsageError(
            f"there is no table or view {name!r}",
            hint=f"did you mean {near[0]}?" if near else "`hopline schema` lists them",
        )
    types = column_types()
    columns = [
        {"column": column.name, "type": types.get((name, column.name)), "meaning": column.comment}
        for column in relations[name].columns
    ]
    write_table(pa.Table.from_pylist(columns), chosen, output)
