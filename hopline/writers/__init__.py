"""Tables on their way out: one module per format, all of them functions from a table to a stream."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.console import describe_screen
from hopline.destination import check_writable, open_destination
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


class TableFormat(StrEnum):
    """The formats of every verb that prints a list."""

    TABLE = "table"
    CSV = "csv"
    JSONL = "jsonl"
    JSON = "json"
    MD = "md"
    PARQUET = "parquet"
    ARROW = "arrow"


_BY_EXTENSION = {
    ".csv": TableFormat.CSV,
    ".jsonl": TableFormat.JSONL,
    ".ndjson": TableFormat.JSONL,
    ".json": TableFormat.JSON,
    ".md": TableFormat.MD,
    ".parquet": TableFormat.PARQUET,
    ".arrow": TableFormat.ARROW,
    ".feather": TableFormat.ARROW,
}
_BINARY = (TableFormat.PARQUET, TableFormat.ARROW)


def choose_format(wanted: TableFormat | None, output: Path | None) -> TableFormat:
    """Return the format to write: the one asked for, else the one that the name of the output says, else a table.

    Before any work, it raises OutputError when `output` could not be written, and UsageError for a binary format on a
    terminal.
    """
    if output is not None:
        check_writable(output)
    chosen = wanted or (_BY_EXTENSION.get(output.suffix.lower()) if output else None) or TableFormat.TABLE
    if chosen in _BINARY and output is None and describe_screen().interactive:
        raise UsageError(f"{chosen} is not for a terminal", hint=f"add -o rows.{chosen}, or pipe it on")
    return chosen


def is_streamed(format_: TableFormat) -> bool:
    """Say whether rows are written as they come in this format; the others need all of them to begin."""
    return format_ not in (TableFormat.TABLE, TableFormat.MD)


def write_table(table: pa.Table | pa.RecordBatchReader, format_: TableFormat, output: Path | None = None) -> None:
    """Write rows to the file `output`, or to standard output; raises OutputError when that fails.

    A reader is taken to its end, in bounded memory where the format `is_streamed`.
    """
    import pyarrow as pa

    if isinstance(table, pa.RecordBatchReader) and not is_streamed(format_):
        table = table.read_all()
    from hopline.writers import columnar, grid, markdown, objects, separated

    with open_destination(output) as stream:
        match format_:
            case TableFormat.TABLE:
                grid.write_grid(table, stream, None if output else describe_screen())
            case TableFormat.CSV:
                separated.write_csv(table, stream)
            case TableFormat.JSONL:
                objects.write_json_lines(table, stream)
            case TableFormat.JSON:
                objects.write_json_array(table, stream)
            case TableFormat.MD:
                markdown.write_markdown(table, stream)
            case TableFormat.PARQUET:
                columnar.write_parquet(table, stream)
            case TableFormat.ARROW:
                columnar.write_arrow(table, stream)
