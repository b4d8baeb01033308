"""`hopline schema`: what the tables mean."""

from __future__ import annotations

import json
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.console import say
from hopline.destination import open_destination
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis.catalog import Relation


class Document(StrEnum):
    """A JSON document that hopline writes."""

    REPORT = "report"
    SUMMARY = "summary"


def schema(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A table, view or macro; without it, all are listed.", show_default=False),
    ] = None,
    document: Annotated[
        Document | None,
        typer.Option(
            "--json-schema",
            help="Write the JSON Schema of what `hopline report -f json` writes, or of a batch's summary.json.",
            show_default=False,
        ),
    ] = None,
    output: Output = None,
    format_: ListFormat = None,
) -> None:
    """List the tables, views and macros that `hopline sql` sees, or the columns of one and what they mean."""
    if document is not None:
        if name is not None or format_ is not None:
            raise UsageError("--json-schema stands alone", hint=f"hopline schema --json-schema {document}")
        _write_document_schema(document, output)
        return
    chosen = choose_format(format_, output)
    from analysis.catalog import public_relations

    relations = {relation.name: relation for relation in public_relations()}
    if name is None:
        write_table(list_relations(), chosen, output)
        return
    if name not in relations:
        near = get_close_matches(name, relations, n=1)
        raise UsageError(
            f"there is no table, view or macro {name!r}",
            hint=f"did you mean {near[0]}?" if near else "`hopline schema` lists them",
        )
    relation = relations[name]
    if chosen is TableFormat.TABLE:
        for line in introduce(relation):
            say(line)
    write_table(describe(relation), chosen, output)


def _write_document_schema(document: Document, output: Path | None) -> None:
    import reports

    schema_of = {Document.REPORT: reports.json_schema, Document.SUMMARY: reports.batch_schema}[document]
    with open_destination(output) as stream:
        stream.write((json.dumps(schema_of(), indent=1) + "\n").encode())


def list_relations() -> pa.Table:
    """Return the tables, views and macros as rows (name, kind, question)."""
    import pyarrow as pa

    from analysis.catalog import public_relations

    rows = [
        {"name": each.name, "kind": each.kind, "question": each.question}
        for each in public_relations()
        if not each.internal
    ]
    return pa.Table.from_pylist(rows)


def introduce(relation: Relation) -> list[str]:
    """Return what a reader should know before the columns: the question, and how a macro is called."""
    lines = [" ".join((relation.question, relation.description)).strip()]
    if relation.kind == "macro":
        lines += [f"call:    FROM {relation.signature}", f"example: {relation.example}"]
    return lines


def describe(relation: Relation) -> pa.Table:
    """Return the columns of a relation as rows (column, type, meaning).

    A macro has its parameters in front of them, and a further column that says which is which.
    """
    import pyarrow as pa

    from analysis.column_types import column_types

    types = column_types()
    columns = [
        {"column": column.name, "type": types.get((relation.name, column.name)), "meaning": column.comment}
        for column in relation.columns
    ]
    if relation.kind != "macro":
        return pa.Table.from_pylist(columns)
    parameters = [
        {
            "part": "parameter",
            "name": parameter.name,
            "type": None if parameter.default is None else f":= {parameter.default}",
            "meaning": parameter.comment,
        }
        for parameter in relation.parameters
    ]
    given = [
        {"part": "column", "name": row["column"], "type": row["type"], "meaning": row["meaning"]} for row in columns
    ]
    return pa.Table.from_pylist([*parameters, *given])
