"""`hopline export`: the tables for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hopline.console import say
from hopline.exports import ExportFormat, check_target, choose_tables, export_duckdb, export_parquet
from hopline.redaction import say_unredacted
from hopline.selection import Selection, takes_logs

_DUCKDB_NAMES = (".duckdb", ".db", ".ddb")


@takes_logs
def export(
    selection: Selection,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="A DuckDB file, or a folder for Parquet files; it is wholly there in the end, or not at all.",
        ),
    ],
    to: Annotated[
        ExportFormat | None,
        typer.Option(help="What to write; without it, what PATH says: .duckdb is a DuckDB file, others are folders."),
    ] = None,
    tables: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Only these tables and views, by commas; all that `hopline schema` lists unless given.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write the tables and views for other tools: DBeaver, Grafana, pandas, Polars, Spark.

    hopline export logs/ -o incident.duckdb

    hopline export logs/ --to parquet -o incident/
    """
    format_ = to or (ExportFormat.DUCKDB if output.suffix.lower() in _DUCKDB_NAMES else ExportFormat.PARQUET)
    relations = choose_tables(tables)
    check_target(output, format_)
    selection.refuse_to_overwrite(output)
    say_unredacted(selection.configuration, "other tools need the values as they are")
    with selection.open(memory=None) as session:
        write = export_duckdb if format_ is ExportFormat.DUCKDB else export_parquet
        write(session, output, relations)
    say(f"wrote {output}: {len(relations)} table{'' if len(relations) == 1 else 's'}")
