"""`hopline formats`: the log formats that are known."""

from __future__ import annotations

from hopline.commands.outputs import ListFormat, Output
from hopline.writers import TableFormat, choose_format, write_table


def formats(output: Output = None, format_: ListFormat = None) -> None:
    """List the access-log formats that hopline knows and finds out by itself.

    For any other, --log-format takes Envoy's own format string.
    """
    chosen = choose_format(format_, output)
    import pyarrow as pa

    from ingest.formats import load_formats

    rows = [
        {
            "name": each.name,
            "encoding": each.encoding,
            "title": each.title,
            "era": each.era,
            "pattern": each.pattern_text,
        }
        for each in load_formats()
    ]
    if chosen in (TableFormat.TABLE, TableFormat.MD):
        rows = [{name: row[name] for name in ("name", "encoding", "title", "era")} for row in rows]
    write_table(pa.Table.from_pylist(rows), chosen, output)
