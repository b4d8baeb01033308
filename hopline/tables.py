"""Tables beside a report: each as CSV for people with a spreadsheet, and as Parquet for programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.destination import check_writable, make_folder
from hopline.redaction import redact_table
from hopline.writers import TableFormat, write_table

if TYPE_CHECKING:
    from analysis import Session
    from reports import Redaction

_ORDERS = {
    "incidents": "incident_id::INTEGER",
    "failovers": "incident_id::INTEGER, failover_id",
    "failover_events": "failover_id, seq",
    "failover_phases": "failover_id, seq",
    "endpoints": "ALL",
    "sources": "source",
}
_FORMATS = (TableFormat.CSV, TableFormat.PARQUET)


def list_table_files(folder: Path) -> Iterator[tuple[str, TableFormat, Path]]:
    """Yield each (table, format, file) that `write_tables` writes into a folder."""
    for name in _ORDERS:
        for format_ in _FORMATS:
            yield name, format_, folder / f"{name}.{format_}"


def prepare_folder(folder: Path) -> None:
    """Make the folder where it is missing; raises OutputError when tables could not be written into it."""
    make_folder(folder, "tables")
    for _, _, file in list_table_files(folder):
        check_writable(file)


def write_tables(session: Session, folder: Path, redaction: Redaction | None = None) -> None:
    """Write the tables of a report into a folder, which must be there: `failovers.csv`, `failovers.parquet`, ...

    The rows of one table are the same in both formats, and in the same order for the same logs. Raises OutputError.
    """
    tables = {name: session.sql(f"SELECT * FROM {name} ORDER BY {order}") for name, order in _ORDERS.items()}
    if redaction is not None:
        tables = {name: redact_table(table, redaction) for name, table in tables.items()}
    for name, format_, file in list_table_files(folder):
        write_table(tables[name], format_, file)
